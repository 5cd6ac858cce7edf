"""The advisory lock that keeps two applies apart, and who stands in the way of others (rule 9.3)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from pgmg.errors import LockedError, PgmgError
from pgmg.model.events import Listener, Waiting
from pgmg.model.secrets import mask_secrets

_POLL = 0.1  # seconds
_UNHURRIED = 1.0  # seconds until somebody asks who is in the way, where no lock_timeout presses

_HOLDER = """
SELECT a.pid, a.application_name, a.state, left(a.query, 200)
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
  AND l.classid::int8 = ($1::int8 >> 32) & 4294967295 AND l.objid::int8 = $1::int8 & 4294967295
"""
_BLOCKERS = """
SELECT a.pid, a.application_name, a.state, left(a.query, 200)
FROM unnest(pg_catalog.pg_blocking_pids($1)) AS b(pid) JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
"""

Connect = Callable[[], psycopg.Connection[tuple[Any, ...]]]


def lock_key(state_schema: str) -> int:
    """Return the key of a project's lock: one for each state schema of a database."""
    digest = hashlib.sha256(f"pgmg:{state_schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def begin_locked(conn: psycopg.Connection[Any], key: int, patience: float, listener: Listener) -> None:
    """Begin a transaction that holds the transaction-scoped advisory lock.

    Between two attempts there is no transaction: a concurrent index build of whoever has the lock waits for the end
    of every transaction that it sees a snapshot of, and would never get past one that waits for the lock.

    Raises:
        LockedError: another apply kept it longer than `patience` seconds.
    """
    # without parameters it goes out as a simple query, whose snapshot ends with it
    attempt = sql.SQL("SELECT pg_catalog.pg_try_advisory_xact_lock({})").format(sql.Literal(key))
    began = time.monotonic()
    announced = 0.0
    while True:
        conn.execute("BEGIN")
        row = conn.execute(attempt).fetchone()
        if row is not None and row[0]:
            return
        conn.execute("ROLLBACK")
        waited = time.monotonic() - began
        if waited >= announced:
            holder = _describe(conn.execute(_HOLDER, [key]).fetchall())
            listener(Waiting(f"another apply is running: {holder}", waited))
            announced = waited + 1
        if waited > patience:
            holder = _describe(conn.execute(_HOLDER, [key]).fetchall())
            raise LockedError(
                f"Another apply has been running for more than {patience:.0f} s: {holder}.",
                hint="Wait for it, or end it with pg_terminate_backend(pid).",
            )
        time.sleep(_POLL)


def refuse_if_locked(conn: psycopg.Connection[Any], state_schema: str) -> None:
    """Take the lock of another project as well, for the transaction that is open.

    Raises:
        LockedError: an apply of that project is running.
    """
    key = lock_key(state_schema)
    row = conn.execute("SELECT pg_catalog.pg_try_advisory_xact_lock($1)", [key]).fetchone()
    if row is None or not row[0]:
        holder = _describe(conn.execute(_HOLDER, [key]).fetchall())
        raise LockedError(
            f"An apply of the project in schema {state_schema} is running: {holder}.", hint="Wait for it."
        )


class LockWatch:
    """Finds out who blocks a statement, from a second connection, while it still waits.

    `every` says how often `tick` wants to be called.
    """

    def __init__(self, conn: psycopg.Connection[Any], connect: Connect, timeout: float, listener: Listener) -> None:
        self._pid = conn.info.backend_pid
        self._connect = connect
        self._after = timeout / 2 or _UNHURRIED
        self.every = min(max(timeout / 10, 0.01), _POLL)
        self._listener = listener
        self._other: psycopg.Connection[Any] | None = None
        self._asked = False
        self.blockers: str | None = None

    def begin(self) -> None:
        """A new statement starts."""
        self._asked = False

    def tick(self, silent: float) -> None:
        """Ask once a statement has been silent for long enough."""
        if self._asked or silent < self._after:
            return
        self._asked = True
        try:
            self._other = self._other or self._connect()
            rows = self._other.execute(_BLOCKERS, [self._pid]).fetchall()
        except (psycopg.Error, PgmgError):
            return  # who blocks is nice to know, never worth failing for
        if rows:
            self.blockers = _describe(rows)
            self._listener(Waiting(f"a lock is held by {self.blockers}", silent))

    def close(self) -> None:
        """Close the second connection, if there was need for one."""
        if self._other is not None:
            self._other.close()


def _describe(rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return "a session that has gone meanwhile"
    return "; ".join(
        f"pid {pid}{f' ({name})' if name else ''}, {state or 'state unknown'}: {_one_line(query or '')}"
        for pid, name, state, query in rows
    )


def _one_line(query: str) -> str:
    """Return what another session runs, as it may be shown (rule 11.3)."""
    return " ".join(mask_secrets(query).split())
