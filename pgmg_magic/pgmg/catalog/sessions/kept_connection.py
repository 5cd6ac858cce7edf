"""Keeps one connection for the next question: whatever an exception or a fork left unfit for it is thrown away."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import ConnStatus, PipelineStatus, TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.catalog.sessions.connection import Connection


class KeptConnection:
    """One connection of one process. It is not to be used by two threads at a time."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._conn: Connection | None = None
        self._process = os.getpid()
        self._inherited: list[Connection] = []
        """Connections of the parent process: never closed here, for that would end them there."""

    def get(self) -> tuple[Connection, bool]:
        """Return a connection that is idle, and whether it is one that was kept.

        Raises:
            ConnectionFailedError, EmbeddedServerError: there is none to be had.
        """
        if self._process != os.getpid():
            self.after_fork()
        conn = self._conn
        if conn is not None and is_idle(conn):
            return conn, True
        self.drop()
        conn = self._conn = self._connect()
        return conn, False

    def current(self) -> Connection | None:
        """Return the connection that is kept in this process, fit or not."""
        return self._conn if self._process == os.getpid() else None

    def drop(self) -> None:
        """Close the connection."""
        conn, self._conn = self._conn, None
        if conn is not None and self._process == os.getpid():
            with suppress(psycopg.Error):
                conn.close()

    def after_fork(self) -> None:
        """Leave the connection to the parent process."""
        if self._conn is not None:
            self._inherited.append(self._conn)
        self._conn, self._process = None, os.getpid()


def is_idle(conn: Connection) -> bool:
    """Say whether a connection can take a command: an exception may have left it in the middle of another one."""
    pgconn = conn.pgconn
    return (
        not conn.closed
        and pgconn.status == ConnStatus.OK
        and pgconn.transaction_status == TransactionStatus.IDLE
        and pgconn.pipeline_status == PipelineStatus.OFF
    )
