"""A proxy in front of a server that counts protocol messages and does harm at one of the boundaries between them.

A boundary is the moment before a statement of the client (Query, Parse), and before its end is reported to the client
(CommandComplete): the server has done it then, and the client does not know (manual, 55.7).
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import psycopg
from psycopg import conninfo

_UNTYPED = {80877103, 80877104, 80877102}  # SSLRequest, GSSENCRequest, CancelRequest
_CANCEL = 80877102
_SENT, _REPORTED = {b"Q", b"P"}, {b"C"}
_ENDED = 5000  # milliseconds until a session that was told to end has ended


class Harm(StrEnum):
    """What happens at the boundary."""

    CUT = "cut"
    """All connections of the apply are cut."""

    KILL = "kill"
    """The process of the apply is killed."""

    TERMINATE = "terminate"
    """The session whose message it is is ended by an administrator."""


@dataclass
class Breaking:
    """Does `harm` at boundary `at`, once; counts and describes the boundaries. `process` is who applies."""

    harm: Harm
    at: int
    dsn: str
    process: int = 0
    passed: int = 0
    happened: bool = False
    before: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def comes(self, what: str) -> bool:
        with self.lock:
            here = self.passed == self.at
            self.passed += 1
            if here:
                self.happened, self.before = True, what
            return here


class Proxy:
    """Listens on a port of its own until it is closed; `dsn` is the connection string that leads through it."""

    def __init__(self, breaking: Breaking) -> None:
        self._breaking = breaking
        target = conninfo.conninfo_to_dict(breaking.dsn)
        port = str(target.get("port", 5432))
        host = str(target.get("host", ""))
        self._server = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host or "localhost", int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.dsn = conninfo.make_conninfo(
            breaking.dsn,
            host="127.0.0.1",
            port=self._listening.getsockname()[1],
            sslmode="disable",
            gssencmode="disable",
        )

    def start(self) -> None:
        """Accept connections, in threads."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut whatever is open."""
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        for wire in self._open:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET)
        with client, server, suppress(OSError):
            server.connect(self._server)
            self._open += [client, server]
            session = _Session()
            back = threading.Thread(target=self._relay, args=(server, client, session, True), daemon=True)
            back.start()
            self._relay(client, server, session, False)
            back.join()

    def _relay(self, source: socket.socket, target: socket.socket, session: _Session, is_answer: bool) -> None:
        try:
            while (message := _read(source, session, is_answer=is_answer)) is not None:
                kind, body = message
                if is_answer and kind == b"K":
                    session.pid = struct.unpack("!I", body[5:9])[0]
                counts = session.pid and kind in (_REPORTED if is_answer else _SENT)
                if counts and self._breaking.comes(_named(kind, body)):
                    self._do_harm(session)
                target.sendall(body)
        except OSError:
            pass
        finally:
            for wire in (source, target):
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def _do_harm(self, session: _Session) -> None:
        match self._breaking.harm:
            case Harm.CUT:
                self.cut()
            case Harm.KILL:
                os.kill(self._breaking.process, signal.SIGKILL)
                self.cut()
            case Harm.TERMINATE:
                with psycopg.connect(self._breaking.dsn, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, %s)", [session.pid, _ENDED])


@dataclass
class _Session:
    pid: int = 0
    started: bool = False


def _read(wire: socket.socket, session: _Session, *, is_answer: bool) -> tuple[bytes, bytes] | None:
    """Return the type and the bytes of the next message; None where there is none."""
    kind = b""
    if is_answer or session.started:
        kind = _exactly(wire, 1)
        if not kind:
            return None
    length = _exactly(wire, 4)
    if len(length) < 4:
        return None
    rest = _exactly(wire, struct.unpack("!I", length)[0] - 4)
    if not is_answer and not session.started:
        session.started = struct.unpack("!I", rest[:4])[0] not in _UNTYPED
    return kind, kind + length + rest


def _exactly(wire: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := wire.recv(count - len(data))):
        data += more
    return data


def _named(kind: bytes, body: bytes) -> str:
    """Return what a report calls a message: its type, and the SQL or the tag that it holds."""
    text = body[5:].replace(b"\0", b" ").decode("utf-8", "replace")
    said = "the end of " if kind in _REPORTED else ""
    return said + " ".join(text.split())[:80]
