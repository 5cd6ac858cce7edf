"""Whoever is in the way is named, and readers do not pay for several waits in a row (rule 9.3)."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

import pgmg
from tests.bench.link import Link

HOW = {
    "reads": "SELECT * FROM users",
    "writes": "INSERT INTO users VALUES (2)",
    "locks": "LOCK TABLE users IN SHARE MODE",
    "reads a view": "SELECT * FROM names",
    "alters": "ALTER TABLE users ADD COLUMN other int",
}


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id FROM users;")
    project.apply()
    project.write("migrations/002.sql", "SELECT 1;\nALTER TABLE users ALTER COLUMN id TYPE bigint;")
    return project


def refused(project, **settings) -> str:
    patience = {"lock_timeout": "200ms", "lock_retries": 0}
    with project.open(**{**patience, **settings}) as opened, pytest.raises(pgmg.LockedError) as caught:
        opened.apply()
    return str(caught.value)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("round_trip", [0, 0.08])
def test_a_blocker_is_named_by_process_role_application_state_and_query(users, how, round_trip):
    """Over a slow link as well, where a second connection takes longer than the wait."""
    with Link(users.dsn, round_trip) as link, psycopg.connect(users.dsn, application_name="long report") as blocker:
        blocker.execute(HOW[how])
        said = refused(users, connection_string=link.dsn)
        role = blocker.execute("SELECT current_user").fetchone()[0]
        pid = blocker.info.backend_pid
    assert f"pid {pid} (long report), idle in transaction: " in said
    assert f"(role {role}, since " in said
    users.apply()
    users.settled()


def test_a_prepared_transaction_is_named(users):
    """Nobody is connected, and still it holds its locks."""
    if users.value("SHOW max_prepared_transactions") == "0":
        pytest.skip("only for servers with prepared transactions")
    with psycopg.connect(users.dsn) as conn:
        conn.tpc_begin(conn.xid(1, "half-way", "here"))
        conn.execute("INSERT INTO users VALUES (3)")
        conn.tpc_prepare()
        conn.tpc_reset() if hasattr(conn, "tpc_reset") else None
        said = refused(users)
        assert "the prepared transaction" in said
        assert "half-way" in said


def test_several_blockers_are_all_named(users):
    with (
        psycopg.connect(users.dsn, application_name="one") as one,
        psycopg.connect(users.dsn, application_name="two") as two,
    ):
        one.execute(HOW["reads"])
        two.execute(HOW["writes"])
        said = refused(users)
    assert "(one), idle in transaction" in said
    assert "(two), idle in transaction" in said


def test_a_role_that_may_see_little_still_names_the_process(users, role, server):
    """Another role's query is hidden by the server; its process and name are not."""
    name = role("pgmg_limited", "LOGIN PASSWORD 'x'")
    users.do(
        f"ALTER TABLE users OWNER TO {name}",
        f"ALTER VIEW names OWNER TO {name}",
        f"GRANT ALL ON SCHEMA public TO {name}",
        f"GRANT ALL ON pgmg_state, pgmg_migrations TO {name}",
    )
    dsn = psycopg.conninfo.make_conninfo(users.dsn, user=name, password="x")
    with psycopg.connect(users.dsn, application_name="hidden work") as blocker:
        blocker.execute(HOW["reads"])
        said = refused(users, connection_string=dsn)
        assert f"pid {blocker.info.backend_pid} (" in said
    assert "SELECT * FROM users" not in said.partition("hint:")[0].partition("held by")[2]


@contextmanager
def relay(dsn: str, tables: list[str], patience: float):
    """Hold each table until somebody has waited for it for so many seconds, by the server's clock."""
    ended = threading.Event()
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass AND clock_timestamp() - waitstart > %s"

    def keep(name: str) -> None:
        with psycopg.connect(dsn) as conn, psycopg.connect(dsn, autocommit=True) as looking:
            conn.execute(f"SELECT * FROM {name}")
            held.wait()
            while not ended.is_set() and looking.execute(waits, [name, timedelta(seconds=patience)]).fetchone() == (0,):
                pass

    held = threading.Barrier(len(tables) + 1)
    threads = [threading.Thread(target=keep, args=(name,)) for name in tables]
    for thread in threads:
        thread.start()
    held.wait()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_lock_timeout_is_a_budget_for_all_waits_of_a_group(project):
    """Each of five tables is waited for three tenths of a second: too long together under half a second, not under ten."""
    names = [f"t{number}" for number in range(5)]
    project.write("migrations/001.sql", "".join(f"CREATE TABLE {name} (a int);" for name in names))
    for name in names:
        project.write(f"sql/{name}.sql", f"CREATE VIEW v_{name} AS SELECT a FROM {name};")
    project.apply()
    project.write("migrations/002.sql", "".join(f"ALTER TABLE {name} ALTER a TYPE bigint;" for name in names))
    with (
        relay(project.dsn, names, 0.3),
        project.open(lock_timeout="500ms", lock_retries=0) as opened,
        pytest.raises(pgmg.LockedError) as caught,
    ):
        opened.apply()
    assert "pid " in str(caught.value)
    with relay(project.dsn, names, 0.3), project.open(lock_timeout="30s", lock_retries=0) as opened:
        opened.apply()
    project.settled()


def test_a_long_statement_of_its_own_is_no_wait(users):
    """Only waiting for locks counts: work takes as long as it takes."""
    users.write(
        "migrations/002.sql",
        "ALTER TABLE users ALTER COLUMN id TYPE bigint;\nSELECT pg_sleep(0.6);\nALTER TABLE users ADD b int;",
    )
    with users.open(lock_timeout="100ms", lock_retries=0) as opened:
        assert opened.apply().applied
    users.settled()


def test_the_number_of_attempts_is_an_option(users, monkeypatch):
    from click.testing import CliRunner

    from pgmg.cli.main import program

    monkeypatch.chdir(users.root)
    with psycopg.connect(users.dsn) as blocker:
        blocker.execute(HOW["reads"])
        said = {}
        for attempts in ("1", "3"):
            words = ["apply", "--lock-attempts", attempts, "--lock-timeout", "50ms", "--connection-string", users.dsn]
            done = CliRunner().invoke(program, words)
            assert done.exit_code == 1
            said[attempts] = done.stderr.count("Retrying")
    assert said["3"] - said["1"] == 2, said
    assert CliRunner().invoke(program, ["apply", "--lock-attempts", "0"]).exit_code == 1


def test_readers_of_a_recreated_view_wait_for_one_budget_at_most(project):
    """A row of views over tables that others read: the longest wait of a reader is measured, and printed with -s."""
    project.write("migrations/001.sql", "CREATE TABLE t (a int);")
    for number in range(6):
        project.write(
            f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT a FROM {f'v{number - 1}' if number else 't'};"
        )
    project.apply()
    project.write("migrations/002.sql", "ALTER TABLE t ALTER a TYPE bigint;")
    longest, failures, stop = [0.0], [], threading.Event()

    def read() -> None:
        with psycopg.connect(project.dsn, autocommit=True, prepare_threshold=None) as conn:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    conn.execute("SELECT * FROM v5")
                except psycopg.Error as error:
                    failures.append(error)
                longest[0] = max(longest[0], time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with relay(project.dsn, ["v1", "v3", "t"], 0.2), project.open(lock_timeout="300ms", lock_retries=30) as opened:
            opened.apply()
    finally:
        stop.set()
        reader.join()
    assert failures == []
    project.settled()
