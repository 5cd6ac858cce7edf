"""What the server accepts, however deep, is planned, applied and shown; what it refuses is refused with its place."""

from __future__ import annotations

import psycopg
import pytest
from click.testing import CliRunner

import pgmg
from pgmg.cli.main import program
from pgmg.errors import PgmgError, SourceErrors
from pgmg.saved_plans import plan_again
from tests.source.test_depth import CHAINS, chain


def accepts(dsn: str, sql: str) -> bool:
    """Ask the server itself, and leave nothing behind."""
    with psycopg.connect(dsn) as conn:
        try:
            conn.execute(sql)
        except psycopg.Error:
            return False
        finally:
            conn.rollback()
        return True


@pytest.mark.parametrize("name", CHAINS)
def test_the_server_decides_how_deep_a_view_may_be(project, monkeypatch, name):
    """Twice: as it is made, and as it is changed; then everything is shown."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    accepted = 0
    for times in (3_000, 5_500, 40_000):
        sql = f"CREATE VIEW deep (a) AS SELECT {chain(name, times)};"
        project.write("sql/deep.sql", sql)
        if not accepts(project.dsn, sql.replace("CREATE", "CREATE OR REPLACE")):
            with pytest.raises(PgmgError) as caught:
                project.apply()
            error = caught.value
            where = error.problems[0].where if isinstance(error, SourceErrors) else error.where
            assert str(where).startswith("sql/deep.sql:1"), error
            continue
        try:
            project.apply()
        except pgmg.ApplyError as error:  # created, but the server cannot print it
            assert error.sqlstate == "54001"
            assert str(error.where).startswith("sql/deep.sql:1")
            continue
        accepted += 1
        project.settled()
        for words in (["status"], ["diff"], ["graph", "deep"] if accepted > 1 else ["graph", "deep.a"]):
            done = CliRunner().invoke(program, words)
            assert done.exit_code == 0, done.output + done.stderr
    assert accepted or name in ("parentheses", "calls", "cases", "subqueries", "negations", "subscripts"), name


@pytest.mark.parametrize("name", ["casts", "concatenations", "set operations"])
def test_deep_code_in_functions_and_migrations_is_taken_as_well(project, name):
    """In bodies, in strings, in migrations that are then parsed once more."""
    deep = chain(name, 2_000)
    project.write("migrations/001.sql", f"CREATE TABLE t (a) AS SELECT {deep};")
    project.write(
        "sql/f.sql",
        f"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT x::text FROM (SELECT {deep}) AS y(x) $$;",
    )
    project.write(
        "sql/g.sql",
        f"CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN {deep}; END $$;".replace(
            " UNION ALL SELECT 1", ""
        ),
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a FROM t;")
    project.apply()
    project.settled()
    project.write("migrations/002.sql", "ALTER TABLE t ALTER a TYPE text;")
    project.apply()
    project.settled()


def test_deep_settings_and_saved_plans_are_refused(project, monkeypatch):
    """Brackets in brackets in pgmg.toml and PLAN.json."""
    monkeypatch.chdir(project.root)
    deep = "[" * 100_000 + "]" * 100_000
    project.write("plan.json", f'{{"format": 1, "fingerprint": "x", "steps": {deep}}}')
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS a;")
    with project.open() as opened, pytest.raises(PgmgError, match="plan"):
        plan_again(opened, project.root / "plan.json", {})
    project.write("pgmg.toml", f"search_path = {deep}\n")
    with pytest.raises(pgmg.PgmgError):
        pgmg.Project.open(project.root)
    done = CliRunner().invoke(program, ["plan"])
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    assert "Unexpected" not in done.stderr


def test_a_long_row_of_views_upon_each_other_is_planned(project):
    """Dependencies are no recursion either."""
    project.write("migrations/001.sql", "CREATE TABLE t (a int);")
    texts = ["CREATE VIEW v0 AS SELECT a FROM t;"]
    texts += [f"CREATE VIEW v{n} AS SELECT a FROM v{n - 1};" for n in range(1, 1_500)]
    project.write("sql/views.sql", "\n".join(texts))
    project.apply()
    project.write("migrations/002.sql", "ALTER TABLE t ALTER a TYPE bigint;")
    plan = project.plan()
    assert len(plan.steps) == 2 * len(texts) + 1
    with project.open() as opened:
        assert len(opened.graph(("v1499.a",)).nodes) > 1_400
