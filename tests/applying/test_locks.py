"""Applies, plans and readers at the same time (rule 9.3)."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

import pgmg
from pgmg.applying.limits import Limits, seconds
from pgmg.applying.lock import begin_locked, lock_key
from pgmg.model.results.events import Retrying, Waiting

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    project.do("INSERT INTO users VALUES (1, 'ann', 30)")
    return project


def test_a_lock_that_is_not_free_in_time_names_its_holder(users):
    """Process, application and query; a password in that query is hidden; nothing has changed."""
    users.write("migrations/002.sql", "SELECT 1;\nALTER TABLE users ADD COLUMN note text;")
    events = []
    with psycopg.connect(users.dsn, application_name="long report") as blocker:
        blocker.execute("SELECT count(*), 'ALTER ROLE x PASSWORD ''hidden-7''' FROM users")
        with users.open(lock_timeout="200ms", lock_retries=1) as opened, pytest.raises(pgmg.LockedError) as caught:
            opened.apply(listener=events.append)
        pid = blocker.info.backend_pid
    said = str(caught.value)
    assert f"pid {pid} (long report), idle in transaction: SELECT count(*)" in said
    assert "hidden-7" not in said + repr(events)
    assert str(caught.value.where) == "migrations/002.sql:2:1"
    assert caught.value.sqlstate == "55P03"
    assert [(e.attempt, e.of) for e in events if isinstance(e, Retrying)] == [(1, 1)]
    assert any("long report" in e.reason for e in events if isinstance(e, Waiting))
    assert users.value("SELECT count(*) FROM pgmg_migrations") == 1
    users.apply()


def test_a_lock_that_becomes_free_is_waited_for(users):
    """The whole run is tried again."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    events = []
    with psycopg.connect(users.dsn) as blocker:
        blocker.execute("SELECT * FROM users")

        def release(event):
            events.append(event)
            if isinstance(event, Retrying):
                blocker.rollback()

        with users.open(lock_timeout="100ms") as opened:
            assert opened.apply(listener=release).applied
    assert [type(e) for e in events].count(Retrying) == 1
    users.settled()


def test_a_lock_met_while_planning_is_waited_for_no_longer(users):
    """What planning itself reads may be locked as well."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    with psycopg.connect(users.dsn, application_name="vandal") as blocker:
        blocker.execute("LOCK TABLE names IN ACCESS EXCLUSIVE MODE")
        events = []
        with users.open(lock_timeout="100ms", lock_retries=1) as opened, pytest.raises(pgmg.LockedError):
            opened.apply(listener=events.append)
        assert [type(event) for event in events].count(Retrying) == 1
        blocker.rollback()
    users.apply()


def test_a_deadlock_is_tried_again(users):
    """40P01 out of a migration."""
    users.do("CREATE TABLE once (n integer)")
    users.write(
        "migrations/002.sql",
        "DO $$ BEGIN IF (SELECT last_value FROM tries) < 2 THEN PERFORM nextval('tries');"
        " RAISE deadlock_detected; END IF; END $$;\nINSERT INTO once VALUES (1);",
    )
    users.do("CREATE SEQUENCE tries")
    users.do("SELECT nextval('tries')")
    events = []
    with users.open() as opened:
        opened.apply(listener=events.append)
    assert [type(e) for e in events].count(Retrying) == 1
    assert users.rows("SELECT * FROM once") == [(1,)]


def test_a_plan_that_was_shown_is_compared_again_after_a_lock(users):
    """Files may change while everybody waits."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    with psycopg.connect(users.dsn) as blocker, users.open(lock_timeout="100ms") as opened:
        plan = opened.plan()
        blocker.execute("SELECT * FROM users")

        def edit(event):
            if isinstance(event, Retrying):
                users.write("sql/late.sql", "CREATE VIEW late AS SELECT 1 AS one;")
                blocker.rollback()

        with pytest.raises(pgmg.StalePlanError, match="files have changed"):
            opened.apply(plan, listener=edit)


def test_two_applies_in_threads_do_the_work_once(users):
    """One of them waits and finds nothing left to do."""
    for number in range(20):
        users.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id + {number} AS n FROM users;")
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN note text;")
    with ThreadPoolExecutor(3) as pool:
        results = [future.result() for future in [pool.submit(users.apply) for _ in range(3)]]
    assert sorted(result.applied for result in results) == [False, False, True]
    users.settled()


def test_two_applies_in_processes_do_the_work_once(users):
    """As above, with groups that need the lock across transactions."""
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    users.write("migrations/003.sql", "INSERT INTO users VALUES (2, 'bob', 31);")
    program = "import sys, pgmg\nwith pgmg.Project.open(sys.argv[1], connection_string=sys.argv[2]) as p: print(p.apply().applied)"
    command = [sys.executable, "-c", program, str(users.root), users.dsn]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        said = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], said
    assert sorted(out.strip() for out, _ in said) == ["False", "True"]
    users.settled()


