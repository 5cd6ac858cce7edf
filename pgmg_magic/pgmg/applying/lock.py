"""The advisory lock that keeps two applies apart (rule 9.3)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from pgmg.catalog.sessions.blockers import lock_owner
from pgmg.catalog.sessions.connection import manner_of, note_server_process
from pgmg.errors import LockedError
from pgmg.model.results.events import Listener, Waiting

_POLL = 0.1  # seconds

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
    attempt = sql.SQL("SELECT pg_catalog.pg_try_advisory_xact_lock({}), pg_catalog.pg_backend_pid()")
    began = time.monotonic()
    announced = 0.0
    while True:
        conn.execute("BEGIN")
        row = conn.execute(attempt.format(sql.Literal(key))).fetchone()
        if row is not None and row[0]:
            note_server_process(conn, row[1])
            for statement in manner_of(conn).statements:
                conn.execute(statement)
            return
        conn.execute("ROLLBACK")
        waited = time.monotonic() - began
        if waited >= announced:
            listener(Waiting(f"another apply is running: {lock_owner(conn, key)}", waited))
            announced = waited + 1
        if waited > patience:
            raise LockedError(
                f"Another apply has been running for more than {patience:.0f} s: {lock_owner(conn, key)}.",
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
        holder = lock_owner(conn, key)
        raise LockedError(
            f"An apply of the project in schema {state_schema} is running: {holder}.", hint="Wait for it."
        )
