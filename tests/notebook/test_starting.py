"""`%pgmg_init`, `%pgmg_new`, `%pgmg_check`, `%pgmg_baseline`: a project begins without leaving the notebook."""

from __future__ import annotations

import pytest

from pgmg.errors import SourceErrors, UsageError


def text(captured) -> str:
    return "\n".join(output.data["text/plain"] for output in captured.outputs)


def test_a_project_begins_in_an_empty_folder(cells, tmp_path, monkeypatch):
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    done = cells("%pgmg_init --code-dir code")
    assert (folder / done.value).is_file()
    assert 'code_dir = "code"' in (folder / "pgmg.toml").read_text()
    assert (folder / "code").is_dir()
    assert (folder / "migrations").is_dir()
    assert "Created code/" in text(done)
    (folder / "pgmg.toml").write_text("# mine\n")
    assert "pgmg.toml exists and is not changed." in text(cells("%pgmg_init"))
    assert (folder / "pgmg.toml").read_text() == "# mine\n"


def test_a_migration_is_numbered_like_the_others(cells, project):
    project.write("migrations/007_users.sql", "CREATE TABLE users (id integer);")
    done = cells('%pgmg_new "add orders table"')
    assert str(done.value) == "migrations/008_add_orders_table.sql"
    assert (project.root / done.value).read_text() == "-- add orders table\n\n"
    assert "migrations/008_add_orders_table.sql" in text(done)
    assert isinstance(cells.failing("%pgmg_new")[1], UsageError)


def test_files_are_checked_without_a_server(cells, project, monkeypatch):
    monkeypatch.setenv("PGMG_CONNECTION_STRING", "postgresql://nobody@127.0.0.1:1/none")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    done = cells("%pgmg_check")
    assert (done.value.objects, done.value.migrations) == (1, 1)
    assert "No problem in 2 files: 1 object, 1 migration." in text(done)
    project.write("sql/w.sql", "CREATE VIEW w AS SELEC 2;")
    _, error = cells.failing("%pgmg_check")
    assert isinstance(error, SourceErrors)
    assert "sql/w.sql" in str(error)
    assert cells("%pgmg_check sql/v.sql").value.problems == ()


def test_migrations_are_listed_and_recorded_with_consent_only(cells, project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("migrations/002.sql", "ALTER TABLE t ADD n integer;")
    project.do("CREATE TABLE t (id integer)")
    shown = text(cells("%pgmg_baseline 001.sql"))
    assert "  - 001.sql" in shown
    assert "002.sql" not in shown
    assert "Add --yes" in shown
    assert project.value("SELECT to_regclass('pgmg_migrations')") is None
    done = cells("%pgmg_baseline 001.sql --yes")
    assert done.value == ("001.sql",)
    assert project.rows("SELECT name FROM pgmg_migrations") == [("001.sql",)]
    assert "Nothing to record" in text(cells("%pgmg_baseline 001.sql --yes"))
    cells("%pgmg_apply")
    assert project.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 't' ORDER BY 1") == [
        ("id",),
        ("n",),
    ]


def test_single_records_are_corrected(cells, project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.apply()
    project.write("migrations/001.sql", "CREATE TABLE t (id integer); -- said later")
    assert "accept the text of 001.sql" in text(cells("%pgmg_baseline --accept-edit 001.sql"))
    assert "✓ Accepted the edit: 001.sql" in text(cells("%pgmg_baseline --accept-edit 001.sql --yes"))
    assert "Nothing to change" in text(cells("%pgmg_baseline --accept-edit 001.sql --yes"))
    (project.root / "migrations/001.sql").rename(project.root / "migrations/002.sql")
    assert "✓ Moved the record: 001.sql is 002.sql" in text(cells("%pgmg_baseline --rename 001.sql 002.sql --yes"))
    assert project.rows("SELECT name FROM pgmg_migrations") == [("002.sql",)]
    assert isinstance(cells.failing("%pgmg_baseline 001.sql --forget 001.sql")[1], UsageError)


@pytest.mark.parametrize("magic", ["init", "new", "check", "baseline"])
def test_help_is_shown(cells, magic):
    assert f"%pgmg_{magic}" in cells(f"%pgmg_{magic} --help").stdout
