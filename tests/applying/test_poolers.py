"""Behind PgBouncer: nothing reaches other clients, nothing is left behind, one connection suffices (rule 9.6)."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager

import psycopg
import pytest

import pgmg
from tests.servers.pooler import PROGRAM, pgbouncer

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no PgBouncer: apt-get install pgbouncer")

LEAVES_MUCH = """
SET search_path = elsewhere, public;
SET statement_timeout = '1h';
LISTEN somebody;
PREPARE mine AS SELECT 1;
DECLARE held CURSOR WITH HOLD FOR SELECT 1;
SELECT pg_advisory_lock(4711);
CREATE TEMPORARY TABLE scratch (n int);
SELECT nextval('numbers');
SET ROLE {role};
"""
LEFT = """
SELECT current_setting('search_path') LIKE '%elsewhere%', current_setting('statement_timeout'), current_user = session_user,
  (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
  (SELECT count(*) FROM pg_cursors), to_regclass('pg_temp.scratch') IS NULL
"""
ADVISORY = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    project.do("INSERT INTO users VALUES (1, 'ann')")
    return project


@contextmanager
def busy(dsn: str, clients: int = 4):
    """Other clients of the pool, each transaction of which notes what the session that it got is like."""
    seen, failures, stop = Counter(), [], threading.Event()

    def work() -> None:
        try:
            with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
                while not stop.is_set():
                    seen[conn.execute(LEFT).fetchone()] += 1
        except psycopg.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def through(project, dsn, **settings):
    return project.open(connection_string=dsn, **settings)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_projects_are_planned_and_applied_through_a_pool_of_any_size(users, mode, size):
    """Code, retyped columns under views, several groups; plan, apply, status, rows of views."""
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    users.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('a', 'b');")
    with pgbouncer(users.dsn, mode, size) as dsn, through(users, dsn) as opened:
        assert opened.plan().steps
        assert opened.apply().applied
        assert opened.apply().applied is False
        users.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('a', 'b', 'c');")
        users.write("sql/late.sql", "CREATE VIEW late AS SELECT 'c'::kind AS kind;")
        plan = opened.plan()
        assert opened.apply(plan).migrations_recorded == ()
        assert opened.status().changes == ()
        users.write("sql/names.sql", "CREATE VIEW names AS SELECT id, upper(name) AS name FROM users;")
        assert len(opened.diff_rows()) == 1
        opened.apply()
    users.settled()
    assert users.rows("SELECT kind::text FROM late") == [("c",)]


def test_what_a_migration_sets_reaches_no_other_client(users, role):
    """Busy clients meanwhile: each of their transactions finds a clean session."""
    name = role("pgmg_pooled")
    users.do("CREATE SCHEMA elsewhere", "CREATE SEQUENCE numbers", f"GRANT ALL ON SCHEMA public TO {name}")
    with pgbouncer(users.dsn, "transaction", 3) as dsn, busy(dsn) as seen, through(users, dsn) as opened:
        for number in range(10, 25):
            users.write(f"migrations/0{number}.sql", LEAVES_MUCH.format(role=name))
            opened.plan()
            opened.apply()
    assert set(seen) == {(False, "0", True, 0, 0, 0, True)}
    assert users.value(ADVISORY) == 0
    assert sum(seen.values()) > 50
    users.settled()


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_what_needs_a_session_is_refused_before_anything_runs(users, mode):
    """With the way out: the server itself, or the setting that says that sessions are kept apart."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    users.write(
        "migrations/003.sql",
        "-- pgmg: no-transaction\nSET search_path = elsewhere;\nCREATE TABLE lost (n int);\nVACUUM;",
    )
    users.do("CREATE SCHEMA elsewhere")
    with pgbouncer(users.dsn, mode, 8) as dsn:
        with busy(dsn) as seen, through(users, dsn) as opened, pytest.raises(pgmg.PgmgError) as caught:
            opened.apply()
        assert caught.value.code == "pooler"
        assert str(caught.value.where).startswith("migrations/003.sql:")
        assert 'pooler = "session"' in caught.value.hint
        assert users.value("SELECT count(*) FROM pgmg_migrations") == 1
        assert set(seen) == {(False, "0", True, 0, 0, 0, True)}
        if mode == "session":
            with through(users, dsn, pooler="session") as opened:
                opened.apply()
            assert users.value("SELECT to_regclass('elsewhere.lost')") is not None
            with busy(dsn) as seen:
                pass
            assert set(seen) <= {(False, "0", True, 0, 0, 0, True)}