def test_an_apply_that_waits_too_long_names_the_one_that_runs(users):
    """Its process, its application name."""
    events = []
    with psycopg.connect(users.dsn, application_name="other apply") as holder, users.open() as opened:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("public")])
        conn = opened.connect()
        with pytest.raises(pgmg.LockedError) as caught:
            begin_locked(conn, lock_key("public"), 0.3, events.append)
        conn.close()
        pid = holder.info.backend_pid
    assert f"pid {pid} (other apply)" in str(caught.value)
    assert "other apply" in events[0].reason


def test_an_apply_that_waits_holds_up_no_concurrent_index_build(users):
    """A build waits for every transaction it sees; this one would wait for the build."""
    users.write("sql/late.sql", "CREATE VIEW late AS SELECT 1 AS one;")
    with psycopg.connect(users.dsn, autocommit=True) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("SELECT pg_advisory_lock(%s)", [lock_key("public")])
        holder.execute("SET statement_timeout = '20s'")
        waiting = threading.Event()
        with users.open() as opened:
            result = pool.submit(opened.apply, listener=lambda e: isinstance(e, Waiting) and waiting.set())
            assert waiting.wait(20)
            seen = set()
            for number in range(10):
                holder.execute(f"CREATE INDEX CONCURRENTLY users_{number} ON users (name)")
                seen |= set(holder.execute(_OTHER_STATES).fetchall())
            assert not result.done()
            holder.execute("SELECT pg_advisory_unlock(%s)", [lock_key("public")])
            assert result.result(20).applied
    assert seen == {(False,)}


_OTHER_STATES = """
SELECT DISTINCT backend_xmin IS NOT NULL AND state <> 'active' FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
"""Whether a session keeps a snapshot while it does nothing: a build would wait for it."""


def test_two_projects_with_two_state_schemas_do_not_wait_for_each_other(users, tmp_path_factory):
    """Each has its own lock and its own state."""
    root = tmp_path_factory.mktemp("second")
    (root / "sql").mkdir()
    (root / "sql" / "mine.sql").write_text("CREATE VIEW mine AS SELECT 2 AS two;")
    with psycopg.connect(users.dsn) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("public")])
        with pgmg.Project.open(
            root, connection_string=users.dsn, state_schema="second", code_dir=str(root / "sql")
        ) as other:
            assert other.apply().applied
            assert other.plan().is_empty
    assert users.rows("SELECT object_name FROM second.pgmg_state") == [("view.mine",)]
    users.settled()
    with pgmg.Project.open(
        root, connection_string=users.dsn, state_schema="second", code_dir=str(root / "sql")
    ) as other:
        other.reset()
    users.settled()
    assert users.value("SELECT to_regclass('mine')") is None


def test_readers_and_plans_go_on_while_views_are_recreated(users):
    """A reader of the very view gets its rows each time; a plan is a plan of before or after."""
    users.write("sql/upon.sql", "CREATE VIEW upon AS SELECT id, name FROM names;")
    users.apply()
    ended = threading.Event()
    read, planned, failures = [], [], []

    def reader():
        with psycopg.connect(users.dsn, autocommit=True, prepare_threshold=None) as conn:
            while not ended.is_set():
                try:
                    read.append(conn.execute("SELECT name FROM upon").fetchall())
                except psycopg.Error as error:
                    failures.append(error)

    def planner():
        with users.open() as opened:
            while not ended.is_set():
                try:
                    planned.append(opened.plan())
                except pgmg.PgmgError as error:
                    failures.append(error)

    threads = [threading.Thread(target=work) for work in (reader, reader, planner)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            type_ = ("varchar(40)", "text")[number % 2]
            users.write(f"migrations/1{number:02}.sql", f"ALTER TABLE users ALTER COLUMN name TYPE {type_};")
            users.write("names.new", f"CREATE VIEW names AS SELECT id, name, {number} AS n FROM users;")
            (users.root / "names.new").replace(users.root / "sql/names.sql")  # as editors do: never half a file
            users.apply()
        deadline = time.monotonic() + 30  # a plan begins anew as often as an apply comes in between
        while len(planned) <= 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert set(map(tuple, read)) == {(("ann",),)}
    assert len(planned) > 3
    users.settled()


def test_many_applies_plans_and_edits_at_once_end_in_the_last_source(users):
    """Nobody fails but for a refusal that is meant."""
    with ThreadPoolExecutor(4) as pool:
        work = []
        for number in range(8):
            users.write("names.new", f"CREATE VIEW names AS SELECT id, name, {number} AS n FROM users;")
            (users.root / "names.new").replace(users.root / "sql/names.sql")
            work += [pool.submit(users.apply), pool.submit(users.plan)]
        for future in work:
            future.result()
    users.apply()
    users.settled()
    assert users.value("SELECT n FROM names") == 7


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0.5), ("2s", 2), ("1.5 min", 90), ("1h", 3600), ("250", 0.25), ("0", 0), ("10us", 1e-5)],
)
def test_durations_are_read_as_the_server_does(text, value):
    """A number without a unit is in milliseconds."""
    assert seconds(text) == pytest.approx(value)
    assert Limits(text).lock_seconds == pytest.approx(value)
