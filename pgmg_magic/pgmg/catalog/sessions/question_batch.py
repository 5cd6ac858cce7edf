"""Sends queries that the server may refuse together with catalog queries, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Transformer

from pgmg.catalog.reading.catalog_queries import (
    CANONICAL_SETTINGS,
    SESSION_SETTINGS,
    Row,
    query_for,
    run_queries,
    with_literals,
)
from pgmg.catalog.sessions.connection import manner_of
from pgmg.catalog.sessions.pipeline import Command, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import pq

    Trial = tuple[Sequence[str], str]
    """A query that the server may refuse, after the settings that it is to be read under."""

    Question = tuple[str, Sequence[Any]]
    """A catalog query by name, with its parameters."""

_SESSION_SAVEPOINT, _BACK_TO_SESSION = "SAVEPOINT pgmg_session", "ROLLBACK TO SAVEPOINT pgmg_session"
_SAVEPOINT, _BACK = "SAVEPOINT pgmg_question", "ROLLBACK TO SAVEPOINT pgmg_question"


def try_queries(
    conn: psycopg.Connection[Row], trials: Sequence[Trial], questions: Sequence[Question] = (), back: str | None = None
) -> tuple[list[pq.abc.PGresult | psycopg.Error], list[list[Row]]]:
    """Return the server's answer to each trial, and the rows of the catalog queries, from one round trip.

    A trial has a savepoint of its own: one that fails costs the others nothing. Trials are read under the settings of
    the session, not those under which the catalog is read. Settings are as before; but queries without trials, on a
    connection that keeps plans, are run by `run_queries`, which uses those plans.

    Raises:
        psycopg.Error: a catalog query failed.
    """
    if conn.prepare_threshold is not None and not trials:
        return [], run_queries(conn, *questions, back=back) if questions else []
    return _streamed(conn, trials, questions)


def _streamed(
    conn: psycopg.Connection[Row], trials: Sequence[Trial], questions: Sequence[Question]
) -> tuple[list[pq.abc.PGresult | psycopg.Error], list[list[Row]]]:
    commands: list[Command] = []
    tried, asked = set(), set()
    if trials:
        commands += map(Command, (_SESSION_SAVEPOINT, *SESSION_SETTINGS, *manner_of(conn).setting_statements))
    for settings, text in trials:
        commands += [Command(_SAVEPOINT), *map(Command, settings)]
        tried.add(len(commands))
        commands += [Command(text, sync=True), Command(_BACK, sync=True)]
    if trials:
        commands.append(Command(_BACK_TO_SESSION))
    if questions:
        commands += [Command(_SAVEPOINT), Command(CANONICAL_SETTINGS)]
        asked = set(range(len(commands), len(commands) + len(questions)))
        commands += [Command(with_literals(query_for(name, parameters), *parameters)) for name, parameters in questions]
        commands.append(Command(_BACK))
    outcomes: list[pq.abc.PGresult | psycopg.Error] = []
    answers: list[list[Row]] = []
    failed: psycopg.Error | None = None
    for answer in stream(conn, commands):
        failed = answer.error or failed
        if answer.number in tried:
            outcomes.append(answer.result or failed or psycopg.OperationalError("the question was not answered"))
            failed = None
        elif answer.number in asked and answer.result is not None:
            answers.append(_rows(conn, answer.result))
    if questions and failed is not None:
        raise failed
    return outcomes, answers


def _rows(conn: psycopg.Connection[Row], result: pq.abc.PGresult) -> list[Row]:
    reader = Transformer(conn)
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)