def test_a_pool_in_statement_mode_is_refused_with_the_reason(users):
    users.write("sql/late.sql", "CREATE VIEW late AS SELECT 1 AS one;")
    with pgbouncer(users.dsn, "statement", 3) as dsn, through(users, dsn) as opened:
        for ask in (opened.plan, opened.apply, opened.status):
            with pytest.raises(pgmg.PgmgError) as caught:
                ask()
            assert "a pooler in statement mode lets none through" in caught.value.hint
    assert users.value("SELECT to_regclass('late')") is None


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_the_blocker_is_named_through_a_pooler(users, mode):
    """Even where the pool has no second connection to look from."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    for size in (1, 3):
        with (
            pgbouncer(users.dsn, mode, size) as dsn,
            psycopg.connect(users.dsn, application_name="long report") as blocker,
        ):
            blocker.execute("SELECT * FROM users")
            named = f"pid {blocker.info.backend_pid} (long report), idle in transaction: SELECT * FROM users"
            with (
                through(users, dsn, lock_timeout="200ms", lock_retries=0) as opened,
                pytest.raises(pgmg.LockedError) as caught,
            ):
                opened.apply()
        assert named in str(caught.value)


def test_many_applies_and_plans_at_once_through_a_small_pool(users):
    for number in range(20):
        users.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id + {number} AS n FROM users;")
    outcomes = []
    with pgbouncer(users.dsn, "transaction", 2) as dsn:

        def work():
            with through(users, dsn) as opened:
                opened.plan()
                outcomes.append(opened.apply().applied)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    users.settled()


def test_prepared_statements_of_the_pooler_and_of_others_stay(users):
    """Only what was prepared by a statement of SQL is taken away."""
    users.write("migrations/002.sql", "PREPARE mine AS SELECT 1;")
    with (
        pgbouncer(users.dsn, "transaction", 1) as dsn,
        psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as other,
        through(users, dsn) as opened,
    ):
        for _ in range(3):
            other.execute("SELECT count(*) FROM users")
        opened.apply()
        assert other.execute("SELECT count(*) FROM users").fetchone() == (1,)
    users.settled()


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_role_and_settings_of_the_project_hold_for_its_transactions_alone(users, role, mode):
    name = role("pgmg_owner")
    users.do(
        f"GRANT ALL ON SCHEMA public TO {name}",
        f"ALTER TABLE users OWNER TO {name}",
        f"ALTER VIEW names OWNER TO {name}",
    )
    users.do(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
    users.write(
        "migrations/002.sql",
        "CREATE TABLE made AS SELECT current_setting('work_mem') AS mem, current_user::text AS who;",
    )
    users.write("sql/late.sql", "CREATE VIEW late AS SELECT 1 AS one;")
    settings = {"role": name, "session_settings": {"work_mem": "77MB", "app.kind": "x"}}
    with pgbouncer(users.dsn, mode, 2) as dsn, busy(dsn, 1) as seen, through(users, dsn, **settings) as opened:
        opened.plan()
        opened.apply()
    assert users.rows("SELECT * FROM made") == [("77MB", name)]
    assert users.value("SELECT viewowner FROM pg_views WHERE viewname = 'late'") == name
    assert set(seen) == {(False, "0", True, 0, 0, 0, True)}


def test_groups_that_need_a_session_each_need_two_connections(users, monkeypatch):
    monkeypatch.setattr("pgmg.catalog.sessions.connection._POOL_PATIENCE", 0.3)
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    users.write("migrations/003.sql", "ALTER TABLE users ADD COLUMN note text;")
    with pgbouncer(users.dsn, "session", 1) as dsn, through(users, dsn, pooler="session") as opened:
        with pytest.raises(pgmg.PgmgError, match="needs two connections") as caught:
            opened.apply()
        assert caught.value.code == "pooler"
    with pgbouncer(users.dsn, "session", 2) as dsn, through(users, dsn, pooler="session") as opened:
        opened.apply()
    users.settled()


def test_a_pool_with_no_connection_left_is_an_error_with_the_reason(users, monkeypatch):
    monkeypatch.setattr("pgmg.catalog.sessions.connection._POOL_PATIENCE", 0.3)
    with pgbouncer(users.dsn, "session", 1) as dsn, psycopg.connect(dsn) as other, through(users, dsn) as opened:
        other.execute("SELECT 1")
        with pytest.raises(pgmg.ConnectionFailedError, match="The pooler has no server connection for us"):
            opened.plan()


@pytest.mark.parametrize(("size", "steps"), [(1, {"view.everybody", "rule.noted on users"}), (3, set())])
def test_the_server_is_asked_for_its_wording_where_the_pool_has_another_connection(users, size, steps):
    declared = [
        "CREATE VIEW everybody AS SELECT * FROM users",
        "CREATE RULE noted AS ON DELETE TO users DO ALSO INSERT INTO users VALUES (OLD.id + 1)",
    ]
    users.do(*declared)
    users.write("sql/more.sql", ";\n".join(declared) + ";")
    with pgbouncer(users.dsn, "transaction", size) as dsn, through(users, dsn) as opened:
        assert {str(step.object) for step in opened.plan().steps} == steps
        opened.apply()
        assert opened.plan().steps == ()
