import pytest

from tests.source.reading import code, migration, one, problem

VIEW = "CREATE VIEW v AS SELECT 1"


def settings(sql):
    return list(code(f"{sql};\n{VIEW}")[-1].settings)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SET search_path = app, public", ["SET search_path = app, public"]),
        ("set Search_Path to a; SET search_path = b", ["SET search_path = b"]),
        ("SET LOCAL work_mem = '1MB'; SET a.b = 1", ["SET LOCAL work_mem = '1MB'", "SET a.b = 1"]),
        ("SET a.b = 1; SET a.c = 2; RESET a.b", ["SET a.c = 2"]),
        ("SET a.b = 1; SET a.b TO DEFAULT", []),
        ("SET a.b = 1; SET a.c = 2; RESET ALL", []),
        ("SET TIME ZONE 'UTC'", ["SET TIME ZONE 'UTC'"]),
        ("SET TIME ZONE 'UTC'; RESET TimeZone", []),
        ("SET ROLE x", ["SET ROLE x"]),
        ("SET ROLE x; RESET ROLE", []),
        ("SET SESSION AUTHORIZATION x", ["SET SESSION AUTHORIZATION x"]),
        ("SELECT pg_catalog.set_config('search_path', '', false)", ["SET search_path = ''"]),
        ("SELECT set_config('search_path', 'App, \"Q, x\", \"$user\"', true)", ["SET search_path = 'app', 'Q, x', '$user'"]),
        ("SELECT set_config('a.b', 'it''s', true)", ["SET a.b = 'it''s'"]),
        ("SELECT set_config('a.b', '1', true); RESET a.b", []),
    ],
)  # fmt: skip
def test_settings_hold_for_what_follows(sql, expected):
    assert settings(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SET statement_timeout = 0",
        "SET client_encoding = 'UTF8'",
        "SET check_function_bodies = false",
        "SET row_security = off",
    ],
)
def test_what_dumps_set_for_their_own_sake_is_passed_over(sql):
    assert settings(sql) == []


def test_settings_hold_only_from_where_they_stand():
    first, second = code(f"{VIEW};\nSET search_path = app;\nCREATE VIEW w AS SELECT 1")
    assert (first.settings, second.settings) == ((), ("SET search_path = app",))


def test_settings_are_part_of_the_hash():
    assert one(VIEW).hash != one(f"SET search_path = app; {VIEW}").hash


@pytest.mark.parametrize(
    "sql", ["SELECT set_config('a.b', x, true)", "SELECT set_config('a', 'b', true), 1", "SELECT 1"]
)
def test_a_select_that_sets_nothing_is_refused(sql):
    assert problem(sql).message == "SELECT does not belong under the code folder, but in a migration"


@pytest.mark.parametrize("sql", ["SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"])
def test_what_is_set_of_transactions_is_refused(sql):
    assert problem(sql).message.startswith("SET ")


def test_names_in_a_migration_are_under_the_path_that_it_sets():
    found = migration("SELECT set_config('search_path', 'app', false); CREATE TABLE t (a e); DROP VIEW v;")
    assert [alteration.target.parts for alteration in found.alterations] == [("app", "t"), ("app", "v")]
    assert [reference.parts for statement in found.statements for reference in statement.references] == [("app", "e")]


def test_a_path_of_several_schemas_says_only_where_things_are_made():
    found = migration(
        "SET search_path = app, public; CREATE TABLE t (a e); DROP VIEW v; RESET search_path; DROP VIEW w"
    )
    assert [alteration.target.parts for alteration in found.alterations] == [("app", "t"), ("v",), ("w",)]
    assert [reference.parts for statement in found.statements for reference in statement.references] == [("e",)]
