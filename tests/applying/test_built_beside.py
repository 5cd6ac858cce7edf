"""A materialized view whose query changes is built beside the former one, and swapped at the end of the transaction."""

from __future__ import annotations

import re
import threading

import psycopg
import pytest
from psycopg import conninfo

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.events import StepBegun
from pgmg.planning.steps.staging import staged, staging_name

GATE = 4711
TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann'), (2, 'bob');"
GATES = f"""
CREATE FUNCTION gate(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}, n); RETURN n; END $$;
"""
LOCKED = """SELECT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE c.relname = 'm' AND l.mode = 'AccessExclusiveLock' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
AT_GATE = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s AND objid = %s
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", TABLE)
    return project


def actions(plan):
    return [f"{step.action} {step.object}" for step in plan.steps]


def leftovers(project):
    """The relations and types that still have a staging name."""
    staging = "~ '_pgmg_[0-9a-f]{8}$'"
    return project.rows(
        f"SELECT relname FROM pg_class WHERE relname {staging} UNION SELECT typname FROM pg_type WHERE typname {staging}"
    )


# -- readers --------------------------------------------------------------------------------------------------------


class Gates:
    """Holds up whoever calls `gate(n)` until the test opens that gate."""

    def __init__(self, dsn):
        self.conn = psycopg.connect(dsn, autocommit=True)

    def close(self, number):
        self.conn.execute("SELECT pg_advisory_lock(%s, %s)", [GATE, number])

    def open(self, number):
        self.conn.execute("SELECT pg_advisory_unlock(%s, %s)", [GATE, number])

    def wait_for_a_caller(self, number, worker):
        while self.conn.execute(AT_GATE, [GATE, number]).fetchone() == (0,):
            assert worker.is_alive(), "the apply ended before it came to the gate"


def test_readers_are_let_in_while_the_new_one_is_filled_and_indexed(users):
    """The build stands still at a gate: in its query first, then in an index. Meanwhile nobody waits."""
    users.write("sql/gate.sql", GATES)
    users.write(
        "sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;\nCREATE INDEX m_gate ON m (gate(id + 1));"
    )
    users.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM m;")
    users.apply()
    users.write(
        "sql/m.sql",
        "CREATE MATERIALIZED VIEW m AS SELECT id, gate(id) AS n FROM users WHERE id = 1;\nCREATE INDEX m_gate ON m (gate(id + 1));",
    )
    failures = []

    def apply():
        try:
            with users.open(lock_timeout="1h") as opened:
                opened.apply()
        except BaseException as error:
            failures.append(error)
            raise

    gates = Gates(users.dsn)
    worker = threading.Thread(target=apply)
    with gates.conn, psycopg.connect(users.dsn, autocommit=True) as reader:
        reader.execute("SET lock_timeout = '1ms'")  # a reader that had to wait would fail
        gates.close(1)
        gates.close(2)
        worker.start()
        for gate in (1, 2):
            gates.wait_for_a_caller(gate, worker)
            for _ in range(20):
                assert reader.execute("SELECT count(*) FROM m").fetchone() == (2,)
                assert reader.execute("SELECT count(*) FROM v").fetchone() == (2,)
            assert reader.execute(LOCKED).fetchall() == []
            gates.open(gate)
        worker.join()
        assert failures == []
        assert reader.execute("SELECT * FROM m").fetchall() == [(1, 1)]
        assert reader.execute("SELECT * FROM v").fetchall() == [(1,)]
    users.settled()
    assert leftovers(users) == []


def test_the_swap_is_the_last_step_but_for_what_reads_the_view(users):
    """Other objects are created, and comments set, before the lock is taken."""
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM m;")
    users.write("sql/w.sql", "CREATE VIEW w AS SELECT id FROM users;")
    users.apply()
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WHERE id > 1;")
    users.write("sql/w.sql", "CREATE VIEW w AS SELECT name FROM users;\nCOMMENT ON VIEW w IS 'names';")
    assert actions(users.plan()) == [
        "create materialized_view.m",
        "drop view.v",
        "drop view.w",
        "create view.w",
        "comment comment.view.w",
        "swap materialized_view.m",
        "create view.v",
    ]
    users.apply()
    users.settled()


# -- what it is afterwards ------------------------------------------------------------------------------------------


def test_what_runs_is_what_the_plan_shows(users):
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;\nCREATE INDEX m_id ON m (id);")
    users.apply()
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;\nCREATE INDEX m_id ON m (id);")
    begun = []
    with users.open() as opened:
        plan = opened.plan()
        opened.apply(plan, listener=lambda event: begun.append(event) if isinstance(event, StepBegun) else None)
    assert [event.step.statements for event in begun] == [step.statements for step in plan.steps]
    assert [step.statements for step in plan.steps] == [
        (f'CREATE MATERIALIZED VIEW "{staging_name("m")}" AS SELECT id, name FROM users',),
        (f'CREATE INDEX "{staging_name("m_id")}" ON "{staging_name("m")}" (id)',),
        (
            "DROP MATERIALIZED VIEW public.m",
            f'ALTER MATERIALIZED VIEW "public"."{staging_name("m")}" RENAME TO "m"',
            f'ALTER INDEX "public"."{staging_name("m_id")}" RENAME TO "m_id"',
        ),
    ]


EVERYTHING = """
ALTER MATERIALIZED VIEW m SET (fillfactor = 70, autovacuum_enabled = false);
ALTER MATERIALIZED VIEW m ALTER COLUMN id SET STATISTICS 77;
CREATE INDEX "By Hand" ON m (id) WITH (fillfactor = 50);
COMMENT ON INDEX "By Hand" IS 'm_key and m';
COMMENT ON MATERIALIZED VIEW m IS 'public.m is m';
COMMENT ON COLUMN m.id IS 'of m';
GRANT SELECT ON m TO PUBLIC;
GRANT SELECT (id) ON m TO PUBLIC;
ALTER MATERIALIZED VIEW m CLUSTER ON m_key;
CREATE STATISTICS m_both ON id, name FROM m;
"""


@pytest.mark.parametrize("pending", [False, True], ids=["code alone", "after a migration"])
def test_everything_that_the_former_one_had_is_there(users, pending):
    users.write(
        "sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;\nCREATE UNIQUE INDEX m_key ON m (id);"
    )
    users.apply()
    users.do(EVERYTHING)
    before = users.dump()
    users.write(
        "sql/m.sql",
        "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users WHERE id > 0;\nCREATE UNIQUE INDEX m_key ON m (id);",
    )
    if pending:
        users.write("migrations/002.sql", "CREATE TABLE other (id integer);")
    assert any(step.action == "swap" for step in users.plan().steps)
    users.apply()
    users.do("DROP TABLE IF EXISTS other")
    after = re.sub(r"\n  WHERE \((users\.)?id > 0\)", "", users.dump())  # qualified before PostgreSQL 16
    assert sorted(after.splitlines()) == sorted(before.splitlines())
    assert users.value("SELECT array_agg(typname ORDER BY typname) FROM pg_type WHERE typname IN ('m', '_m')") == [
        "_m",
        "m",
    ]
    assert leftovers(users) == []


def test_what_a_migration_does_to_the_former_one_is_kept(users):
    """It renames an index, drops one, creates one and a comment, in a block that nobody can read."""
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;\nCREATE INDEX m_id ON m (id);")
    users.apply()
    users.do("CREATE INDEX by_hand ON m (name)", "CREATE INDEX gone ON m (name)")
    users.write(
        "sql/m.sql",
        "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users WHERE id > 1;\nCREATE INDEX m_id ON m (id);",
    )
    users.write(
        "migrations/002.sql",
        "DO $$ BEGIN EXECUTE 'ALTER INDEX by_hand RENAME TO renamed'; EXECUTE 'DROP INDEX gone';"
        " EXECUTE 'CREATE INDEX fresh ON m (name)'; EXECUTE 'COMMENT ON MATERIALIZED VIEW m IS ''new''';"
        " EXECUTE 'CREATE STATISTICS fresh_stats ON id, name FROM m'; END $$;",
    )
    users.apply()
    indexes = users.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'm' ORDER BY 1")
    assert indexes == [("fresh",), ("m_id",), ("renamed",)]
    assert users.value("SELECT obj_description('m'::regclass)") == "new"
    assert users.value("SELECT count(*) FROM pg_statistic_ext WHERE stxname = 'fresh_stats'") == 1
    assert users.rows("SELECT id FROM m") == [(2,)]
    users.settled()
    assert leftovers(users) == []


def test_a_view_that_a_migration_creates_over_it_is_kept(users):
    """The server refuses the swap the first time; the next attempt saves the view."""
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.apply()
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WHERE id > 1;")
    users.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'CREATE VIEW over AS SELECT id FROM m'; END $$;")
    users.apply()
    assert users.rows("SELECT id FROM over") == [(2,)]
    users.settled()


# -- chains -----------------------------------------------------------------------------------------------------------

CHAINS = {
    "plain": "SELECT id FROM m",
    "qualified": "SELECT m.id FROM m WHERE m.id > 0 ORDER BY m.id",
    "schema": "SELECT id FROM public.m",
    "alias": "SELECT x.id FROM m AS x JOIN m AS y USING (id)",
    "star": "SELECT m.* FROM m",
    "row": "SELECT count(m) AS id FROM m",
    "schema and column": "SELECT public.m.id FROM public.m",
    "same alias": "SELECT m.id FROM m AS m",
    "shadowed": "WITH m AS (SELECT 5 AS id) SELECT m.id FROM m UNION ALL SELECT id FROM public.m",
    "function": "SELECT id FROM of_m() AS id",
    "view": "SELECT id FROM v",
}
BESIDE = {"plain", "qualified", "schema", "alias", "star"}


@pytest.mark.parametrize("form", CHAINS)
def test_one_that_reads_another_is_built_from_the_new_one(users, server, form):
    """Its rows are those of the new one, and its definition is the one that a new database gets."""
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.write(
        "sql/f.sql", "CREATE FUNCTION of_m() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM public.m';"
    )
    users.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM m;")
    users.write("sql/over.sql", f"CREATE MATERIALIZED VIEW over AS {CHAINS[form]};\nCREATE INDEX over_id ON over (id);")
    users.apply()
    definition = users.value("SELECT pg_get_viewdef('over'::regclass)")
    query = "SELECT array_agg(id ORDER BY id) FROM over"
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WHERE id > 1;")
    plan = users.plan()
    swapped = [step.object.name for step in plan.steps if step.action == "swap"]
    assert swapped == (["over", "m"] if form in BESIDE else ["m"])
    if form == "function":  # its rows do not change before they are refreshed
        users.write("sql/over.sql", f"CREATE MATERIALIZED VIEW over AS {CHAINS[form]} WHERE true;")
    users.apply()
    assert users.value(query) == users.value(f"SELECT array_agg(id ORDER BY id) FROM ({CHAINS[form]}) AS found")
    if form != "function":
        assert users.value("SELECT pg_get_viewdef('over'::regclass)") == definition
    users.settled()
    assert leftovers(users) == []


# -- where it cannot be -----------------------------------------------------------------------------------------------


def test_one_whose_function_has_to_be_dropped_first_is_dropped_first(users):
    users.write("sql/f.sql", "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n';")
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT f(id) AS id FROM users;")
    users.apply()
    users.write("sql/f.sql", "CREATE FUNCTION f(n int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT n + 1';")
    assert actions(users.plan()) == [
        "drop materialized_view.m",
        "drop function.f(integer)",
        "create function.f(integer)",
        "create materialized_view.m",
    ]
    users.apply()
    assert users.rows("SELECT id FROM m ORDER BY 1") == [(2,), (3,)]


def test_a_function_that_it_no_longer_uses_goes_after_the_swap(users):
    users.write("sql/f.sql", "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n';")
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT f(id) AS id FROM users;")
    users.apply()
    users.remove("sql/f.sql")
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    assert actions(users.plan()) == [
        "create materialized_view.m",
        "swap materialized_view.m",
        "drop function.f(integer)",
    ]
    users.apply()
    users.settled()


def test_an_empty_one_is_recreated_empty(users):
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WITH NO DATA;")
    users.apply()
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT name FROM users WITH NO DATA;")
    assert actions(users.plan()) == ["drop materialized_view.m", "create materialized_view.m"]
    users.apply()
    users.settled()


def test_a_build_that_fails_changes_nothing(users):
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.apply()
    before = users.value("SELECT 'm'::regclass::oid")
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT 1 / (id - 1) AS id FROM users;")
    with pytest.raises(Exception, match="division by zero"):
        users.apply()
    assert users.value("SELECT 'm'::regclass::oid") == before
    assert leftovers(users) == []


# -- what it costs ----------------------------------------------------------------------------------------------------


def costs(plan):
    return [risk.described for risk in plan.risks if risk.relation == "materialized_view.m"]


def test_the_plan_says_the_size_and_how_long_the_last_build_took(users):
    """A migration's own statements are no build; the newest entry counts, with what was filled in a second step."""
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.apply()
    users.do("ALTER MATERIALIZED VIEW m SET (fillfactor = 70)")
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WHERE id > 0;")
    users.apply()
    built = "SELECT steps FROM pgmg_history ORDER BY number DESC LIMIT 1"
    assert [(step["action"], "ms" in step) for step in users.value(built)] == [
        ("create", True),
        ("restore", True),
        ("swap", True),
    ]
    users.do(
        "UPDATE pgmg_history SET steps = jsonb_set(jsonb_set(steps, '{0,ms}', '500'), '{1,ms}', '131500')"
        " WHERE number = (SELECT max(number) FROM pgmg_history)",
    )
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    assert costs(users.plan()) == [
        "blocks reads and writes of materialized_view.m (8.0 kB): its last build took 2 min 12 s"
    ]


