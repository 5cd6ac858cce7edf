"""A project's way to its server: starts the embedded one, keeps a connection, keeps threads and processes apart."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pgmg.config import EMBEDDED, Pooling
from pgmg.errors import ConfigError, ConnectionFailedError, LockedError, PgmgError
from pgmg.library_imports import DATABASE, import_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.catalog.servers.embedded import EmbeddedServer
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.catalog.sessions.kept_connection import KeptConnection
    from pgmg.catalog.sessions.session_manner import SessionManner
    from pgmg.catalog.wording.temporary_objects_reader import Scratch
    from pgmg.config import Settings

_Answer = TypeVar("_Answer")
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between attempts to read what an apply changes at the same time."""


class _Locks:
    """Locks between the threads of one process: one for starting the server, one for asking and planning."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.starting = threading.RLock()
        self.using = threading.RLock()


class Connections:
    """The connections of one project, `connect` being how it opens one.

    One thread asks at a time, on a connection that is kept; whoever applies has connections of its own. After a fork
    the child has locks and a connection of its own.
    """

    def __init__(self, settings: Settings, connect: Callable[[], Connection]) -> None:
        import_whole(*DATABASE)
        self._settings = settings
        self._connect = connect
        self._embedded: EmbeddedServer | None = None
        self._kept: KeptConnection | None = None
        self._own_locks = _Locks(os.getpid())

    @property
    def _locks(self) -> _Locks:
        """The locks of this process: those of a parent may be held by threads that are not here."""
        if self._own_locks.process != os.getpid():
            self._own_locks = _Locks(os.getpid())
        return self._own_locks

    @property
    def planning(self) -> threading.RLock:
        """To be held by whoever plans outside of `read`: a planner remembers what it has read."""
        return self._locks.using

    @property
    def kept(self) -> KeptConnection:
        """The connection that is kept for the next question."""
        if self._kept is None:
            from pgmg.catalog.sessions.kept_connection import KeptConnection

            self._kept = KeptConnection(self._connect)
        return self._kept

    # -- the server ---------------------------------------------------------------------------------------

    def dsn(self) -> str:
        """Return the connection string; the embedded server is started if need be.

        Raises:
            ConfigError: no server is named, or the project's folder is gone.
            EmbeddedServerError: the embedded server cannot be started.
        """
        dsn = self._settings.connection_string
        if dsn is None:
            raise ConfigError(
                "No server is named.",
                hint="Set connection_string in pgmg.toml, PGMG_CONNECTION_STRING, or use `embedded:`.",
            )
        if not dsn.startswith(EMBEDDED):
            return dsn
        with self._locks.starting:
            if self._embedded is not None and self._embedded.is_gone:
                self._leave_embedded()
            if self._embedded is None:
                root = self._settings.root
                if not root.is_dir():
                    raise ConfigError(f"The project's folder {root} is gone.", hint="Open it where it is now.")
                from pgmg.catalog.servers.embedded import acquire

                self._embedded = acquire(root / ".pgmg")
            return self._embedded.dsn

    def open(self) -> Connection:
        """Return a new connection; an embedded server that has ended is started again."""
        from pgmg.catalog.sessions.connection import connect

        manner = self._manner()
        is_embedded = (self._settings.connection_string or "").startswith(EMBEDDED)
        try:
            return connect(self.dsn(), manner, is_complete=is_embedded)
        except ConnectionFailedError:
            if not is_embedded:
                raise
        with self._locks.starting:
            self._leave_embedded()
        return connect(self.dsn(), manner, is_complete=True)

    def _manner(self) -> SessionManner:
        from pgmg.catalog.sessions.session_manner import SessionManner

        settings = self._settings
        return SessionManner(settings.role, settings.session_settings, settings.pooler is Pooling.SESSION)

    def make_room(self) -> None:
        """Close the connection that is kept if it leads through a pooler: a pool may have no other one."""
        from pgmg.catalog.sessions.connection import is_pooled

        with self._locks.using:
            if (conn := self.kept.current()) is not None and is_pooled(conn):
                self.kept.drop()

    @property
    def server(self) -> str:
        """One line that names the server in use; no password."""
        from pgmg.catalog.sessions.connection import describe

        dsn = self.dsn()
        return self._embedded.description if self._embedded is not None else describe(dsn)

    def close(self) -> None:
        """Close the connection that is kept; stop the embedded server if nobody else uses it."""
        with self._locks.using:
            self.kept.drop()
        with self._locks.starting:
            self._leave_embedded()

    def _leave_embedded(self) -> None:
        if self._embedded is not None:
            self._embedded.release()
            self._embedded = None

    # -- asking -------------------------------------------------------------------------------------------

    def read(self, ask: Callable[[Connection], _Answer], search_path: str | None) -> _Answer:
        """Ask inside one read-only transaction of the connection that is kept; between two attempts others may."""
        from pgmg.catalog.sessions.connection import UnansweredError

        pauses, waits = iter(_PAUSES), iter(range(1, self._settings.lock_retries + 1))
        while True:
            kept = False
            try:
                with self._locks.using:
                    conn, kept = self._idle()
                    return self._orderly(partial(self._ask, ask, conn, search_path, keeps=kept))
            except UnansweredError as error:
                short = next(pauses, None) if error.is_passing else None
                if short is None:
                    raise
                time.sleep(short)  # an apply was at work: what was just read about is gone or has another identity
            except LockedError:
                attempt = next(waits, None)
                if attempt is None:
                    raise
                from pgmg.applying.limits import retry_delay

                time.sleep(retry_delay(attempt))
            except ConnectionFailedError:
                if not kept:
                    raise  # a new connection; one that was kept may have been closed while nobody looked

    def use(self, work: Callable[[Connection], _Answer]) -> _Answer:
        """Do something with the connection that is kept, which opens and ends a transaction of its own."""
        with self._locks.using:
            conn, _ = self._idle()
            return self._orderly(partial(work, conn))

    def scratch(self, ask: Callable[[Scratch], _Answer], search_path: str | None) -> _Answer:
        """Ask inside one transaction that may create temporary objects, and of which nothing stays."""
        from pgmg.catalog.sessions.connection import manner_of, translated_errors
        from pgmg.catalog.wording.temporary_objects_reader import scratch

        timeout = self._settings.lock_timeout

        def work(conn: Connection) -> _Answer:
            with translated_errors(conn), scratch(conn, search_path, timeout, manner_of(conn).statements) as within:
                return ask(within)

        return self.use(work)

    def _idle(self) -> tuple[Connection, bool]:
        """Return the connection that is kept, or a new one, and whether it was kept."""
        if self._embedded is not None and self._embedded.is_gone:
            self.kept.drop()
        return self.kept.get()

    def _ask(
        self, ask: Callable[[Connection], _Answer], conn: Connection, search_path: str | None, *, keeps: bool
    ) -> _Answer:
        from pgmg.catalog.sessions.connection import keep_plans, reading

        settings = self._settings
        with reading(conn, search_path, settings.lock_timeout, None if keeps else settings.state_schema):
            if keeps:
                keep_plans(conn)
            return ask(conn)

    def _orderly(self, work: Callable[[], _Answer]) -> _Answer:
        """Do something, and throw the connection away if it ends in an unforeseen way."""
        try:
            return work()
        except PgmgError:
            raise  # the transaction was ended in an orderly way
        except BaseException:
            self.kept.drop()  # a Ctrl-C, or a mistake of ours: nobody knows what state it is in
            raise
