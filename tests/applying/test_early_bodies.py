"""Routines that a migration needs before what their bodies name exists, as pg_dump orders its statements."""

from __future__ import annotations

import pytest

import pgmg
from tests.conftest import Case

NEEDS = {
    "a default": "CREATE TABLE early (id integer DEFAULT f());",
    "a constraint": "CREATE TABLE early (id integer CHECK (id > f()));",
    "a call in a policy": "CREATE TABLE early (id integer); CREATE POLICY p ON early USING (id > f());",
}
LATE = "CREATE TABLE late (id integer, n integer);"
LATER = "CREATE TABLE late (id integer); ALTER TABLE late ADD COLUMN n integer;"
BODIES = {
    "a table": (LATE, "SELECT max(n)::integer FROM late", {}),
    "a column": (LATER, "SELECT max(n)::integer FROM late", {}),
    "a view": (LATE, "SELECT max(n)::integer FROM v", {"v": "CREATE VIEW v AS SELECT n FROM late;"}),
    "a view of a view": (
        LATER,
        "SELECT max(n)::integer FROM w",
        {"v": "CREATE VIEW v AS SELECT n FROM late;", "w": "CREATE VIEW w AS SELECT n FROM v;"},
    ),
    "a function": (
        LATE,
        "SELECT g()",
        {"g": "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT max(n)::integer FROM late';"},
    ),
    "functions that call each other": (
        LATE,
        "SELECT g(1)",
        {"g": "CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE sql AS 'SELECT f() + max(n)::integer FROM late';"},
    ),
}


@pytest.mark.parametrize("language", ["sql", "plpgsql"])
@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("need", NEEDS)
def test_a_routine_is_there_before_what_its_body_names(project, server, need, what, language):
    late, query, others = BODIES[what]
    body = query if language == "sql" else f"DECLARE r late%ROWTYPE; BEGIN RETURN ({query}); END"
    function = f"CREATE FUNCTION f() RETURNS integer LANGUAGE {language} AS $$ {body} $$;"
    migration = f"{NEEDS[need]}\n{late}"
    project.write("migrations/001.sql", migration)
    project.write("sql/f.sql", function)
    for name, text in others.items():
        project.write(f"sql/{name}.sql", text)
    project.apply()
    project.settled()
    (project.root / "by_hand").mkdir()
    by_hand = Case(project.root / "by_hand", server.create())
    functions, views = ([sql for sql in others.values() if kind in sql] for kind in ("FUNCTION", "VIEW"))
    by_hand.do("\n".join(["SET check_function_bodies = off;", function, *functions, migration, *views]))
    assert project.dump("--schema-only") == by_hand.dump("--schema-only")
    server.drop(by_hand.dsn)


def test_the_body_is_checked_in_the_end(project):
    project.write("migrations/001.sql", f"{NEEDS['a default']}{LATE}")
    project.write(
        "sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT max(m)::integer FROM late';"
    )
    with pytest.raises(pgmg.ApplyError, match='column "m" does not exist'):
        project.apply()


def test_a_routine_whose_file_says_so_is_created_without_a_look_at_its_body(project):
    """Its body finds its names where it is called."""
    sql = "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT max(n)::integer FROM nowhere';"
    project.write("sql/f.sql", sql)
    with pytest.raises(pgmg.ApplyError, match="nowhere"):
        project.apply()
    project.write("sql/g.sql", sql.replace("f()", "g()"))
    for setting in (
        "SET check_function_bodies = false;",
        "SET check_function_bodies TO off;",
        "SET LOCAL check_function_bodies = 0;",
    ):
        project.write("sql/f.sql", f"{setting}\n{sql}")
        with pytest.raises(pgmg.ApplyError, match=r"g\(\)"):
            project.apply()
    project.remove("sql/g.sql")
    project.apply()
    project.settled()
    project.write("sql/f.sql", sql)
    project.settled()
