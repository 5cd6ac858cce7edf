"""Routines keep to the types in their signature: of a column that changes, and of a type that is renamed or moved."""

from __future__ import annotations

import pytest

from tests.conftest import Case

TABLE = "CREATE TABLE t (id integer, name varchar(20)); INSERT INTO t VALUES (1, 'a');"
RETYPE = "ALTER TABLE t ALTER COLUMN id TYPE bigint;"


@pytest.fixture
def case(tmp_path, database):
    return Case(tmp_path, database)


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("CREATE FUNCTION f() RETURNS t.id%TYPE LANGUAGE sql AS 'SELECT 1::bigint::int'", "f()=bigint"),
        ("CREATE FUNCTION f() RETURNS SETOF t.id%TYPE LANGUAGE sql AS 'SELECT id FROM t'", "f()=SETOF bigint"),
        ("CREATE FUNCTION f(a text, OUT b t.id%TYPE) LANGUAGE plpgsql AS 'BEGIN b := 1; END'", "f(a text, OUT b bigint)=bigint"),
        (
            "CREATE FUNCTION f(x public.t.id%TYPE) RETURNS TABLE (a t.id%TYPE, b t.name%TYPE) LANGUAGE plpgsql AS 'BEGIN RETURN; END'",
            "f(x bigint)=TABLE(a bigint, b character varying)",
        ),
        ("CREATE PROCEDURE f(INOUT x t.id%TYPE, y t.name%TYPE) LANGUAGE plpgsql AS 'BEGIN END'", "f(INOUT x bigint, IN y character varying)="),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_signature_follows_its_column(case, declared, shown, by_hand):
    case.write("migrations/001.sql", TABLE)
    case.write("sql/f.sql", declared)
    case.apply()
    case.settled()
    if by_hand:
        case.do(RETYPE)
    else:
        case.write("migrations/002.sql", RETYPE)
    case.apply()
    case.settled()
    now = "SELECT 'f(' || pg_get_function_identity_arguments(oid) || ')=' || coalesce(pg_get_function_result(oid), '') FROM pg_proc WHERE proname = 'f'"
    assert [row[0] for row in case.rows(now)] == [shown]


def test_a_signature_follows_a_column_that_is_renamed_with_its_table(case):
    case.write("migrations/001.sql", TABLE)
    case.write("sql/f.sql", "CREATE FUNCTION f(x t.id%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1';")
    case.apply()
    case.write(
        "migrations/002.sql",
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME COLUMN id TO key;"
        + RETYPE.replace(" t ", " u ").replace(" id ", " key "),
    )
    case.write("sql/f.sql", "CREATE FUNCTION f(x u.key%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1';")
    case.apply()
    case.settled()
    assert case.rows("SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'f'") == [("f(bigint)",)]


@pytest.mark.parametrize(
    "change",
    ["ALTER TYPE kind RENAME TO sort", "ALTER TYPE kind SET SCHEMA app", 'ALTER TYPE kind RENAME TO "order"'],
)
def test_what_is_recorded_follows_a_type_that_is_renamed_or_moved_by_hand(case, change):
    case.write("migrations/001.sql", "CREATE SCHEMA app; CREATE TYPE kind AS ENUM ('a');")
    code = """
        CREATE FUNCTION f(x {0}, y {0}[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
        COMMENT ON FUNCTION f IS 'it';
        GRANT EXECUTE ON FUNCTION f({0}, {0}[]) TO pg_monitor;
        ALTER FUNCTION f OWNER TO CURRENT_USER;
        CREATE FUNCTION same(x {0}, y {0}) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR === (FUNCTION = same, LEFTARG = {0}, RIGHTARG = {0});
        COMMENT ON OPERATOR === ({0}, {0}) IS 'equal';
        CREATE CAST ({0} AS integer) WITH INOUT;
        COMMENT ON CAST ({0} AS integer) IS 'number';
    """
    case.write("sql/f.sql", code.format("kind"))
    case.apply()
    case.settled()
    before = case.rows("SELECT oid, xmin::text FROM pg_proc WHERE proname IN ('f', 'same') ORDER BY 1")
    case.do(change)
    new = "app.kind" if "SCHEMA" in change else change.rpartition(" ")[2]
    case.write("sql/f.sql", code.format(new))
    plan = case.plan()
    assert {c.change for c in plan.changes} <= {"modified", "formatting"}  # the text is another, and nothing is lost
    case.apply()
    case.settled()
    assert [row[0] for row in case.rows("SELECT oid FROM pg_proc WHERE proname IN ('f', 'same') ORDER BY 1")] == [
        row[0] for row in before
    ]
    keys = [row[0] for row in case.rows("SELECT object_name FROM pgmg_state ORDER BY 1")]
    assert len(keys) == 9
    assert all(new.removeprefix("public.") in key for key in keys)


