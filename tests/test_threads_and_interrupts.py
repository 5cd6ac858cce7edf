"""A project is shared between threads, survives a fork and interrupts at any point, and says what became of an apply."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgmg.model.results.events import Recorded, StepBegun
from tests.oracle import differences, dump

VIEWS = 12


@pytest.fixture
def shop(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);")
    for number in range(VIEWS):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id, name, {number} AS n FROM users;")
    return project


# -- threads --------------------------------------------------------------------------------------------


def test_many_threads_share_a_project(shop):
    """Plans, statuses and graphs at once, beside applies: everyone gets a whole answer."""
    shop.apply()
    with shop.open() as opened:
        stop = threading.Event()

        def look():
            seen = 0
            while not stop.is_set() or seen < 3:
                plan = opened.plan()
                assert len(plan.changes) in (0, 1)
                assert opened.status().applied == ("001.sql",)
                opened.diff()
                seen += 1

        with ThreadPoolExecutor(4) as pool:
            looking = [pool.submit(look) for _ in range(3)]
            for number in range(4):
                shop.write("sql/v0.sql", f"CREATE VIEW v0 AS SELECT id, name, {number + 100} AS n FROM users;")
                opened.apply()
            stop.set()
            for one in looking:
                one.result(100)
        assert opened.plan().is_empty


def test_two_threads_begin_at_once(shop):
    """The connection, and the embedded server, are had once."""
    with shop.open() as opened, ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(lambda _: opened.plan().fingerprint, range(16)))
    assert len(set(plans)) == 1


def test_asyncio_through_threads(shop):
    async def live(opened):
        first, status = await asyncio.gather(asyncio.to_thread(opened.plan), asyncio.to_thread(opened.status))
        assert len(first.steps) == len(status.changes) + 1
        await asyncio.to_thread(opened.apply)
        plans = await asyncio.gather(*(asyncio.to_thread(opened.plan) for _ in range(5)))
        assert all(plan.is_empty for plan in plans)

    with shop.open() as opened:
        asyncio.run(live(opened))


# -- forks ----------------------------------------------------------------------------------------------

FORKED = """
import os, sys, threading, warnings
import pgmg
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads: that is the point
project = pgmg.Project.open(sys.argv[1], connection_string=sys.argv[2])
assert project.plan().is_empty
mine = project._connections.kept.get()[0].info.backend_pid
held = threading.Event(); go = threading.Event()
def hold():
    with project._connections.planning:
        held.set(); go.wait()
thread = threading.Thread(target=hold, daemon=True); thread.start(); held.wait()
child = os.fork()
if child == 0:
    assert project.plan().is_empty
    assert project._connections.kept.get()[0].info.backend_pid != mine
    assert project.status().applied == ("001.sql",)
    project.close()
    os._exit(0)
go.set()
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
assert project.plan().is_empty
assert project._connections.kept.get()[0].info.backend_pid == mine, "the child has ended the parent's connection"
print("fine")
"""


@pytest.mark.parametrize("where", ["database", "embedded"])
def test_a_fork_connects_anew_and_leaves_the_parents_connection_alone(shop, where):
    dsn = shop.dsn if where == "database" else "embedded:"
    with shop.open(connection_string=dsn) as opened:
        opened.apply()
        done = subprocess.run(
            [sys.executable, "-c", FORKED, str(shop.root), dsn],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("fine\n", "")


# -- interrupts -----------------------------------------------------------------------------------------

INTERRUPTED = """
import os, random, signal, sys, threading, time
import pgmg
rng = random.Random(int(sys.argv[3]))
project = pgmg.Project.open(sys.argv[1], connection_string=sys.argv[2])
calls = [project.plan, project.status, project.diff, project.graph]
interrupted = 0
for number in range(int(sys.argv[4])):
    call = rng.choice(calls)
    timer = threading.Timer(rng.random() * 0.03, os.kill, [os.getpid(), signal.SIGINT])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # while a thread starts, it would be lost or end it
    timer.start()
    try:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            call()
        finally:
            timer.join()
            time.sleep(0.001)
    except KeyboardInterrupt:
        interrupted += 1
    assert project.plan().is_empty, "a later plan is whole"
