"""An apply that is ended at any moment leaves the database exactly as it was, or exactly as it was to be.

Each test harms every fourth moment, each of them another fourth; with PGMG_EVERY_MOMENT=1 all. `python -m tests.faults`
harms every message of a larger plan.
"""

from __future__ import annotations

import os
import re
import signal
import time
import warnings

import psycopg
import pytest

import pgmg
from tests.applying import harm
from tests.applying.everything import ALL, lay_after, lay_before
from tests.oracle import differences, dump

STEP = 1 if os.environ.get("PGMG_EVERY_MOMENT") == "1" else 4

_TOUCHED = [
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_type",
    "pg_proc",
    "pg_rewrite",
    "pg_depend",
    "pg_description",
    "pg_enum",
    "pg_constraint",
    "pg_trigger",
    "pg_policy",
    "pg_default_acl",
    "pg_namespace",
    "pg_index",
]


def every_row(dsn: str, *tables: str) -> list[tuple]:
    """Which version of which row there is: nothing at all was committed where this is the same as before."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        said = []
        for table in (*_TOUCHED, *tables):
            query = f"SELECT count(*), md5(string_agg(concat(t.ctid, t.xmin), ',' ORDER BY t.ctid)) FROM {table} t"
            said.append((table, *conn.execute(query).fetchone()))
        return said


def left_alone(dsn: str) -> None:
    """Wait until no session is left in the database: a server notices on its own time."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for _ in range(200):
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            if conn.execute(others).fetchone() == (0,):
                return
            time.sleep(0.02)
    raise AssertionError("a session stays")


def apply(root, dsn: str, at: int = -1, how: str = "terminate", **counted) -> harm.Moments:
    """Apply, with harm at a moment; in this process. `counted` says what makes a moment."""
    moments = harm.Moments(at, getattr(harm, how), how == "terminate", **{"reading": False, **counted})
    with harm.watched(moments), pgmg.Project.open(root, connection_string=dsn) as project:
        try:
            project.apply()
        except pgmg.PgmgError:
            if not moments.happened:
                raise
    return moments


@pytest.fixture
def laid(project):
    lay_before(project)
    lay_after(project)
    return project


def test_the_plan_has_every_kind_of_step(laid):
    """What is harmed below stands for all that pgmg does."""
    assert {step.action for step in laid.plan().steps} == ALL


@pytest.mark.parametrize("how", ["terminate", "cut"])
def test_an_apply_that_loses_its_session_at_any_moment_changes_nothing(laid, how):
    """Before and after every statement; the next apply then finishes."""
    tables = ("users", "pgmg_state", "pgmg_migrations")
    before, dumped = every_row(laid.dsn, *tables), dump(laid.dsn)
    at = ("terminate", "cut").index(how) % STEP
    while True:
        moments = apply(laid.root, laid.dsn, at, how, reading=how == "terminate")
        left_alone(laid.dsn)
        if not moments.happened:
            break
        assert every_row(laid.dsn, *tables) == before, f"changed at {at}, before {moments.said[-1]}"
        at += STEP
    assert at > 30
    assert differences(dumped, dump(laid.dsn)) != []
    laid.settled()
    assert laid.rows("SELECT age FROM users") == [(31,)]


def killed(root, dsn: str, at: int) -> bool:
    """Apply in a process of its own that is killed at a moment; say whether the moment came."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests, which the child does not need
        child = os.fork()
    if not child:
        try:
            apply(root, dsn, at, "kill")
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


def test_an_apply_whose_process_is_killed_at_any_moment_changes_nothing(laid):
    """SIGKILL before and after every statement; the next apply then finishes."""
    tables = ("users", "pgmg_state", "pgmg_migrations")
    before = every_row(laid.dsn, *tables)
    at = 2 % STEP
    while killed(laid.root, laid.dsn, at):
        left_alone(laid.dsn)
        assert every_row(laid.dsn, *tables) == before, f"changed at {at}"
        at += STEP
    assert at > 30
    laid.settled()
    assert laid.rows("SELECT age FROM users") == [(31,)]


def test_a_connection_cut_while_it_commits_leaves_before_or_after(laid):
    """Nobody can know which; the error says so, and the next apply does what is left, if anything."""
    execute = psycopg.Connection.execute

    def cut_at_commit(self, query, *args, **kwargs):
        if query != "COMMIT":
            return execute(self, query, *args, **kwargs)
        self.pgconn.send_query(b"COMMIT")
        self.pgconn.flush()
        harm.cut(self)
        raise psycopg.OperationalError("cut")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", cut_at_commit)
        with pytest.raises(pgmg.ApplyError):
            laid.apply()
    left_alone(laid.dsn)
    laid.apply()
    laid.settled()
    assert laid.rows("SELECT age FROM users") == [(31,)]


# -- several groups ---------------------------------------------------------------------------------------------

GROUPS = {
    "migrations/001_users.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);",
    "migrations/002_index.sql": "CREATE INDEX CONCURRENTLY users_name ON users (name);",
    "migrations/003_step_by_step.sql": "-- pgmg: no-transaction\n"
    "INSERT INTO users VALUES (1, 'ann', 30);\n"
    "UPDATE users SET age = age + 1;\n"
    "CREATE INDEX CONCURRENTLY users_age ON users (age);\n"
    "UPDATE users SET age = age + 1;\n"
    "DROP INDEX CONCURRENTLY users_age;\n"
    "BEGIN; UPDATE users SET age = age + 1; UPDATE users SET age = age + 1; COMMIT;\n"
    "VACUUM users;\n",
    "migrations/004_more.sql": "ALTER TABLE users ADD COLUMN more text;",
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;",
    "sql/more.sql": "CREATE VIEW more AS SELECT id, more FROM users;",
}


def leaves_a_trace(statement: str) -> bool:
    """What only sets or reads something makes no difference: harm before it is harm before what follows."""
    return re.match(r"SELECT|SET|RESET|DISCARD|DEALLOCATE|BEGIN$|Composed.*(?:SELECT|WITH)", statement) is None


def ends_something(statement: str) -> bool:
    """A statement of the migration itself, and a commit."""
    return statement == "COMMIT" or any(statement in text for text in GROUPS.values())


@pytest.mark.parametrize(("how", "counts"), [("terminate", leaves_a_trace), ("cut", ends_something)])
def test_several_groups_broken_at_any_moment_are_finished_by_the_next_apply(project, how, counts):
    """What was committed is not done again, what was not is done; nothing is done twice, nothing left out."""
    for path, text in GROUPS.items():
        project.write(path, text)
    at, wanted = ("cut", "terminate").index(how) % STEP, None
    while True:
        moments = apply(project.root, project.dsn, at, how, pipelines=False, counts=counts)
        left_alone(project.dsn)
        apply(project.root, project.dsn)
        project.settled()
        assert project.rows("SELECT * FROM users") == [(1, "ann", 34, None)], (at, moments.said[-1])
        indexes = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'users'::regclass AND indisvalid"
        assert sorted(project.rows(indexes)) == [("users_name",), ("users_pkey",)]
        assert project.rows("SELECT * FROM pgmg_progress") == []
        if at >= STEP and at % 20 < STEP:
            wanted = wanted or dump(project.dsn)
            assert differences(wanted, dump(project.dsn)) == []
        if not moments.happened:
            break
        project.do("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        at += STEP
    assert at > 20
