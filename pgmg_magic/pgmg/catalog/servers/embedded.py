"""Runs PostgreSQL in a project's `.pgmg/` folder: started on demand, shared by processes, stopped by the last one.

Who uses the server and whether it lives is told by file locks (`flock`), never by numbers in files: the death of a
process, however sudden, releases its locks, while the number of a dead process may soon belong to another one.

    start.lock    held, briefly, by whoever starts or stops the server
    users.lock    shared by everyone who uses it
    server.lock   inherited by the server's own processes: free means that not one of them is left
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

import psycopg
from psycopg.sql import SQL, Identifier

from pgmg.catalog.servers import data_folder, server_programs
from pgmg.catalog.sessions.libpq_environment import without_libpq_variables
from pgmg.errors import EmbeddedServerError
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if sys.platform != "win32":
    import fcntl

DATABASE = "pgmg"

_USERS, _SERVER = "users.lock", "server.lock"
_PATIENCE = 60.0  # seconds that a start, a stop or a crash recovery may take
_PAUSE = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedServer:
    """A claim on the running server of `folder`; `dsn` is a libpq conninfo string.

    The server may stop once every claim on it is released, at the latest when the processes that hold them end.
    """

    folder: Path
    dsn: str
    description: str
    _claim: BinaryIO = field(repr=False)

    def release(self) -> None:
        """Give the server back; the last one to do so stops it. RuntimeDefinitions is harmless.

        Raises:
            EmbeddedServerError: it does not stop.
        """
        if self._claim.closed:
            return
        atexit.unregister(self.release)
        folder = _folder_of(self._claim) or self.folder  # it may have been moved
        try:
            with _exclusively(folder):
                _leave(folder, self._claim)
        except FileNotFoundError:
            # Somebody removed the folder. A server whose files are gone notices within a minute, and ends.
            self._claim.close()

    @property
    def is_gone(self) -> bool:
        """Whether the folder was removed, moved or replaced since: a connection may lead to files nobody sees."""
        try:
            known, there = os.fstat(self._claim.fileno()), (self.folder / _USERS).stat()
        except (OSError, ValueError):
            return True
        return not os.path.samestat(known, there) or not (self.folder / "data").exists()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def acquire(folder: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> EmbeddedServer:
    """Return a claim on the server of `folder` (a project's `.pgmg/`), which is started unless it is running.

    `settings` are configuration parameters for a server that this call starts; a running one keeps its own.

    Raises:
        EmbeddedServerError: the folder cannot be written, the programs are not installed, the server does not start.
    """
    if sys.platform == "win32":
        raise EmbeddedServerError("The embedded server needs Linux or macOS.", hint="Name a server instead.")
    folder = folder.expanduser().resolve()
    try:
        server_programs.check(folder / "data")
        folder.mkdir(parents=True, exist_ok=True)
        if not (ignore := folder / ".gitignore").exists():
            ignore.write_text("*\n", encoding="utf-8")
        with _exclusively(folder):
            claim = _open(folder / _USERS)
            fcntl.flock(claim, fcntl.LOCK_SH)
            try:
                copied = data_folder.copied_from(folder / "data") if _is_free(folder / _SERVER) else None
                address, version = _reach(folder, settings)
            except BaseException:
                _leave(folder, claim)
                raise
    except OSError as error:
        raise EmbeddedServerError(
            f"The embedded server cannot work in {folder}: {error.strerror or error} ({error.filename or 'no file'}).",
            hint="Make the folder writable, or name a server with a connection string.",
        ) from error
    description = f"embedded server in {folder.name}/ (PostgreSQL {version}), database {DATABASE}"
    if copied is not None:
        description += f", on a copy that was made of {copied} while its server ran"
    server = EmbeddedServer(folder, address.dsn(DATABASE), description, claim)
    atexit.register(server.release)
    return server


# --- who is there


def _open(path: Path) -> BinaryIO:
    return path.open("ab")


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    """Hold the lock under which servers are started and stopped. Polled for, so that a stuck holder can be named."""
    deadline = time.monotonic() + 2 * _PATIENCE
    with _open(folder / "start.lock") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"Another process has been starting or stopping the server in {folder} for too long.",
                        hint=f"Find it with `fuser {folder / 'start.lock'}`.",
                    ) from None
                time.sleep(_PAUSE)
        yield


def _is_free(path: Path) -> bool:
    """Nobody holds this lock, shared or not."""
    with _open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _leave(folder: Path, claim: BinaryIO) -> None:
    """Drop a claim and stop the server if that was the last one."""
    # Closed, never unlocked: a forked process shares the lock.
    claim.close()
    if _is_free(folder / _USERS):
        _stop(folder)


def _folder_of(claim: BinaryIO) -> Path | None:
    """Return the folder where an open lock file lies now, None where the system does not tell or it was removed."""
    try:
        path = Path(os.readlink(f"/proc/self/fd/{claim.fileno()}"))  # noqa: PTH115 - no Path of such a link
        return path.parent if os.path.samestat(path.stat(), os.fstat(claim.fileno())) else None
    except OSError:
        return None


# --- the running server


def _reach(folder: Path, settings: Mapping[str, str]) -> tuple[server_programs.ServerAddress, str]:
    """Return the address and version of a server that takes connections."""
    deadline = time.monotonic() + _PATIENCE / 4
    while True:
        address = _wait_for_server(folder) or _start(folder, settings)
        try:
            return address, _ensure_database(address)
        except psycopg.OperationalError as error:  # it has just been killed, or recovers from the crash of a session
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The embedded server takes no connections: {error}") from error
            time.sleep(20 * _PAUSE)


def _wait_for_server(folder: Path) -> server_programs.ServerAddress | None:
    """Return the address of the running server, None if there is none.

    In between lie a server that still recovers from a crash, and the processes that a killed one leaves behind.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        # The lock tells the server of this folder from one that a copied postmaster.pid speaks of.
        if _is_free(folder / _SERVER):
            return None
        address = server_programs.read_address(folder / "data")
        if address is not None and (listener := address.listener()) is not None:
            if data_folder.is_named_by(address, folder / "data"):
                return address
            _end_moved(folder, listener)
        elif time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    end = f"kill -QUIT {address.pid}" if address is not None else f"fuser --kill {folder / _SERVER}"
    raise EmbeddedServerError(
        f"A server is alive in {folder} but does not answer.",
        hint=f"Its log may say why: {folder / 'log'}. To end it: {end}",
    )


def _end_moved(folder: Path, pid: int) -> None:
    """End a server whose folder was moved while it ran: it keeps its control file by the old path, wherever that leads.

    Its transactions are lost; what was committed is recovered when it is started where the folder is now.
    """
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + _PATIENCE / 2
        while time.monotonic() < deadline:
            if _is_free(folder / _SERVER):
                return
            time.sleep(_PAUSE)
    raise EmbeddedServerError(
        f"The folder {folder} was moved while its server ran, and the server does not end.",
        hint=f"End it: kill -QUIT {pid}" if pid else "End it where it runs, such as in another container.",
    )


def _start(folder: Path, settings: Mapping[str, str]) -> server_programs.ServerAddress:
    data_folder.check_before_start(folder / "data")
    log, copied = folder / "log", data_folder.copied_from(folder / "data")
    with _open(folder / _SERVER) as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        server_programs.launch(folder / "data", log, alive, settings)
    address = _wait_for_server(folder)
    if address is None:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
        hint = None if copied is None else f"Copy {copied} again after its server has stopped, or remove {folder}."
        raise EmbeddedServerError(f"PostgreSQL does not start in {folder}:\n{tail}", hint=hint)
    return address


def _stop(folder: Path) -> None:
    """Stop the server, politely at first; transactions of strangers (a forgotten psql) are rolled back."""
    address = server_programs.read_address(folder / "data")
    if address is None or _is_free(folder / _SERVER) or not (pid := address.listener()):
        return
    for sign in (signal.SIGINT, signal.SIGQUIT):  # "fast" and "immediate" shutdown
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _PATIENCE / 2
        while time.monotonic() < deadline:
            if _is_free(folder / _SERVER) and address.listener() is None:
                server_programs.forget(address)
                return
            time.sleep(_PAUSE)
    raise EmbeddedServerError(f"The server in {folder} (process {pid}) does not stop.", hint=f"See {folder / 'log'}")


def _ensure_database(address: server_programs.ServerAddress) -> str:
    """Create our database if it is missing; return the server's version."""
    with (
        without_libpq_variables(),
        psycopg.connect(address.dsn("postgres"), autocommit=True, connect_timeout=10) as connection,
    ):
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
        return connection.info.parameter_status("server_version") or "?"
