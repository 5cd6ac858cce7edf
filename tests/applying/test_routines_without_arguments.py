"""`GRANT … ON FUNCTION f` names the one that exists then, not an overload that only the code folder declares (rule 7).

The ground truth is another database, on which the migrations are run by themselves.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.oracle import differences, dump

KINDS = {
    "FUNCTION": "CREATE FUNCTION f({}) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    "PROCEDURE": "CREATE PROCEDURE f({}) LANGUAGE sql AS 'SELECT 1';",
    "ROUTINE": "CREATE FUNCTION f({}) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
}
STATEMENTS = {
    "grant": "REVOKE ALL ON {kind} f FROM PUBLIC;",
    "comment": "COMMENT ON {kind} f IS 'said';",
    "alter": "ALTER {kind} f SECURITY DEFINER;",
    "owner": "ALTER {kind} f OWNER TO pg_monitor;",
    "setting": "ALTER {kind} f SET work_mem = '8MB';",
}


@pytest.mark.parametrize("portion", [1, 2, 3])
@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_overload_takes_the_place_of_the_first(project, server, kind, statement, portion):
    """The last migration drops the function that the first one made; the code folder knows only the second one."""
    said = STATEMENTS[statement].format(kind=kind)
    migrations = [
        f"{KINDS[kind].format('')}\n{said}",
        said,
        f"DROP {kind} f;\n{KINDS[kind].format('a integer')}\n{said}",
    ]
    for number, text in enumerate(migrations, start=1):
        if number == portion:
            project.apply()
        project.write(f"migrations/{number}.sql", text)
    project.write("sql/f.sql", KINDS[kind].format("a integer"))
    project.apply()
    project.settled()
    wanted = server.create()
    try:
        with psycopg.connect(wanted, autocommit=True) as conn:
            for text in migrations:
                conn.execute(text)
        assert differences(dump(wanted), dump(project.dsn)) == []
    finally:
        server.drop(wanted)


def test_an_overload_that_nobody_has_created_yet_is_created_for_the_statement(project):
    project.write("migrations/1.sql", "COMMENT ON FUNCTION f IS 'said';")
    project.write("sql/f.sql", KINDS["FUNCTION"].format("a integer"))
    project.apply()
    project.settled()
    assert project.value("SELECT obj_description('f(integer)'::regprocedure)") == "said"
