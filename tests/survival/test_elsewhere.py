"""What an object has survives where it is recreated in other circumstances than usual."""

from __future__ import annotations

import re

import psycopg
import pytest

from pgmg.errors import InsufficientPrivilegeError, RefusedChange
from pgmg.model.plans.plan import PlanOptions
from tests.survival import settings
from tests.survival.catalog_rows import catalog_rows, differences

RETYPED = "ALTER TABLE t ALTER COLUMN a TYPE integer"
WEIGHT = "CREATE FUNCTION weight({} integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'"


@pytest.fixture
def table(project, roles):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text)")
    project.write("sql/weight.sql", WEIGHT.format("v"))
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, a, b FROM t")
    project.apply()
    return project


def _rows(project):
    return catalog_rows(project.dsn, "pgmg_", "function public.weight")


def _recreate(project, migration: str = RETYPED):
    project.write("migrations/002.sql", migration)
    project.write("sql/weight.sql", WEIGHT.format("val"))
    project.apply()


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "by hand"])
@pytest.mark.parametrize(
    "setting",
    [
        "default_tablespace TO keep_space",
        # before that, ALTER MATERIALIZED VIEW sets no access method
        pytest.param("default_table_access_method TO keep_heap", marks=pytest.mark.pg(">= 15")),
        "default_toast_compression TO pglz",
    ],
)
def test_what_a_session_would_choose_does_not_move_what_is_recreated(table, setting, declared):
    """Here the role's settings say where new relations go."""
    exhibits = {
        "m": "CREATE MATERIALIZED VIEW m AS SELECT id, a, b FROM v",
        "m_id": "CREATE UNIQUE INDEX m_id ON m (id)",
        "t_a": "CREATE INDEX t_a ON t (weight(a))",
    }
    for name, text in exhibits.items():
        table.write(f"sql/{name}.sql", text) if declared else table.do(text)
    if declared:
        table.apply()
    table.do("CREATE ACCESS METHOD keep_heap TYPE TABLE HANDLER heap_tableam_handler")
    before = _rows(table)
    with psycopg.connect(table.dsn, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}")
    _recreate(table)
    assert differences(before, _rows(table)) == []
    table.settled()


@pytest.mark.pg(">= 15")
@pytest.mark.parametrize(
    "member",
    ["TABLE t (id, a)", "TABLE t WHERE (a > 5)", "TABLE t (a, id) WHERE (a > 5 AND id < 7)"],
    ids=["columns", "rows", "both"],
)
def test_a_publication_keeps_columns_and_rows_of_a_table_whose_column_is_retyped(table, member):
    table.do(
        f"CREATE PUBLICATION pub FOR {member} WITH (publish = 'insert')",
        "CREATE PUBLICATION every FOR ALL TABLES",
        "CREATE PUBLICATION here FOR TABLES IN SCHEMA public",
    )
    before = _rows(table)
    _recreate(table)
    assert differences(before, _rows(table)) == []


@pytest.mark.pg("< 15")
def test_a_publication_keeps_a_table_whose_column_is_retyped(table):
    table.do("CREATE PUBLICATION pub FOR TABLE t", "CREATE PUBLICATION every FOR ALL TABLES")
    before = _rows(table)
    _recreate(table)
    assert differences(before, _rows(table)) == []


REFUSED = {
    "a generated column": (
        ["ALTER TABLE t ADD COLUMN g integer GENERATED ALWAYS AS (weight(a)) STORED"],
        "column_default.g on t depends on it; it cannot be recreated: it is a generated column",
    ),
    "a foreign key that is switched off": (
        [
            "CREATE OPERATOR CLASS own_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 weighed(integer, integer)",
            "CREATE UNIQUE INDEX t_own ON t (a own_ops)",
            "CREATE TABLE r (a integer, CONSTRAINT to_t FOREIGN KEY (a) REFERENCES t (a))",
            "ALTER TABLE r DISABLE TRIGGER ALL",
        ],
        "constraint.to_t on r depends on it; it cannot be recreated: its internal triggers are not enabled as usual",
    ),
    "a partition key": (
        ["CREATE TABLE q (a integer) PARTITION BY RANGE (weight(a))"],
        "table.q depends on it; a table is never dropped to be recreated",
    ),
}