def test_a_role_that_may_not_read_the_history_is_not_told(users, role):
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    users.apply()
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT name FROM users;")
    reader = role("pgmg_reader", "LOGIN PASSWORD 'x'")
    users.do(f"GRANT SELECT ON users, m, pgmg_state, pgmg_migrations TO {reader}")
    dsn = conninfo.make_conninfo(users.dsn, user=reader, password="x")
    with users.open(connection_string=dsn) as opened:
        assert costs(opened.plan()) == ["blocks reads and writes of materialized_view.m (8.0 kB)"]


# -- row security -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("applies", ["owner", "superuser", "configured role"])
def test_the_rows_are_those_that_the_owner_may_see(users, role, applies):
    """Row security of the table is forced on its owner, whoever applies."""
    owner = role("pgmg_owner", "LOGIN PASSWORD 'x'")
    users.do(f"ALTER SCHEMA public OWNER TO {owner}")
    own = conninfo.make_conninfo(users.dsn, user=owner, password="x")
    users.write(
        "migrations/002.sql",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY one ON users USING (id = 1);",
    )
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;")
    with users.open(connection_string=own) as opened:
        opened.apply()
    assert users.rows("SELECT * FROM m") == [(1,)]
    users.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;")
    chosen = {"owner": {"connection_string": own}, "superuser": {}, "configured role": {"role": owner}}[applies]
    with users.open(**chosen) as opened:
        assert "swap materialized_view.m" in actions(opened.plan())
        opened.apply()
        assert opened.plan().is_empty
    assert users.rows("SELECT * FROM m") == [(1, "ann")]
    assert users.value("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'm'") == owner


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_staging_name_fits_into_63_bytes_and_differs_for_names_that_begin_alike():
    long = ["ä" * 40, "ä" * 40 + "b"]
    assert all(len(staging_name(name).encode()) <= 63 for name in long)
    assert len({staging_name(name) for name in long}) == 2


