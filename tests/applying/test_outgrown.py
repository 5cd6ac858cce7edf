"""Views and functions over `*` of a table that gets columns show all of its columns in the end (rule 4.2)."""

from __future__ import annotations

import pytest

import pgmg
from pgmg.applying.learning.outgrown_stars import StarReaders
from pgmg.catalog.sessions.connection import connect
from pgmg.model.database.catalog_details import ShapeQuestion
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.events import ServerNotice
from tests.oracle import differences, dump

READERS = {
    "view": "CREATE VIEW v AS SELECT b.*, 1 AS n FROM public.t AS b;",
    "materialized view": "CREATE MATERIALIZED VIEW v AS SELECT b.*, 1 AS n FROM public.t AS b;",
}
BETWEEN = {
    "a block": "DO $$ BEGIN EXECUTE 'CREATE TABLE seen AS SELECT count(*) FROM v'; END $$;",
    "a commit": "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i ON {} (id);",
    "a grant to all": "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;",
    "nothing": "SELECT 1;",
}


AWAY_AND_BACK = {
    "schema": ("ALTER TABLE t SET SCHEMA other;", "ALTER TABLE other.t SET SCHEMA public;", "other.t"),
    "name": ("ALTER TABLE t RENAME TO u;", "ALTER TABLE u RENAME TO t;", "u"),
}


@pytest.mark.parametrize("moves", AWAY_AND_BACK)
@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("reader", READERS)
def test_its_columns_are_those_of_the_table_in_the_end(project, reader, between, moves):
    away, back, meanwhile = AWAY_AND_BACK[moves]
    project.write("migrations/001.sql", "CREATE SCHEMA other; CREATE TABLE t (id integer, a integer);")
    project.write("sql/v.sql", READERS[reader])
    project.apply()
    project.write("migrations/002.sql", away)
    project.write("migrations/003.sql", f"ALTER TABLE {meanwhile} ADD COLUMN more text;")
    project.write("migrations/004.sql", BETWEEN[between].format(meanwhile))
    project.write("migrations/005.sql", back)
    if (reader, between) == (
        "view",
        "a block",
    ):  # its definition was read under the name before; its source holds later
        with pytest.raises(pgmg.PgmgError, match="the source does not hold before later migrations have run"):
            project.apply()
        return
    project.apply()
    project.settled()
    found = project.value(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0"
    )
    assert found == ["id", "a", "more", "n"]


