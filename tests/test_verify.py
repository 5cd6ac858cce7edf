"""`pgmg verify`: each kind of change is found and named, from each form of a report."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
from click.testing import CliRunner

from pgmg.cli.main import program
from pgmg.render.json import documents

FORMS = ("html", "markdown", "json")


@pytest.fixture
def pgmg(project, monkeypatch):
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    return lambda *words: CliRunner().invoke(program, words)


@pytest.fixture
def case(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, age integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    project.apply()
    project.write("migrations/002.sql", "ALTER TABLE users ALTER age TYPE bigint;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT 1 AS one;")
    return project


@pytest.fixture(params=FORMS)
def report(request, case, pgmg):
    """A report of each form."""
    path = case.root / f"report.{request.param}"
    if request.param == "json":
        assert pgmg("plan", "--out", str(path)).exit_code == 0
    else:
        path.write_text(pgmg("plan", "--format", request.param).stdout, encoding="utf-8")
    return path


def verified(pgmg, report):
    """The exit code, and what has changed, by part."""
    done = pgmg("verify", str(report), "--format", "json")
    assert done.exit_code in {0, 3}, done.output
    found = json.loads(done.stdout)
    jsonschema.validate(found, documents.schema(), jsonschema.Draft202012Validator)
    assert found["holds"] == (done.exit_code == 0)
    return done.exit_code, {one["part"]: one["changes"] for one in found["parts"] if not one["holds"]}


def test_nothing_has_changed(pgmg, report):
    assert verified(pgmg, report) == (0, {})
    done = pgmg("verify", str(report))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "All of it is still true.")


def test_a_file_has_changed(case, pgmg, report):
    case.write("sql/w.sql", "CREATE VIEW w AS SELECT 2 AS one;")
    code, changed = verified(pgmg, report)
    assert (code, changed["files"]) == (3, ["sql/w.sql (view.w)"])
    assert set(changed) == {"files", "steps"}  # the statement of a step is another
    assert "sql/w.sql (view.w)" in pgmg("verify", str(report)).stdout


def test_a_file_is_new_and_needs_a_step(case, pgmg, report):
    case.write("sql/x.sql", "CREATE VIEW x AS SELECT 2 AS two;")
    code, changed = verified(pgmg, report)
    assert (code, changed) == (3, {"files": ["sql/x.sql (view.x)"], "steps": ["new: create view.x"]})


def test_a_file_is_gone_and_its_step_with_it(case, pgmg, report):
    case.remove("sql/w.sql")
    code, changed = verified(pgmg, report)
    assert (code, changed) == (3, {"files": ["sql/w.sql (view.w)"], "steps": ["no longer: create view.w"]})


def test_a_moved_file_is_no_change(case, pgmg, report):
    case.write("sql/other/w.sql", "CREATE VIEW w AS SELECT 1 AS one;")
    case.remove("sql/w.sql")
    assert verified(pgmg, report)[1].get("files", []) == []  # a file that was moved holds the same object


def test_a_migration_has_changed(case, pgmg, report):
    case.write("migrations/002.sql", "ALTER TABLE users ADD city text;")
    code, changed = verified(pgmg, report)
    assert (code, changed["migrations"]) == (3, ["002.sql has another text"])
    assert any(risk.startswith("no longer: rewrite of table.users") for risk in changed["risks"])


def test_a_migration_is_new(case, pgmg, report):
    case.write("migrations/003.sql", "CREATE TABLE t ();")
    code, changed = verified(pgmg, report)
    assert (code, changed) == (3, {"migrations": ["003.sql is new"], "steps": ["new: migrate migration.003.sql"]})


def test_an_object_was_changed_by_hand(case, pgmg, report):
    case.do("CREATE OR REPLACE VIEW v AS SELECT id + 0 AS id FROM users")
    code, changed = verified(pgmg, report)
    assert (code, changed["database"]) == (3, ["view.v was changed"])


def test_an_object_was_created_by_hand(case, pgmg, report):
    case.do("CREATE VIEW w AS SELECT 1 AS one")
    code, changed = verified(pgmg, report)
    assert (code, changed["database"]) == (3, ["view.w exists now"])
    assert "no longer: create view.w" in changed["steps"]


def test_it_has_been_applied(case, pgmg, report):
    case.apply()
    code, changed = verified(pgmg, report)
    assert code == 3
    assert changed["records"] == ["002.sql is recorded as applied", "view.v was applied", "view.w was applied"]
    assert "files" not in changed
    assert "has been applied, and nothing is left to do" in pgmg("verify", str(report)).stdout


def test_it_is_another_database(case, pgmg, report, server, monkeypatch):
    with case.open() as project:
        known = project.plan().database.name
    other = server.create()
    try:
        monkeypatch.setenv("PGMG_CONNECTION_STRING", other)
        code, changed = verified(pgmg, report)
    finally:
        server.drop(other)
    assert code == 3
    assert re.fullmatch(rf"the database is \w+, and was {known}", changed["server"][0])


def test_it_is_another_version_of_the_server(pgmg, report):
    text = report.read_text(encoding="utf-8")
    if report.suffix == ".markdown":
        pytest.skip("only for forms whose text can be edited in place")
    version = re.search(r'"server_version": ?"([^"]+)"', text)[1]
    report.write_text(text.replace(f'"{version}"', '"13.0"'), encoding="utf-8")
    code, changed = verified(pgmg, report)
    assert (code, changed) == (3, {"server": [f"PostgreSQL is {version}, and was 13.0"]})


def test_a_table_has_grown(case, pgmg):
    case.do("INSERT INTO users SELECT n, n FROM generate_series(1, 1000) n", "ANALYZE users")
    path = case.root / "plan.json"
    assert pgmg("plan", "--out", str(path)).exit_code == 0
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert verified(pgmg, path) == (0, {})
    case.do("INSERT INTO users SELECT n, n FROM generate_series(1001, 300000) n", "ANALYZE users")
    (said,) = verified(pgmg, path)[1]["risks"]
    was = next(risk["bytes"] for risk in saved["risks"] if risk["relation"] == "table.users")
    assert said.startswith("table.users has ")
    assert was < 100_000


def test_an_edited_plan_is_noticed(case, pgmg, report):
    if report.suffix == ".markdown":
        pytest.skip("only for forms that hold the SQL")
    text = report.read_text(encoding="utf-8")
    report.write_text(
        text.replace("CREATE VIEW w AS SELECT 1 AS one", "CREATE VIEW w AS SELECT 7 AS one"), encoding="utf-8"
    )
    code, changed = verified(pgmg, report)
    assert (code, list(changed)) == (3, ["report"])
    assert "edited" in changed["report"][0]


def test_a_markdown_report_that_was_cut_still_knows_that_something_changed(case, pgmg):
    from pgmg.render.markdown.plan_markdown import plan_markdown

    with case.open() as project:
        whole = plan_markdown(project.plan())
        cut = plan_markdown(project.plan(), limit=len(whole) - len(whole) // 3)
    assert "names for `pgmg verify` are left out" in cut
    path = case.root / "cut.md"
    path.write_text(cut, encoding="utf-8")
    assert verified(pgmg, path) == (0, {})
    case.write("sql/x.sql", "CREATE VIEW x AS SELECT 2 AS two;")
    assert verified(pgmg, path) == (3, {"files": ["other files than then"], "steps": ["other steps than then"]})


@pytest.mark.parametrize("text", ["", "# a page without a plan", "{}", '{"fingerprint": "x", "steps": []}'])
def test_what_holds_no_plan_is_an_error(case, pgmg, text):
    path = case.root / "notes.md"
    path.write_text(text, encoding="utf-8")
    done = pgmg("verify", str(path))
    assert done.exit_code == 1
    assert "saved plan" in done.stderr


@pytest.mark.parametrize("data", ["bm90IHppcHBlZA==", "x"])
def test_damaged_data_is_an_error(case, pgmg, data):
    path = case.root / "notes.md"
    path.write_text(f"<!-- pgmg plan data: {data} -->", encoding="utf-8")
    done = pgmg("verify", str(path))
    assert done.exit_code == 1
    assert "The data of the report is damaged" in done.stderr


def test_a_file_that_cannot_be_parsed_is_an_error_with_its_place(case, pgmg, report):
    case.write("sql/w.sql", "CREATE VIEW w AS SELEC 1;")
    done = pgmg("verify", str(report))
    assert done.exit_code == 1
    assert "sql/w.sql:1" in done.stderr