@pytest.mark.parametrize(("by_hand", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_recreated_is_refused_by_name(table, by_hand, said):
    table.write(
        "sql/weighed.sql",
        "CREATE FUNCTION weighed(v integer, w integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)'",
    )
    table.apply()
    table.do(*by_hand)
    before = _rows(table)
    table.write(
        "sql/weighed.sql",
        "CREATE FUNCTION weighed(val integer, w integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)'",
    )
    with pytest.raises(RefusedChange) as caught:
        _recreate(table)
    assert said in str(caught.value)
    assert differences(before, _rows(table)) == []


def test_a_type_whose_tables_are_rewritten_keeps_what_it_has(table, provider):
    table.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('one', 'two', 'three')")
    table.write("sql/pair.sql", "CREATE TYPE pair AS (x integer, y text)")
    table.write("sql/short.sql", "CREATE DOMAIN short AS varchar(5) CONSTRAINT no CHECK (VALUE <> 'no')")
    table.write("sql/span.sql", "CREATE TYPE span AS RANGE (subtype = integer)")
    table.apply()
    table.do("CREATE TABLE s (k kind, ks kind[], p pair, d short, r span)")
    settings.set_all(table.dsn, 1, provider(table.dsn))
    before = _rows(table)
    table.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('one', 'three', 'two')")
    table.write("sql/pair.sql", "CREATE TYPE pair AS (x bigint, y text)")
    table.write("sql/short.sql", "CREATE DOMAIN short AS varchar(6) CONSTRAINT no CHECK (VALUE <> 'no')")
    table.write("sql/span.sql", "CREATE TYPE span AS RANGE (subtype = integer, subtype_diff = int4range_subdiff)")
    with table.open() as opened:
        options = PlanOptions(rewrite_tables=True)
        opened.apply(opened.plan(options), options=options)
    meant = r"pg_enum|pg_range: .*rngsubdiff|pg_attribute: .*(pair x|table public.s )|pg_type: .*short: typtypmod|pg_depend: type public.span: gained .*subdiff|pg_(type|class): .*(table|type) public.(pair|s)\b.*: (typlen|attlen)"
    assert [line for line in differences(before, _rows(table)) if not re.match(meant, line)] == []


def test_a_role_that_is_no_superuser_restores_what_it_may(table, server):
    """The owner of the database, member of the owners' roles."""
    server.admin.execute(
        "DO $$ BEGIN CREATE ROLE keep_me LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    name = psycopg.conninfo.conninfo_to_dict(table.dsn)["dbname"]
    server.admin.execute(f"ALTER DATABASE {name} OWNER TO keep_me")
    server.admin.execute("GRANT keep_owner, keep_alice TO keep_me")
    me = psycopg.conninfo.make_conninfo(table.dsn, user="keep_me")
    table.do(
        "ALTER SCHEMA public OWNER TO keep_me", "GRANT CREATE ON SCHEMA public TO keep_owner",
        *(f"ALTER {what} OWNER TO keep_me" for what in ("TABLE t", "VIEW v", "FUNCTION weight(integer)", "TABLE pgmg_state", "TABLE pgmg_migrations")),
        *(f"ALTER TABLE {t} OWNER TO keep_me" for (t,) in table.rows("SELECT oid::regclass::text FROM pg_class WHERE relname ~ '^pgmg_' AND relkind = 'r'")),
        "GRANT SELECT ON t TO keep_owner",
        "CREATE MATERIALIZED VIEW m AS SELECT id, a FROM v", "CREATE INDEX m_a ON m (weight(a))", "ALTER MATERIALIZED VIEW m OWNER TO keep_owner",
        "GRANT SELECT ON v TO keep_owner, keep_alice WITH GRANT OPTION", "SET ROLE keep_alice", "GRANT SELECT ON v TO keep_carol", "RESET ROLE",
        "COMMENT ON COLUMN m.a IS 'weight'", "REVOKE EXECUTE ON FUNCTION weight(integer) FROM PUBLIC", "GRANT EXECUTE ON FUNCTION weight(integer) TO keep_owner",
        "ALTER TABLE t ADD CONSTRAINT heavy CHECK (weight(a) > 0)",
    )  # fmt: skip
    before, admin = _rows(table), table.dsn
    table.dsn = me
    _recreate(table)
    table.settled()
    table.dsn = admin
    assert differences(before, _rows(table)) == []


def test_what_a_role_may_not_restore_is_refused_before_anything_runs(table, server):
    server.admin.execute(
        "DO $$ BEGIN CREATE ROLE keep_me LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    name = psycopg.conninfo.conninfo_to_dict(table.dsn)["dbname"]
    server.admin.execute(f"ALTER DATABASE {name} OWNER TO keep_me")
    server.admin.execute("GRANT keep_owner TO keep_me")
    table.do(
        "GRANT keep_owner TO keep_me", "ALTER SCHEMA public OWNER TO keep_me", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        *(f"ALTER TABLE {t} OWNER TO keep_me" for (t,) in table.rows("SELECT oid::regclass::text FROM pg_class WHERE relname ~ '^(pgmg_|t$)' AND relkind = 'r'")),
        "ALTER FUNCTION weight(integer) OWNER TO keep_me", "ALTER VIEW v OWNER TO keep_owner",
    )  # fmt: skip
    table.dsn = psycopg.conninfo.make_conninfo(table.dsn, user="keep_me")
    with pytest.raises(InsufficientPrivilegeError) as caught:
        _recreate(table)
    # the owner may not create in the schema any more
    assert "keep_me may not do this then: ALTER VIEW public.v OWNER TO keep_owner" in str(caught.value)


@pytest.mark.parametrize("check", ["weight(VALUE) > 1", "VALUE > 1", "weight(VALUE) > 0 AND true"])
def test_a_domains_check_changes_with_the_function_that_it_calls(table, check):
    """The function's recreation drops the constraint before the domain is altered."""
    table.write("sql/sound.sql", "CREATE DOMAIN sound AS integer CONSTRAINT sounds CHECK (weight(VALUE) > 0)")
    table.apply()
    table.do(
        "CREATE TABLE s (x sound)",
        "ALTER DOMAIN sound ADD CONSTRAINT more CHECK (weight(VALUE) < 9)",
        "COMMENT ON CONSTRAINT more ON DOMAIN sound IS 'mine'",
    )
    table.write("sql/sound.sql", f"CREATE DOMAIN sound AS integer CONSTRAINT sounds CHECK ({check})")
    table.write("sql/weight.sql", WEIGHT.format("val"))
    table.apply()
    assert table.rows(
        "SELECT conname, obj_description(oid) FROM pg_constraint WHERE contypid = 'sound'::regtype ORDER BY 1"
    ) == [("more", "mine"), ("sounds", None)]
    assert (
        table.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'sounds'")
        != "CHECK ((weight(VALUE) > 0))"
    )
    table.settled()


def test_a_constraint_that_somebody_added_to_a_domain_stays(table):
    """It makes the definition another one than was applied; but nothing declares it, and nothing takes it away."""
    table.write("sql/sound.sql", "CREATE DOMAIN sound AS integer CONSTRAINT sounds CHECK (VALUE > 0)")
    table.apply()
    table.do("CREATE TABLE s (x sound)", "ALTER DOMAIN sound ADD CONSTRAINT more CHECK (VALUE < 9)")
    table.apply()
    assert table.rows("SELECT conname FROM pg_constraint WHERE contypid = 'sound'::regtype ORDER BY 1") == [
        ("more",),
        ("sounds",),
    ]
    table.settled()
