"""Harm done to an apply at a chosen moment: its backend ended, its connection cut, its process killed.

A moment is every statement that pgmg sends, alone or in a pipeline: before each there is one. In a pipeline the
backend ends exactly between two statements; cuts and kills happen when the answer to the one before has been read.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from unittest import mock

import psycopg

from pgmg.applying import runner
from pgmg.applying.outside import no_transaction_runner
from pgmg.catalog.sessions import pipeline
from pgmg.catalog.sessions.pipeline import Command
from pgmg.planner import Planner

_EXECUTE = psycopg.Connection.execute
_END = "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"


@dataclass
class Moments:
    """Counts moments; at number `at` it does its harm, once."""

    at: int = -1
    harm: Callable[[psycopg.Connection], None] | None = None
    in_pipeline: bool = False  # the harm is a statement in the pipeline
    reading: bool = True  # planning's questions count as well
    pipelines: bool = True  # what is sent in pipelines counts as well
    counts: Callable[[str], bool] = bool  # which statements have a moment before them
    passed: int = 0
    paused: bool = False
    said: list[str] = field(default_factory=list)

    def come(self, conn: psycopg.Connection, what: str) -> bool:
        if self.paused or not self.counts(what):
            return False
        self.said.append(what)
        self.passed += 1
        return self.passed - 1 == self.at

    @property
    def happened(self) -> bool:
        """Whether harm was done: without a moment chosen, none is."""
        return 0 <= self.at < self.passed


def terminate(conn: psycopg.Connection) -> None:
    """End the backend from a second connection."""
    password = {"password": conn.info.password} if conn.info.password else {}
    with psycopg.connect(conn.info.dsn, autocommit=True, **password) as other:
        _EXECUTE(other, "SELECT pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])


def cut(conn: psycopg.Connection) -> None:
    """Cut the connection without a word."""
    with socket.socket(fileno=os.dup(conn.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def kill(conn: psycopg.Connection) -> None:
    """End this very process."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def watched(moments: Moments) -> Iterator[Moments]:
    """Let `moments` come and go while the body runs an apply."""
    execute, stream, alone, plan = _EXECUTE, pipeline.stream, no_transaction_runner.alone, Planner.plan

    def paused_plan(self, *args, **kwargs):
        moments.paused = not moments.reading
        try:
            return plan(self, *args, **kwargs)
        finally:
            moments.paused = False

    def counted_execute(self, query, *args, **kwargs):
        if moments.come(self, str(query)):
            moments.harm(self)
        return execute(self, query, *args, **kwargs)

    def counted_alone(conn, text, *args, **kwargs):
        if moments.come(conn, text):
            moments.harm(conn)
        return alone(conn, text, *args, **kwargs)

    def counted_stream(conn, commands, *args, **kwargs):
        commands = list(commands)
        if not moments.pipelines:
            yield from stream(conn, commands, *args, **kwargs)
            return
        first = moments.passed
        inside = moments.at - first if first <= moments.at < first + len(commands) else None
        if inside is not None and moments.in_pipeline:
            commands.insert(inside, Command(_END))
        for answer in stream(conn, commands, *args, **kwargs):
            number = answer.number
            if inside is not None and moments.in_pipeline:
                if number == inside and answer.error is None:
                    continue
                number -= number > inside
            if not (inside is not None and moments.in_pipeline and answer.number == inside):
                if moments.come(conn, commands[answer.number].sql) and not moments.in_pipeline:
                    moments.harm(conn)
            yield replace(answer, number=number)

    with (
        mock.patch.object(psycopg.Connection, "execute", counted_execute),
        mock.patch.object(runner, "stream", counted_stream),
        mock.patch.object(no_transaction_runner, "alone", counted_alone),
        mock.patch.object(Planner, "plan", paused_plan),
    ):
        yield moments
