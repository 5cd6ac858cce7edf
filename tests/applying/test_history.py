"""The history records every apply with its sources, and `restore` writes an earlier source into its file (rule 10)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import jsonschema
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import conninfo

import pgmg
from pgmg.cli.main import program
from pgmg.errors import RefusedChange, UnknownObjectError, UsageError
from pgmg.history import read_history, read_restoration, write_restoration
from pgmg.render.json import documents
from pgmg.render.json.history_json import history_document
from pgmg.render.text.results.history_lines import history_lines
from pgmg.render.text.spans import plain

ONE, TWO = "CREATE VIEW v AS SELECT 1 AS one", "CREATE VIEW v AS SELECT 1 AS one, 2 AS two"


@pytest.fixture
def grown(project):
    """A view that was created, replaced and dropped, and a table of a migration."""
    project.write("migrations/001.sql", "CREATE TABLE users (id integer);")
    project.write("sql/v.sql", f"-- the first\n{ONE};\nCOMMENT ON VIEW v IS 'numbers';\n")
    with project.open() as opened:
        opened.apply(note="the first")
        project.write("sql/v.sql", f"-- the second\n{TWO};\nCOMMENT ON VIEW v IS 'numbers';\n")
        opened.apply()
    return project


def restore(case, name, to):
    with case.open() as opened:
        found = read_restoration(opened, name, to)
        write_restoration(opened, found)
    return found


def test_an_apply_is_recorded_with_its_steps_and_sources(grown):
    with grown.open() as opened:
        history = read_history(opened)
    first, second = history.entries
    assert (first.number, first.note, second.note) == (1, "the first", None)
    assert first.steps == (
        ("migrate", "migration.001.sql"),
        ("create", "view.v"),
        ("comment", "comment.view.v"),
    )
    assert [(s.object, s.before, s.sql) for s in second.sources] == [("view.v", ONE, TWO)]
    assert first.role == grown.value("SELECT current_user::text")
    assert first.applied_from is not None
    assert first.applied_from.folder == str(grown.root)
    assert abs(datetime.now(UTC) - first.at) < timedelta(hours=1)
    document = history_document(history)
    jsonschema.validate(document, documents.schema())
    assert json.loads(documents.dumps(document))["entries"][1]["sources"][0]["sql"] == TWO


def test_it_is_written_in_the_transaction_of_the_apply(grown):
    grown.write("sql/w.sql", "CREATE VIEW w AS SELECT 1 / 0 AS boom, nothing;")
    with pytest.raises(pgmg.ApplyError):
        grown.apply()
    assert grown.value("SELECT count(*) FROM pgmg_history") == 2


def test_an_object_has_its_differences(grown):
    grown.remove("sql/v.sql")
    with grown.open() as opened:
        opened.apply(yes=True)
        history = read_history(opened, "v")
    assert (history.object, [entry.number for entry in history.entries]) == ("view.v", [1, 2, 3])
    text = plain(history_lines(history))
    assert f"   -{ONE}\n   +{TWO}" in text
    assert "   +++ /dev/null" in text


def test_an_earlier_source_comes_back_into_its_place_in_the_file(grown):
    found = restore(grown, "view.v", "1")
    assert (found.path, found.number) == ("sql/v.sql", 1)
    assert (grown.root / "sql/v.sql").read_text() == f"-- the second\n{ONE};\nCOMMENT ON VIEW v IS 'numbers';\n"
    grown.apply()
    assert [row[0] for row in grown.rows("SELECT attname::text FROM pg_attribute WHERE attrelid = 'v'::regclass")] == [
        "one"
    ]
    assert restore(grown, "v", "3").is_done


def test_line_ends_of_the_file_stay(grown):
    file = grown.root / "sql/v.sql"
    file.write_bytes(f"-- x\r\n{TWO};\r\n".encode())
    restore(grown, "v", "1")
    assert file.read_bytes() == f"-- x\r\n{ONE};\r\n".encode()


def test_a_dropped_object_comes_back_into_a_file_of_the_old_name(grown):
    grown.remove("sql/v.sql")
    with grown.open() as opened:
        opened.apply(yes=True)
    with pytest.raises(RefusedChange, match="entry 3 dropped it"):
        restore(grown, "v", "3")
    moment = grown.value("SELECT applied_at::text FROM pgmg_history WHERE number = 2")
    restore(grown, "v", moment)
    assert (grown.root / "sql/v.sql").read_text() == f"{TWO};\n"
    grown.apply()
    assert grown.value("SELECT two FROM v") == 2


def test_what_cannot_be_restored_is_said(grown):
    with pytest.raises(RefusedChange, match="begins with entry 1"):
        restore(grown, "v", "2000-01-01")
    with pytest.raises(UsageError, match="neither a time nor a number"):
        restore(grown, "v", "yesterday")
    with pytest.raises(UnknownObjectError, match=r"no object 'view\.w'"):
        restore(grown, "view.w", "1")


def test_nothing_is_written_outside_the_code_folder(grown):
    grown.remove("sql/v.sql")
    grown.do("""UPDATE pgmg_history SET sources = replace(sources::text, 'sql/v.sql', '../stolen.sql')::jsonb""")
    with pytest.raises(RefusedChange, match="not in the code folder"):
        restore(grown, "view.v", "2")


def test_the_newest_entries_are_kept(project):
    for number in range(5):
        project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {number} AS n;")
        with project.open(history=2) as opened:
            opened.apply()
    assert project.rows("SELECT number FROM pgmg_history ORDER BY 1") == [(4,), (5,)]


def test_without_a_history_there_is_no_table(project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    with project.open(history=0) as opened:
        opened.apply()
        assert read_history(opened).entries == ()
    assert project.value("SELECT to_regclass('pgmg_history')") is None


def test_a_role_that_may_not_create_the_table_applies_without_it(project, role):
    """It could apply with an earlier pgmg, and goes on to."""
    other = role("pgmg_history_other", "LOGIN PASSWORD 'x'")
    project.write("sql/v.sql", "CREATE VIEW app.v AS SELECT 1 AS one;")
    project.do("CREATE SCHEMA app")
    project.apply()
    project.do(
        "DROP TABLE pgmg_history",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT ALL ON pgmg_state, pgmg_migrations TO {other}",
        f"ALTER SCHEMA app OWNER TO {other}",
        f"ALTER VIEW app.v OWNER TO {other}",
    )
    project.write("sql/v.sql", "CREATE VIEW app.v AS SELECT 2 AS one;")
    dsn = conninfo.make_conninfo(project.dsn, user=other, password="x")
    with pgmg.Project.open(project.root, connection_string=dsn) as opened:
        assert opened.apply().applied
    assert project.value("SELECT one FROM app.v") == 2
    project.write("sql/v.sql", "CREATE VIEW app.v AS SELECT 3 AS one;")
    project.apply()
    assert project.value("SELECT count(*) FROM pgmg_history") == 1
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM pgmg_history").fetchone() == (1,)


def test_the_commands_show_and_restore(grown, monkeypatch):
    monkeypatch.chdir(grown.root)

    def run(*words):
        return CliRunner().invoke(program, [*words, "--connection-string", grown.dsn])

    assert "Note: the first" in run("history").stdout
    jsonschema.validate(json.loads(run("history", "v", "--format", "json").stdout), documents.schema())
    done = run("restore", "v", "--to", "1")
    assert (done.exit_code, "Add --yes" in done.stderr) == (1, True)
    done = run("restore", "v", "--to", "1", "--yes", "--format", "json")
    said = json.loads(done.stdout)
    jsonschema.validate(said, documents.schema())
    assert said == {"object": "view.v", "path": "sql/v.sql", "entry": 1, "written": True}
    assert run("apply", "--note", "back again").exit_code == 0
    assert "Note: back again" in run("history").stdout
