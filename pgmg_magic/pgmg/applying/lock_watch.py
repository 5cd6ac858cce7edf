"""Finds out who blocks a statement while it waits, and ends the wait when a group has waited long enough (rule 9.3)."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from pgmg.applying.failing.locate import relations_of
from pgmg.catalog.sessions.blockers import blocking_sessions, lock_holders
from pgmg.catalog.sessions.connection import server_pid
from pgmg.errors import PgmgError
from pgmg.model.results.events import Listener, Waiting

if TYPE_CHECKING:
    from pgmg.applying.lock import Connect
    from pgmg.model.plans.plan import Step

_SOON, _LATE = 0.02, 1.0
"""Seconds of silence after which somebody looks: as a tenth of lock_timeout, within these bounds."""

_EVERY = 0.05
"""Seconds between two looks while a statement is silent."""

_CANCELLED = "57014"


class LockWatch:
    """Watches the statements of one group. Another connection looks, so that a blocker is named while it blocks.

    lock_timeout limits each wait of a statement; the watch limits them all together, so that readers of what is locked
    first do not wait for several timeouts in a row. `every` says how often `tick` wants to be called, in seconds.
    """

    def __init__(self, conn: psycopg.Connection[Any], connect: Connect, timeout: float, listener: Listener) -> None:
        self._conn, self._connect, self._listener = conn, connect, listener
        self._budget = timeout
        self._after = min(max(timeout / 10, _SOON), _LATE) if timeout else _LATE
        self.every = min(self._after, _EVERY)
        self._observer: _Observer | None = None
        self._announced: str | None = None
        self._is_limited = True
        self._is_over = False

    def begin(self, *, limited: bool = True) -> None:
        """A new statement starts; `limited` says whether its waits count."""
        self._announced, self._is_limited = None, limited
        if self._observer is not None:
            self._observer.looks.clear()

    def tick(self, silent: float) -> None:
        """Look once a statement has been silent for long enough; cancel it when the group has waited too long."""
        if silent < self._after:
            return
        if self._observer is None:
            self._observer = _Observer(self._connect, server_pid(self._conn))
        self._observer.looks.set()
        said = self._observer.blockers
        if said is not None and said != self._announced:
            self._announced = said
            self._listener(Waiting(f"a lock is held by {said}", silent))
        if self._is_limited and 0 < self._budget < self._observer.waited and not self._is_over:
            self._is_over = True
            with suppress(psycopg.Error):
                self._conn.cancel_safe(timeout=1.0)

    def meant(self, error: psycopg.Error) -> psycopg.Error:
        """Return the error for a statement that failed: one that was cancelled here had waited too long for a lock."""
        if self._is_over and error.sqlstate == _CANCELLED:
            return errors.LockNotAvailable("canceling statement: this group has waited for locks for lock_timeout")
        return error

    def blockers(self, step: Step | None, number: int) -> str | None:
        """Describe who blocked the group: as observed or, where nobody could, as the server tells now."""
        if self._observer is not None and self._observer.last is not None:
            return self._observer.last
        try:
            return lock_holders(self._conn, relations_of(step, number), readers=True)
        except psycopg.Error:
            return None  # it is nice to know, never worth failing for

    def close(self) -> None:
        """Close the other connection, if there was need for one."""
        if self._observer is not None:
            self._observer.end()
            self._observer = None


class _Observer:
    """Looks from a thread of its own: behind a pooler with a single connection it would wait for the one it watches."""

    def __init__(self, connect: Connect, pid: int) -> None:
        self._connect, self._pid = connect, pid
        self._ended = threading.Event()
        self._wire: int | None = None
        self.looks = threading.Event()
        self.blockers: str | None = None  # at the last look
        self.last: str | None = None  # whenever there were some
        self.waited = 0.0  # seconds, over all statements
        self._thread = threading.Thread(target=self._run, name="pgmg-locks", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(psycopg.Error, PgmgError, OSError), self._connect() as conn:
            self._wire = os.dup(conn.pgconn.socket)
            before: float | None = None
            while not self._ended.is_set():
                if not self.looks.wait(_EVERY):
                    self.blockers = before = None
                    continue
                self.blockers = blocking_sessions(conn, self._pid)
                now = time.monotonic()
                if self.blockers is not None:
                    self.last = self.blockers
                    self.waited += 0.0 if before is None else now - before
                before = now if self.blockers is not None else None
                self._ended.wait(_EVERY)

    def end(self) -> None:
        """Stop looking; whatever the thread waits for ends as its connection does."""
        self._ended.set()
        self._thread.join(_EVERY * 4)
        if self._wire is not None:
            with suppress(OSError), socket.socket(fileno=self._wire) as wire:
                if self._thread.is_alive():
                    wire.shutdown(socket.SHUT_RDWR)