VIEW = ObjectName(Kind.MATERIALIZED_VIEW, "On", "My.Schema")
INDEX = ObjectName(Kind.INDEX, "index", "My.Schema")


@pytest.mark.parametrize(
    ("statement", "name", "expected"),
    [
        ('CREATE INDEX IF NOT EXISTS index ON ONLY "My.Schema"."On" (a)', INDEX, 'CREATE INDEX IF NOT EXISTS {i} ON ONLY "My.Schema".{v} (a)'),
        ('create unique index "index" on "On" using btree ("On")', INDEX, 'create unique index {i} on {v} using btree ("On")'),
        ('COMMENT ON COLUMN "My.Schema"."On".index IS \'"My.Schema"."On"\'', VIEW, 'COMMENT ON COLUMN "My.Schema".{v}.index IS \'"My.Schema"."On"\''),
        ('ALTER MATERIALIZED VIEW "My.Schema"."On" CLUSTER ON index', INDEX, 'ALTER MATERIALIZED VIEW "My.Schema".{v} CLUSTER ON {i}'),
        ('ALTER MATERIALIZED VIEW "My.Schema"."On" REPLICA IDENTITY USING INDEX index', INDEX, 'ALTER MATERIALIZED VIEW "My.Schema".{v} REPLICA IDENTITY USING INDEX {i}'),
        ('/* "On" */ CREATE MATERIALIZED VIEW IF NOT EXISTS "On" ("On") AS SELECT 1', VIEW, '/* "On" */ CREATE MATERIALIZED VIEW IF NOT EXISTS {v} ("On") AS SELECT 1'),
        ("SET LOCAL ROLE somebody", VIEW, "SET LOCAL ROLE somebody"),
    ],
)  # fmt: skip
def test_names_are_replaced_where_they_are_names(statement, name, expected):
    new = {"v": f'"{staging_name("On")}"', "i": f'"{staging_name("index")}"'}
    assert staged(statement, name, (VIEW,)) == expected.format(**new)
