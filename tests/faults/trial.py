"""One trial: a copy of the database, an apply that is broken at a boundary, the next apply, and what is there then."""

from __future__ import annotations

import os
import signal
import time
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo, sql

import pgmg
from tests.faults import scenario
from tests.faults.proxy import Breaking, Harm, Proxy
from tests.oracle import differences, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 300  # seconds for one apply, on a machine with other work


@dataclass(frozen=True)
class Wanted:
    """The database before, to be copied, and what is to be there in the end."""

    root: Path
    before: str
    objects: dict[str, str]
    rows: dict[str, list[tuple]]
    boundaries: int


@dataclass(frozen=True)
class Outcome:
    """`found` is what is wrong in the end, empty where nothing is; `state` what the broken apply left."""

    at: int
    happened: bool
    before: str
    state: str
    asked: int
    found: str


@contextmanager
def copy_of(dsn: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to; dropped at the end."""
    name = f"pgmg_fault_{uuid.uuid4().hex[:12]}"
    admin = conninfo.make_conninfo(dsn, dbname="postgres")
    with psycopg.connect(admin, autocommit=True) as conn:
        template = sql.Identifier(str(conninfo.conninfo_to_dict(dsn)["dbname"]))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), template))
    try:
        yield conninfo.make_conninfo(dsn, dbname=name)
    finally:
        with psycopg.connect(admin, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def prepare(root: Path, before: str) -> Wanted:
    """Lay the scenario into an empty database, and see what an apply that nothing breaks leaves."""
    scenario.lay(root, before)
    with copy_of(before) as dsn:
        breaking = Breaking(Harm.CUT, -1, dsn)
        assert _applied(root, breaking), "the apply that nothing breaks has failed"
        return Wanted(root, before, dump(dsn), scenario.rows(dsn), breaking.passed)


def tried(wanted: Wanted, harm: Harm, at: int) -> Outcome:
    """Break an apply at a boundary and let the next one finish."""
    with copy_of(wanted.before) as dsn:
        breaking = Breaking(harm, at, dsn)
        _applied(wanted.root, breaking)
        _left_alone(dsn)
        state = _state(dsn)
        try:
            asked = scenario.apply(wanted.root, dsn)
            with pgmg.Project.open(wanted.root, connection_string=dsn) as project:
                left = [step.sql for step in project.plan().steps]
        except pgmg.PgmgError as error:
            return Outcome(at, breaking.happened, breaking.before, state, 0, f"the next apply fails: {error}")
        found = [f"still planned: {text}" for text in left] + differences(wanted.objects, dump(dsn))
        now = scenario.rows(dsn)
        found += [f"{name}: {now[name]}, not {rows}" for name, rows in wanted.rows.items() if now[name] != rows]
        return Outcome(at, breaking.happened, breaking.before, state, asked, "\n".join(found))


def _applied(root: Path, breaking: Breaking) -> bool:
    """Apply through the proxy in a process of its own; say whether it said that it had succeeded."""
    proxy = Proxy(breaking)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the parent, which the child does not need
        child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(_LONGEST)
            scenario.apply(root, proxy.dsn)
            status = 0
        except pgmg.PgmgError:
            status = 2
        finally:
            os._exit(status)
    breaking.process = child
    proxy.start()
    _, status = os.waitpid(child, 0)
    proxy.close()
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 2, -signal.SIGKILL), f"apply ended with {code} at {breaking.at}, before {breaking.before}"
    return code == 0


def _left_alone(dsn: str) -> None:
    """Wait until no session is left in the database: a server notices on its own time."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    with psycopg.connect(dsn, autocommit=True) as conn:
        end = time.monotonic() + _LONGEST
        while conn.execute(others).fetchone() != (0,):
            assert time.monotonic() < end, "a session stays"
            time.sleep(0.02)


def _state(dsn: str) -> str:
    """Return what a broken apply left, in a word: how many of the migrations are recorded."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        done = conn.execute("SELECT count(*) FROM pgmg_migrations WHERE name <> '001_tables.sql'").fetchone()
        progress = conn.execute("SELECT to_regclass('pgmg_progress')").fetchone()
        begun = progress != (None,) and conn.execute("SELECT count(*) FROM pgmg_progress").fetchone() != (0,)
    assert done is not None
    if done[0] == 0:
        return "before"
    if done[0] == sum(path.startswith("migrations/") for path in scenario.AFTER):
        return "after"
    return "within a migration" if begun else "between groups"
