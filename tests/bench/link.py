"""A link to a server that is as slow as wanted and counts how often the two sides take turns."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo


class Link:
    """Forwards connections to the server of `dsn`, each byte `round_trip / 2` seconds late.

    While it is open, `dsn` leads through it, and `turns` counts the round trips: how often the client spoke after the
    server had.
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
        for speaker, source, sink in (("client", reader, far[1]), ("server", far[0], writer)):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            for work in (self._hear(speaker, source, late), self._tell(late, sink)):
                pump = asyncio.ensure_future(work)
                self._pumps.add(pump)
                pump.add_done_callback(self._pumps.discard)

    async def _hear(self, speaker: str, source: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        while data := await source.read(1 << 16):
            if speaker == "client" and self._spoke_last == "server":
                self.turns += 1
            self._spoke_last = speaker
            late.put_nowait((self._loop.time() + self._delay, data))
        late.put_nowait((self._loop.time() + self._delay, b""))

    async def _tell(self, late: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        while True:
            when, data = await late.get()
            if (pause := when - self._loop.time()) > 0:
                await asyncio.sleep(pause)
            if not data:
                break
            sink.write(data)
            await sink.drain()
        sink.close()
