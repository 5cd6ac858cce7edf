"""Views and functions over `*` of a table that gets columns show all of its columns in the end (rule 4.2)."""

from __future__ import annotations

import pytest

import pgmg

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