def test_a_statement_may_name_twice_what_has_outgrown_its_definition(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT * FROM t;")
    project.apply()
    project.write(
        "migrations/002.sql", "ALTER TABLE t ADD COLUMN more text;\nGRANT SELECT (more), UPDATE (id) ON v TO PUBLIC;"
    )
    project.write("migrations/003.sql", "CREATE TABLE pairs AS SELECT a.more FROM v AS a, v AS b;")
    project.apply()
    project.settled()


EARLY = {
    "view": ("GRANT SELECT ON v TO PUBLIC", READERS["view"]),
    "materialized view": ("GRANT SELECT ON v TO PUBLIC", READERS["materialized view"]),
    "function": (
        "GRANT EXECUTE ON FUNCTION v() TO PUBLIC",
        "CREATE FUNCTION v() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT b.* FROM public.t AS b; END;",
    ),
}


@pytest.mark.parametrize("change", ["ADD COLUMN more text", "RENAME COLUMN a TO more"])
@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize("what", EARLY)
def test_what_a_block_needed_early_has_the_columns_of_later_migrations(project, what, is_read, change):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.apply()
    early, source = EARLY[what]
    project.write("sql/v.sql", source)
    if is_read:
        project.write("sql/w.sql", f"CREATE VIEW w AS SELECT id FROM v{'()' if what == 'function' else ''};")
    project.write("migrations/002.sql", f"DO $$ BEGIN EXECUTE '{early}'; END $$;")
    project.write("migrations/003.sql", f"ALTER TABLE t {change};")
    project.apply()
    project.settled()
    if what == "function":
        assert "more" in project.value("SELECT pg_get_functiondef('v'::regproc)")
    else:
        columns = project.value(
            "SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0"
        )
        assert "more" in columns


CHANGES = {
    "adds a column": ("ALTER TABLE t ADD COLUMN more text", "more"),
    "renames a column": ("ALTER TABLE t RENAME COLUMN a TO renamed", "renamed"),
}
UNREAD = {
    "a block": "DO $$ BEGIN EXECUTE '{}'; END $$;",
    "a function": "CREATE FUNCTION change() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE '{}'; END $$;\nSELECT change();",
    "the second of two blocks": "DO $$ BEGIN PERFORM 1; END $$;\nDO $$ BEGIN EXECUTE '{}'; END $$;\nDO $$ BEGIN PERFORM 2; END $$;",
}
STARS = {
    "a view": {"v": "CREATE VIEW v AS SELECT * FROM t;"},
    "a view with columns after the star": {"v": "CREATE VIEW v AS SELECT b.*, 1 AS n FROM t AS b;"},
    "a materialized view": {"v": "CREATE MATERIALIZED VIEW v AS SELECT * FROM t;"},
    "a view over a view": {"v": "CREATE VIEW v AS SELECT * FROM w;", "w": "CREATE VIEW w AS SELECT * FROM t;"},
    "a view over views with columns after their star": {
        "v": "CREATE VIEW v AS SELECT 0 AS o, w.* FROM w;",
        "w": "CREATE VIEW w AS SELECT x.*, 1 AS n FROM x;",
        "x": "CREATE VIEW x AS SELECT * FROM t;",
    },
    "a value of the row type": {"v": "CREATE VIEW v AS SELECT (b.r).* FROM (SELECT t AS r FROM t) AS b;"},
}


def _columns(project, relation: str) -> list[str]:
    return project.value(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute"
        f" WHERE attrelid = '{relation}'::regclass AND attnum > 0 AND NOT attisdropped"
    )


@pytest.mark.parametrize("is_new", [False, True], ids=["the table was there", "a block creates the table"])
@pytest.mark.parametrize("later", ["SELECT 1;", "CREATE TABLE copy AS SELECT * FROM v;"], ids=["not read", "read"])
@pytest.mark.parametrize("reader", STARS)
@pytest.mark.parametrize("unread", UNREAD)
@pytest.mark.parametrize("change", CHANGES)
def test_it_has_the_columns_that_an_unread_statement_adds_or_renames(project, change, unread, reader, later, is_new):
    table = "CREATE TABLE t (id integer, a integer)"
    sources = {f"sql/{name}.sql": text for name, text in STARS[reader].items()}
    project.write("migrations/001.sql", "SELECT 1;" if is_new else f"{table};")
    for path, text in () if is_new else sources.items():
        project.write(path, text)
    project.apply()
    if is_new:
        project.write("migrations/002.sql", f"DO $$ BEGIN EXECUTE '{table}'; END $$;")
        project.write("migrations/003.sql", "GRANT SELECT ON v TO PUBLIC;")
        for path, text in sources.items():
            project.write(path, text)
    else:
        project.do("GRANT SELECT ON v TO PUBLIC")
    statement, column = CHANGES[change]
    project.write("migrations/004.sql", UNREAD[unread].format(statement))
    project.write("migrations/005.sql", later)
    project.apply()
    project.settled()
    project.do(STARS[reader]["v"].replace(" v ", " fresh ", 1))
    assert column in _columns(project, "fresh")
    assert _columns(project, "v") == _columns(project, "fresh")
    assert project.value("SELECT has_table_privilege('pg_monitor', 'v', 'SELECT')")
    if "copy" in later:
        assert _columns(project, "copy") == _columns(project, "fresh")


@pytest.mark.parametrize("later", [None, "SELECT 1;"], ids=["last", "not last"])
@pytest.mark.parametrize("is_new", [False, True], ids=["the view was there", "the view is new"])
@pytest.mark.parametrize("reader", STARS)
@pytest.mark.parametrize("change", CHANGES)
def test_it_has_the_columns_that_a_block_outside_a_transaction_adds_or_renames(project, change, reader, is_new, later):
    """The statement is committed when it is found out: what is left to do is planned anew."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    sources = {f"sql/{name}.sql": text for name, text in STARS[reader].items()}
    sources["sql/v.sql"] += "\nGRANT SELECT ON v TO PUBLIC;\nCOMMENT ON COLUMN v.id IS 'said';"
    project.apply()
    for path, text in sources.items():
        project.write(path, text)
    if not is_new:
        project.apply()
    statement, column = CHANGES[change]
    block = UNREAD["a block"].format(statement)
    project.write("migrations/002.sql", f"-- pgmg: no-transaction\n{block}\nCREATE INDEX CONCURRENTLY i ON t (id);")
    if later is not None:
        project.write("migrations/003.sql", later)
    project.apply()
    project.settled()
    project.do(STARS[reader]["v"].replace(" v ", " fresh ", 1))
    assert column in _columns(project, "fresh")
    assert _columns(project, "v") == _columns(project, "fresh")
    assert project.value("SELECT has_table_privilege('pg_monitor', 'v', 'SELECT')")
    assert project.value(
        "SELECT col_description('v'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attname = 'id'"
    )


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_declared_view_that_a_block_outside_a_transaction_drops_is_created_again(project, kind):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.write("sql/v.sql", f"CREATE {kind} v AS SELECT * FROM t;\nGRANT SELECT ON v TO PUBLIC;")
    project.apply()
    block = "DO $$ BEGIN EXECUTE 'ALTER TABLE t DROP COLUMN a CASCADE'; END $$;"
    project.write("migrations/002.sql", f"-- pgmg: no-transaction\n{block}\nCREATE INDEX CONCURRENTLY i ON t (id);")
    project.apply()
    assert _columns(project, "v") == ["id"]
    assert project.value("SELECT has_table_privilege('pg_monitor', 'v', 'SELECT')")
    project.settled()


def test_a_view_of_nobodys_file_that_such_a_block_drops_is_warned_of(project):
    """Its definition is gone: the text of a block says nothing before it runs, and nothing can be rolled back after."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT * FROM t;")
    project.apply()
    project.do("CREATE VIEW hand AS SELECT a FROM t")
    block = "DO $$ BEGIN EXECUTE 'ALTER TABLE t DROP COLUMN a CASCADE'; END $$;"
    project.write("migrations/002.sql", f"-- pgmg: no-transaction\n{block}")
    events = []
    with project.open() as opened:
        opened.apply(yes=True, listener=events.append)
    warned = [event.message for event in events if isinstance(event, ServerNotice) and event.severity == "WARNING"]
    assert len(warned) == 1
    assert warned[0].startswith("hand does not exist any more: 002.sql dropped it along outside a transaction.")
    project.settled()