def test_a_path_finds_the_moved_type_without_a_change_of_the_source(case):
    """As `ALTER EXTENSION … SET SCHEMA` does: nothing is adopted, deleted or executed."""
    case.write("migrations/001.sql", "CREATE SCHEMA app; CREATE TYPE kind AS ENUM ('a');")
    case.write(
        "sql/f.sql",
        "CREATE FUNCTION f(x kind) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f(kind) IS 'it'; REVOKE EXECUTE ON FUNCTION f(kind) FROM PUBLIC;",
    )
    with case.open(search_path=["public", "app"]) as project:
        project.apply()
        case.do("ALTER TYPE kind SET SCHEMA app")
        plan = project.plan()
        assert plan.is_empty, [str(change) for change in plan.changes]
        project.apply()
    assert [row[0] for row in case.rows("SELECT object_name FROM pgmg_state ORDER BY 1")] == [
        "comment.function.f(app.kind)", "function.f(app.kind)", "grant.function.f(app.kind) to public",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "old", "new"),
    [
        ("CREATE FUNCTION f(x varchar(5)) RETURNS int LANGUAGE sql AS 'SELECT 1'", "f(character varying(5))", "f(character varying)"),
        ("CREATE FUNCTION f(x _int4) RETURNS int LANGUAGE sql AS 'SELECT 1'", "f(_int4)", "f(integer[])"),
        ("CREATE FUNCTION f(x \"order\") RETURNS int LANGUAGE sql AS 'SELECT 1'", "f(order)", 'f("order")'),
        ("CREATE FUNCTION f(x t.id%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1'", "f(t.id)", "f(integer)"),
    ],
)  # fmt: skip
def test_names_that_earlier_versions_recorded_are_understood(case, declared, old, new):
    case.write("migrations/001.sql", TABLE + 'CREATE TABLE "order" ();')
    case.write("sql/f.sql", f"{declared};\nCOMMENT ON FUNCTION f IS 'it';")
    case.apply()
    case.do(
        f"UPDATE pgmg_state SET object_name = replace(object_name, '{new}', '{old}'), catalog_version = NULL, definition_hash = NULL"
    )
    assert case.value("SELECT count(*) FROM pgmg_state WHERE strpos(object_name, $$" + old + "$$) > 0") == 2
    assert case.plan().is_empty
    case.apply()
    case.settled()
    assert case.rows("SELECT object_name FROM pgmg_state ORDER BY 1") == [
        (f"comment.function.{new}",),
        (f"function.{new}",),
    ]


@pytest.mark.parametrize(
    ("migration", "code", "name"),
    [
        ("", "CREATE VIEW v AS SELECT id::bigint AS big FROM t; CREATE FUNCTION f(x v.big%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f IS 'it'; GRANT EXECUTE ON FUNCTION f(v.big%TYPE) TO pg_monitor", "function.f(bigint)"),
        ("CREATE SCHEMA app; DO $$ BEGIN CREATE TYPE app.kind AS ENUM (); END $$;", "SET search_path = public, app; CREATE FUNCTION f(x kind[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f(kind[]) IS 'it'; REVOKE ALL ON FUNCTION f(_kind) FROM PUBLIC", "function.f(app.kind[])"),
    ],
)  # fmt: skip
def test_types_that_only_the_server_knows(case, migration, code, name):
    case.write("migrations/001.sql", TABLE + migration)
    case.write("sql/f.sql", code)
    case.apply()
    case.settled()
    assert {name, f"comment.{name}"} <= {row[0] for row in case.rows("SELECT object_name FROM pgmg_state")}
    case.remove("sql/f.sql")
    with case.open() as project:
        project.apply(yes=True)
    assert case.rows("SELECT FROM pg_proc WHERE proname = 'f'") == []


def test_the_declared_routine_is_meant_where_no_types_are_written(case):
    case.write("migrations/001.sql", "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';")
    case.write(
        "sql/f.sql",
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON ROUTINE f IS 'it'; GRANT EXECUTE ON FUNCTION f TO pg_monitor; GRANT EXECUTE ON FUNCTION f(int4) TO pg_monitor WITH GRANT OPTION;",
    )
    case.apply()
    case.settled()
    assert case.value("SELECT obj_description('f(int)'::regprocedure)") == "it"


def test_a_procedure_is_meant_by_all_its_parameters(case):
    code = "CREATE PROCEDURE p(a int, OUT b text, INOUT c date) LANGUAGE plpgsql AS 'BEGIN END';"
    case.write(
        "sql/p.sql",
        f"{code} COMMENT ON PROCEDURE p(int, text, date) IS 'it'; REVOKE ALL ON PROCEDURE p(int, OUT text, INOUT date) FROM PUBLIC;",
    )
    case.apply()
    case.settled()
    assert case.value("SELECT obj_description(oid) FROM pg_proc WHERE proname = 'p'") == "it"