print(interrupted)
"""


def test_after_a_ctrl_c_anywhere_the_next_question_is_answered(shop):
    shop.apply()
    words = [sys.executable, "-c", INTERRUPTED, str(shop.root), shop.dsn, "1", "60"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, check=False)
    assert done.stderr == ""
    assert int(done.stdout) > 10


@pytest.mark.parametrize("state", ["active", "failed", "open", "pipeline", "closed"])
def test_whatever_state_a_connection_was_left_in(shop, state):
    shop.apply()
    with shop.open() as opened:
        opened.plan()
        conn, _ = opened._connections.kept.get()
        match state:
            case "active":
                conn.pgconn.send_query(b"SELECT pg_sleep(0.05)")
                assert conn.info.transaction_status is TransactionStatus.ACTIVE
            case "failed":
                conn.execute("BEGIN")
                with pytest.raises(psycopg.Error):
                    conn.execute("SELECT nonsense")
            case "open":
                conn.execute("BEGIN")
            case "pipeline":
                conn.pgconn.enter_pipeline_mode()
            case "closed":
                conn.pgconn.finish()
        assert opened.plan().is_empty
        assert opened.status().applied == ("001.sql",)


def test_an_interrupt_stays_itself(shop, monkeypatch):
    """It is no pgmg error, whatever the connection says to it."""
    shop.apply()
    with shop.open() as opened:
        opened.plan()
        conn, _ = opened._connections.kept.get()
        shop.write("sql/v0.sql", "CREATE VIEW v0 AS SELECT 1 AS one;")

        def interrupted(*_):
            conn.pgconn.send_query(b"SELECT pg_sleep(0.05)")
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("pgmg.planning.steps.plan_builder.order", interrupted)
            with pytest.raises(KeyboardInterrupt):
                opened.plan()
        assert len(opened.plan().changes) == 1


class Interrupting:
    """A listener that interrupts when the nth step begins."""

    def __init__(self, number):
        self.left = number

    def __call__(self, event):
        if isinstance(event, StepBegun):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt


def test_an_interrupted_apply_says_that_nothing_has_changed(shop):
    before = dump(shop.dsn)
    with shop.open() as opened:
        with pytest.raises(KeyboardInterrupt) as caught:
            opened.apply(listener=Interrupting(3))
        assert caught.value.__notes__ == ["Nothing has been changed."]
        assert differences(before, dump(shop.dsn)) == []
        assert opened.apply().applied
    shop.settled()


def test_an_interrupted_apply_says_which_groups_are_there(shop):
    shop.apply()
    shop.write("migrations/002.sql", "CREATE TABLE more (id integer);")
    shop.write("migrations/003.sql", "-- pgmg: no-transaction\nVACUUM users;")
    shop.write("migrations/004.sql", "CREATE TABLE most (id integer);")
    with shop.open() as opened:
        with pytest.raises(KeyboardInterrupt) as caught:
            opened.apply(listener=Interrupting(2))
        (said,) = caught.value.__notes__
        assert said.startswith("Already committed: 002.sql, 003.sql.")
        assert opened.apply().migrations_recorded == ("004.sql",)


@pytest.mark.parametrize("is_late", [False, True])
def test_an_interrupt_during_the_commit_is_looked_into(shop, monkeypatch, is_late):
    """Whether the server committed is known to the server alone."""
    from psycopg import Connection

    real = Connection.execute

    def execute(self, query, *rest, **more):
        if query == "COMMIT" and self.info.transaction_status is TransactionStatus.INTRANS and ours(self):
            if is_late:
                real(self, query)
            raise KeyboardInterrupt
        return real(self, query, *rest, **more)

    def ours(conn):
        return real(conn, "SELECT to_regclass('public.pgmg_state')::text").fetchone()[0] is not None

    with shop.open() as opened, monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", execute)
        with pytest.raises(KeyboardInterrupt) as caught:
            opened.apply()
    expected = "All of it had been committed already." if is_late else "Nothing has been changed."
    assert caught.value.__notes__ == [expected]
    assert (shop.value("SELECT to_regclass('v0')::text") is not None) is is_late


def test_an_interrupt_after_the_last_commit_says_that_all_is_done(shop):
    """Listeners are told of it only then."""

    def listener(event):
        if isinstance(event, Recorded):
            raise KeyboardInterrupt

    with shop.open() as opened:
        with pytest.raises(KeyboardInterrupt) as caught:
            opened.apply(listener=listener)
        assert caught.value.__notes__ == ["All of it had been committed already."]
        assert opened.plan().is_empty


def test_the_command_line_says_what_became_of_it(shop):
    shop.write("migrations/002.sql", "SELECT pg_sleep(30);")
    variables = {**os.environ, "PGMG_CONNECTION_STRING": shop.dsn}
    with subprocess.Popen(
        [sys.executable, "-m", "pgmg", "apply"],
        cwd=shop.root,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        until = time.monotonic() + 60
        while time.monotonic() < until and not shop.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%%pg_sleep(30)%%' AND pid <> pg_backend_pid()"
        ):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted. Nothing has been changed." in said
    assert shop.value("SELECT to_regclass('users')::text") is None


@pytest.mark.parametrize("seed", range(2))
def test_random_interrupts_of_an_apply_leave_all_or_nothing(shop, seed):
    """Whatever the note says is so."""
    rng = random.Random(seed)
    before = dump(shop.dsn)
    with shop.open() as opened:
        for _ in range(6):
            try:
                opened.apply(listener=Interrupting(rng.randrange(20)))
            except KeyboardInterrupt as interrupt:
                assert interrupt.__notes__ == ["Nothing has been changed."]
                assert differences(before, dump(shop.dsn)) == []
            else:
                break
        else:
            opened.apply()
    shop.settled()