def test_queries_are_asked_under_the_search_path_of_the_project(project):
    """Whatever the catalog was read under before."""
    project.do("CREATE TABLE t (id integer)", "CREATE VIEW v AS SELECT * FROM t", "ALTER TABLE t ADD COLUMN more text")
    question = ShapeQuestion(ObjectName(Kind.VIEW, "v", "public"), "SELECT * FROM t", None, ())
    with connect(project.dsn) as conn, conn.transaction():
        conn.execute("SET LOCAL search_path = ''")
        assert StarReaders(conn, [question], "public").stale() == {question.name}
        assert conn.execute("SHOW search_path").fetchone() == ("public",)


def test_a_view_that_was_out_of_date_before_is_left_alone(project):
    """What somebody did to the table by hand is not the affair of a migration."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT * FROM t;")
    project.apply()
    project.do("ALTER TABLE t ADD COLUMN by_hand integer")
    project.write("migrations/002.sql", "DO $$ BEGIN PERFORM 1; END $$;")
    assert [done.step.action for done in project.apply().steps] == [pgmg.Action.MIGRATE]
    assert _columns(project, "v") == ["id"]


PARSED = {
    "rows of the table": "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT b.* FROM t AS b; END;",
    "rows of its own": "CREATE FUNCTION f() RETURNS TABLE (o integer, a integer) LANGUAGE sql BEGIN ATOMIC SELECT q.id, q.{} FROM (SELECT * FROM t) AS q; END;",
    "a parameter": "CREATE FUNCTION f(p integer) RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT b.* FROM t AS b WHERE b.id = p; END;",
    "a view below": "CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql BEGIN ATOMIC SELECT * FROM v; END;",
    "a procedure": "CREATE PROCEDURE f() LANGUAGE sql BEGIN ATOMIC INSERT INTO t SELECT * FROM t WHERE false; END;",
}


@pytest.mark.parametrize("head", ["", "-- pgmg: no-transaction\n"], ids=["in a transaction", "outside"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("body", PARSED)
def test_a_parsed_body_is_what_its_source_makes_after_a_block(project, other, body, change, head):
    """The ground truth is the function created after the change."""
    statement, column = CHANGES[change]
    before = {"sql/f.sql": PARSED[body].format("a"), "sql/v.sql": "CREATE VIEW v AS SELECT * FROM t;"}
    after = PARSED[body].format("renamed" if column == "renamed" else "a")
    table = "CREATE TABLE t (id integer, a integer);"
    other.do(table, statement, before["sql/v.sql"], after)
    project.write("migrations/001.sql", table)
    for path, text in before.items():
        project.write(path, text)
    project.apply()
    project.write("migrations/002.sql", head + UNREAD["a block"].format(statement))
    project.write("sql/f.sql", after)
    project.apply()
    project.settled()
    assert differences(dump(other.dsn), dump(project.dsn)) == []


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_source_that_gets_its_star_meanwhile_is_not_held_to_be_stale_before(project, kind):
    """After the move the new source means something, and is not applied yet; the second block makes it stale."""
    project.write("migrations/001.sql", "CREATE SCHEMA other; CREATE TABLE other.t (id integer);")
    project.write("sql/v.sql", f"CREATE {kind} v AS SELECT 1 AS one FROM other.t;")
    project.apply()
    project.write("migrations/002.sql", "DO $$ BEGIN PERFORM 1; END $$;")
    project.write("migrations/003.sql", "ALTER TABLE other.t SET SCHEMA public;")
    project.write("migrations/004.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN more text'; END $$;")
    project.write("sql/v.sql", f"CREATE {kind} v AS SELECT b.*, 1 AS one FROM t AS b;")
    project.apply()
    project.settled()
    assert _columns(project, "v") == ["id", "more", "one"]


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_what_uses_a_blocked_object_waits_as_well(project, kind):
    """The new kind of `v` cannot exist while the block runs, nor can `w`, which was dropped for an earlier migration."""
    before = next(one for one in ("VIEW", "MATERIALIZED VIEW") if one != kind)
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.write("sql/v.sql", f"CREATE {before} v AS SELECT a FROM t;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT * FROM v;\nGRANT SELECT ON w TO PUBLIC;")
    project.apply()
    project.write("migrations/002.sql", "ALTER TABLE t ALTER COLUMN a TYPE bigint;")
    project.write("migrations/003.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER COLUMN a TYPE text'; END $$;")
    project.write("sql/v.sql", f"CREATE {kind} v AS SELECT a FROM t;")
    project.apply()
    project.settled()
    assert project.value("SELECT has_table_privilege('pg_monitor', 'w', 'SELECT')")
    assert project.value("SELECT pg_typeof(a)::text FROM w UNION ALL SELECT 'text' LIMIT 1") == "text"
