"""Parts of objects: read and restored with what they are dropped along with, and gone with it."""

from __future__ import annotations

import pytest

WIDER = "ALTER TABLE orders ALTER COLUMN id TYPE bigint;"


@pytest.fixture
def stored(project):
    """An unmanaged materialized view with an index, statistics and a comment."""
    project.write("migrations/001.sql", "CREATE TABLE orders (id integer PRIMARY KEY, paid integer);")
    project.apply()
    project.do(
        "CREATE MATERIALIZED VIEW stored AS SELECT id, paid FROM orders",
        "CREATE UNIQUE INDEX stored_id ON stored (id)",
        "CREATE INDEX stored_paid ON stored (paid)",
        "CREATE STATISTICS stored_both ON id, paid FROM stored",
        "COMMENT ON INDEX stored_id IS 'unique'",
        "ALTER MATERIALIZED VIEW stored CLUSTER ON stored_id",
    )
    return project


def test_what_a_do_block_drops_and_alters_stays_so(stored):
    stored.write(
        "migrations/002.sql",
        "DO $$ BEGIN EXECUTE 'DROP INDEX stored' || '_id'; EXECUTE 'DROP STATIS' || 'TICS stored_both';"
        " EXECUTE 'ALTER INDEX stored_paid SET (fillfactor = 40)';"
        " EXECUTE 'ALTER INDEX stored_paid RENAME TO by_payment'; END $$;",
    )
    stored.write("migrations/003.sql", WIDER)
    stored.apply()
    assert stored.rows("SELECT relname, reloptions FROM pg_class WHERE oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'stored'::regclass)") == [
        ("by_payment", ["fillfactor=40"])
    ]  # fmt: skip
    assert stored.value("SELECT count(*) FROM pg_statistic_ext") == 0
    stored.settled()


def test_parts_are_restored_once_in_each_of_several_groups(stored):
    stored.write("migrations/002.sql", "ALTER TABLE orders ALTER COLUMN paid TYPE bigint;")
    stored.write(
        "migrations/003.sql", f"-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY paid ON orders (paid);\n{WIDER}"
    )
    stored.apply()
    assert stored.value("SELECT obj_description('stored_id'::regclass)") == "unique"
    assert stored.value("SELECT indisclustered FROM pg_index WHERE indexrelid = 'stored_id'::regclass")
    assert stored.value("SELECT count(*) FROM pg_statistic_ext WHERE stxname = 'stored_both'") == 1
    stored.settled()


def test_triggers_rules_and_defaults_of_a_view_are_restored_once_in_each_group(project):
    project.write("migrations/001.sql", "CREATE TABLE orders (id integer PRIMARY KEY, paid integer);")
    project.apply()
    project.do(
        "CREATE VIEW wide AS SELECT id, paid FROM orders",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER noted INSTEAD OF UPDATE ON wide FOR EACH ROW EXECUTE FUNCTION noted()",
        "CREATE RULE nothing AS ON DELETE TO wide DO INSTEAD NOTHING",
        "ALTER VIEW wide ALTER COLUMN paid SET DEFAULT 3",
    )
    project.write("migrations/002.sql", "ALTER TABLE orders ALTER COLUMN paid TYPE bigint;")
    project.write(
        "migrations/003.sql", f"-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY paid ON orders (paid);\n{WIDER}"
    )
    project.apply()
    assert project.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == [("noted",)]
    assert project.rows("SELECT rulename FROM pg_rules WHERE tablename = 'wide'") == [("nothing",)]
    assert project.value("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'wide'::regclass") == "3"
    project.settled()


@pytest.mark.parametrize(
    "declared",
    [
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN mild AS mood CHECK (VALUE <> 'bad');",
        "CREATE FUNCTION fine(n int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT n > 0'; CREATE DOMAIN mild AS int CHECK (fine(VALUE));",
    ],
)
def test_a_domain_is_deleted_with_what_its_check_uses(project, declared):
    project.write("sql/kept.sql", "CREATE VIEW kept AS SELECT 1 AS one;")
    project.write("sql/mild.sql", declared)
    project.apply()
    project.remove("sql/mild.sql")
    project.apply()
    assert project.value("SELECT to_regtype('mild') IS NULL AND to_regtype('mood') IS NULL")
    project.settled()


def test_a_function_is_deleted_with_the_generated_column_that_calls_it(project):
    project.write("migrations/001.sql", "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (twice(a)) STORED);")
    project.write(
        "sql/twice.sql", "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';"
    )
    project.write("sql/kept.sql", "CREATE VIEW kept AS SELECT a FROM t;")
    project.apply()
    project.remove("sql/twice.sql")
    project.write("migrations/002.sql", "ALTER TABLE t DROP COLUMN b;")
    project.apply()
    assert project.value("SELECT to_regprocedure('twice(integer)') IS NULL")
    project.settled()


def test_a_policy_of_a_renamed_table_is_created_under_its_new_name(project):
    """What was set by hand named the table as it was called then."""
    policy = "CREATE POLICY own ON {0} USING (id IS NOT NULL); COMMENT ON POLICY own ON {0} IS 'declared';"
    project.write("migrations/001.sql", "CREATE TABLE orders (id integer PRIMARY KEY);")
    project.write("sql/own.sql", policy.format("orders"))
    project.apply()
    project.do("COMMENT ON POLICY own ON orders IS 'by hand'")
    project.write("migrations/002.sql", "ALTER TABLE orders RENAME TO purchases;")
    project.write("sql/own.sql", policy.format("purchases"))
    project.apply()
    assert (
        project.value("SELECT obj_description(oid) FROM pg_policy WHERE polrelid = 'purchases'::regclass") == "declared"
    )
    project.settled()
