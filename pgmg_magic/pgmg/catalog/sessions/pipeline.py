"""Sends many statements without waiting for each answer, and hands over the answers as they come.

psycopg's own pipeline mode collects answers only when somebody waits for one; progress, durations and lock
monitoring need them one by one, so this drives libpq's pipeline mode (PostgreSQL manual, 32.5) directly.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, pq

from pgmg.model.lazy_dataclass import dataclass

_TICK = 0.1  # seconds between two looks at the clock while the server is silent

_INSIST = 0.25  # seconds until a cancel request is repeated

_GIVES_UP, _AT_LEAST = 20.0, 8
"""Seconds, and number of requests, for which a server is asked to cancel a statement.

A machine that was suspended has made fewer requests than its clock says.
"""

_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.NONFATAL_ERROR)


_ENDS_SESSION = ("FATAL", "PANIC")


@dataclass(frozen=True, slots=True)
class Command:
    """One statement, exactly as it is to be sent. After `sync` an earlier error no longer skips what follows."""

    sql: str
    sync: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one command. `seconds` since the answer before it; `error` or `result`, or neither if skipped."""

    number: int
    seconds: float
    result: pq.abc.PGresult | None = None
    error: psycopg.Error | None = None


Tick = Callable[[float], None]
"""Called while the server is silent, with the seconds it has been."""


def stream(
    conn: psycopg.Connection[Any], commands: Sequence[Command], tick: Tick | None = None, every: float = _TICK
) -> Generator[Answer, None, None]:
    """Send all commands in pipeline mode and yield one answer for each, in order.

    `tick` is called every so many seconds while the server is silent. If the server ends the session, the last answer
    is its reason.

    Raises:
        psycopg.OperationalError: the connection is lost, and nobody knows why.
    """
    if not commands:
        return
    pgconn = conn.pgconn
    pgconn.enter_pipeline_mode()
    finished = False
    try:
        syncs = _send(pgconn, commands)
        yield from _receive(pgconn, syncs, _Patience(tick, every), len(commands))
        finished = True
    finally:
        if not finished and pgconn.status == pq.ConnStatus.OK:
            _abandon(conn)
        if pgconn.status == pq.ConnStatus.OK:
            with suppress(psycopg.OperationalError):  # the server is ending the session: there is more to read
                pgconn.exit_pipeline_mode()


def alone(conn: psycopg.Connection[Any], text: str, tick: Tick | None = None, every: float = _TICK) -> None:
    """Run one statement outside a pipeline, as what cannot run in a transaction must be.

    Raises:
        psycopg.Error: the server refused it, or the connection is lost.
    """
    pgconn = conn.pgconn
    pgconn.send_query(text.encode())
    patience = _Patience(tick, every)
    finished = False
    failed: psycopg.Error | None = None
    try:
        began = time.monotonic()
        while True:
            while pgconn.is_busy():
                _wait(pgconn, began, patience)
            result = pgconn.get_result()
            if result is None:
                break
            if result.status in _FAILED:
                failed = failed or errors.error_from_result(result)
            if pgconn.status != pq.ConnStatus.OK:
                break
        finished = True
    finally:
        if not finished and pgconn.status == pq.ConnStatus.OK:
            _abandon(conn)
    if failed is not None:
        raise failed
    if pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError(_lost(pgconn))


def answers(conn: psycopg.Connection[Any], patience: float) -> bool:
    """Ask for nothing, and say whether an answer comes within so many seconds; the connection is of no use if not."""
    pgconn = conn.pgconn
    pgconn.send_query(b"SELECT 1")
    end = time.monotonic() + patience
    while pgconn.status == pq.ConnStatus.OK and time.monotonic() < end:
        if pgconn.is_busy():
            _wait(pgconn, time.monotonic(), _Patience(every=max(0.0, end - time.monotonic())))
        elif pgconn.get_result() is None:
            return True
    return pgconn.status != pq.ConnStatus.OK  # whoever asks next learns what happened


@dataclass(frozen=True, slots=True)
class _Patience:
    tick: Tick | None = None
    every: float = _TICK


def _send(pgconn: pq.abc.PGconn, commands: Sequence[Command]) -> int:
    syncs = 0
    for command in commands:
        pgconn.send_query_params(command.sql.encode(), None)
        if command.sync:
            pgconn.pipeline_sync()
            syncs += 1
        else:
            pgconn.send_flush_request()
    if not commands[-1].sync:
        pgconn.pipeline_sync()
        syncs += 1
    return syncs


def _receive(pgconn: pq.abc.PGconn, syncs: int, patience: _Patience, count: int) -> Iterator[Answer]:
    """Yield an answer as soon as it is read, before libpq looks at what follows: notices then come in time."""
    number, began = 0, time.monotonic()
    while syncs:
        while pgconn.is_busy():
            _wait(pgconn, began, patience)
        result = pgconn.get_result()
        if result is None:  # the end of one command's results
            if pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError(_lost(pgconn))
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            syncs -= 1
            continue
        now = time.monotonic()
        seconds, began = now - began, now
        if result.status == pq.ExecStatus.PIPELINE_ABORTED:
            yield Answer(number, seconds)
        elif result.status in _FAILED:
            error = errors.error_from_result(result)
            if number >= count:  # the session ended after the last answer
                raise error
            yield Answer(number, seconds, error=error)
            if pgconn.status != pq.ConnStatus.OK or error.diag.severity_nonlocalized in _ENDS_SESSION:
                return
        else:
            yield Answer(number, seconds, result=result)
        number += 1


def _lost(pgconn: pq.abc.PGconn) -> str:
    return pgconn.get_error_message().strip() or "the connection was lost"


def _wait(pgconn: pq.abc.PGconn, began: float, patience: _Patience) -> None:
    unsent = pgconn.flush() == 1
    events = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
    with selectors.DefaultSelector() as selector:  # select() itself knows no file beyond the 1,024th
        selector.register(pgconn.socket, events)
        ready = selector.select(patience.every)
    if any(event & selectors.EVENT_READ for _, event in ready):
        with suppress(psycopg.OperationalError):  # the end of the stream: what came before it may say why
            pgconn.consume_input()
    elif patience.tick is not None and not unsent:
        patience.tick(time.monotonic() - began)


def _abandon(conn: psycopg.Connection[Any]) -> None:
    """Somebody lost interest in the answers: stop the server, then read what it still says.

    A server that is just about to read its next statement ignores the request, and one that has no connection left
    refuses it: it is made until it is heard. If that takes too long, the connection is closed; the server ends the
    transaction when it finds out.
    """
    pgconn = conn.pgconn
    end, requests = time.monotonic() + _GIVES_UP, 0

    def cancel(_silence: float = 0) -> None:
        nonlocal requests
        requests += 1
        with suppress(psycopg.Error):
            conn.cancel_safe(timeout=5)
        if time.monotonic() > end and requests >= _AT_LEAST:
            conn.close()

    again = _Patience(cancel, _INSIST)
    cancel()
    silent = 0
    while silent < 2 and pgconn.status == pq.ConnStatus.OK:  # noqa: PLR2004 - two empty answers in a row: nothing is left
        while pgconn.status == pq.ConnStatus.OK and pgconn.is_busy():
            _wait(pgconn, time.monotonic(), again)
        if pgconn.status == pq.ConnStatus.OK:
            result = pgconn.get_result()
            silent = silent + 1 if result is None else 0
