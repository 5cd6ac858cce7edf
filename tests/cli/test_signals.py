"""Ctrl-C, SIGTERM and SIGHUP end a command in the same way: cancelled on the server, rolled back, said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from pgmg.cli.signals import Terminated, raising_signals

SAID = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM", signal.SIGHUP: "ended by SIGHUP"}


@pytest.fixture(autouse=True)
def _as_a_program_finds_them():
    """Set the handlers to those of a new process: a library of an earlier test may have left its own."""
    defaults = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def applying(project):
    """Start an apply that is then ended while its server process sleeps; returns its exit code and what it said."""

    def run(number: int, *words: str) -> tuple[int, str]:
        env = {**os.environ, "PGMG_CONNECTION_STRING": project.dsn}
        command = [sys.executable, "-m", "pgmg", "apply", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with (
            subprocess.Popen(command, cwd=project.root, env=env, **pipes) as process,
            psycopg.connect(project.dsn, autocommit=True) as conn,
        ):
            asleep = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
            while not (found := conn.execute(asleep).fetchone()):
                assert process.poll() is None, process.communicate()
            process.send_signal(number)
            out, err = process.communicate()
            gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
            while conn.execute(gone, found).fetchone() != (0,):
                pass  # its session ends: nothing is left running on the server
        assert "Traceback" not in out + err
        return process.returncode, err

    return run


@pytest.mark.parametrize("number", SAID)
def test_an_apply_is_cancelled_and_rolled_back(project, applying, number):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);\nSELECT pg_sleep(3600);")
    code, said = applying(number)
    assert code == 128 + number
    assert SAID[number] in said
    assert "Nothing has been changed." in said
    assert project.value("SELECT to_regclass('t')") is None


def test_what_was_committed_before_is_said(project, applying):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY i ON t (id);")
    project.write("migrations/003.sql", "CREATE TABLE u (id integer);\nSELECT pg_sleep(3600);")
    _, said = applying(signal.SIGTERM)
    assert "Already committed: 001.sql, 002.sql. The next apply continues from there." in said
    assert project.rows("SELECT name FROM pgmg_migrations ORDER BY 1") == [("001.sql",), ("002.sql",)]
    assert project.value("SELECT to_regclass('u')") is None


def test_a_signal_that_is_ignored_stays_ignored():
    """As after `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with raising_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_that_arrives_in_a_destructor_is_not_lost():
    """Python prints and drops what is raised there."""

    class Unlucky:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)

    def work():
        unlucky = Unlucky()
        del unlucky  # the destructor runs here; to collect all garbage would run those of other tests as well
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass  # another thread may be the one that the signal reaches
        return "went on"

    with pytest.raises(Terminated) as caught, raising_signals():
        work()
    assert caught.value.number == signal.SIGTERM


def test_handlers_are_put_back_and_other_threads_leave_them_alone():
    before = [signal.getsignal(number) for number in SAID]
    with raising_signals():
        pass
    assert [signal.getsignal(number) for number in SAID] == before
    seen = []

    def work():
        with raising_signals():
            seen.extend(signal.getsignal(number) for number in SAID)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == before
