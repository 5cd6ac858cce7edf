"""A link to a server that is as slow as wanted and counts how often the two sides take turns."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo


class _Dialogue:
    """Messages of one connection (PostgreSQL manual, 55.7): which of those that the server ends with Z are unanswered.

    Whoever goes on to speak before having read the answer has not waited for it, however early the server gave it.
    """

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self._client = client
        self._kept = 0
        self._unanswered = 1  # the startup message, which has no type
        self._speaks = False
        self._unread = {"client": b"s", "server": b""}

    def ask(self, data: bytes) -> bool:
        """Say whether the client, by sending this, begins to ask anew; to say farewell (X) is no question."""
        kinds = list(self._messages("client", data))
        begins = not self._speaks and kinds != [ord("X")] and self._has_read_all()
        self._speaks |= begins
        self._unanswered += sum(kind in b"QSF" for kind in kinds)
        return begins

    def answer(self, data: bytes) -> None:
        self._kept += len(data)
        if answered := list(self._messages("server", data)).count(ord("Z")):
            self._unanswered -= answered
            self._speaks = self._unanswered > 0

    def delivered(self, size: int) -> None:
        """Note that so many bytes of answers are no longer kept back."""
        self._kept -= size

    def _has_read_all(self) -> bool:
        transport = self._client.transport
        if self._kept or transport.get_write_buffer_size():
            return False
        if sys.platform != "linux":  # only there a socket tells how much the other end has not read
            return True
        asked = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return struct.unpack("i", asked)[0] == 0

    def _messages(self, speaker: str, data: bytes) -> Iterator[int]:
        """Yield the types of the messages that are complete by now."""
        unread = self._unread[speaker] + data
        while len(unread) > 4 and len(unread) > (size := int.from_bytes(unread[1:5])):
            yield unread[0]
            unread = unread[size + 1 :]
        self._unread[speaker] = unread


class Link:
    """Forwards connections to the server of `dsn`, each byte `round_trip / 2` seconds late.

    While it is open, `dsn` leads through it. `turns` counts how often the client spoke after the server had, which on a
    busy machine may be in the middle of a pipeline; `waits` counts the round trips alone: how often the client spoke when
    all it had asked was answered, and it had read the answers.
    """

    def __init__(self, dsn: str, round_trip: float = 0.0) -> None:
        with psycopg.connect(dsn) as connection:
            self._host, self._port = connection.info.host, connection.info.port
        self._delay = round_trip / 2
        self._folder = tempfile.TemporaryDirectory(prefix="pgmg-link-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._pumps: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self._spoke_last = "server"
        self.dsn = make_conninfo(dsn, host=self._folder.name, hostaddr="", port=5432)
        self.turns = 0
        self.waits = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._listen())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    def _wait(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        path = Path(self._folder.name, ".s.PGSQL.5432")
        self._server = await asyncio.start_unix_server(self._connect, path)

    async def _close(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for end in self._ends:
            end.close()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)
        await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._host.startswith("/"):
            far = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            far = await asyncio.open_connection(self._host, self._port)
        self._ends += [writer, far[1]]
        dialogue = _Dialogue(writer)
        for speaker, source, sink in (("client", reader, far[1]), ("server", far[0], writer)):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            for work in (self._hear(speaker, source, late, dialogue), self._tell(speaker, late, sink, dialogue)):
                pump = asyncio.ensure_future(work)
                self._pumps.add(pump)
                pump.add_done_callback(self._pumps.discard)

    async def _hear(
        self,
        speaker: str,
        source: asyncio.StreamReader,
        late: asyncio.Queue[tuple[float, bytes]],
        dialogue: _Dialogue,
    ) -> None:
        while data := await source.read(1 << 16):
            if speaker == "server":
                dialogue.answer(data)
            elif dialogue.ask(data):
                self.waits += 1
            if speaker == "client" and self._spoke_last == "server":
                self.turns += 1
            self._spoke_last = speaker
            late.put_nowait((self._loop.time() + self._delay, data))
        late.put_nowait((self._loop.time() + self._delay, b""))

    async def _tell(
        self,
        speaker: str,
        late: asyncio.Queue[tuple[float, bytes]],
        sink: asyncio.StreamWriter,
        dialogue: _Dialogue,
    ) -> None:
        while True:
            when, data = await late.get()
            if (pause := when - self._loop.time()) > 0:
                await asyncio.sleep(pause)
            if not data:
                break
            sink.write(data)
            if speaker == "server":
                dialogue.delivered(len(data))
            await sink.drain()
        sink.close()
