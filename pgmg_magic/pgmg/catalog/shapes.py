"""Asks which columns a changed view's query returns, without making anything (rule 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq, sql

from pgmg.catalog.pipeline import Command, stream
from pgmg.model.catalog_details import ColumnShape, ShapeQuestion, ViewShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.catalog.catalog_queries import Row
    from pgmg.model.names import ObjectName

_COLLATABLE = frozenset({25, 1042, 1043, 19, 1009, 1014, 1015, 1003})
"""text, bpchar, varchar, name and their arrays: built-in types whose values have a collation."""


_Results = list[pq.abc.PGresult | psycopg.Error]


@dataclass(frozen=True, slots=True)
class _Described:
    names: tuple[str, ...]
    types: tuple[int, ...]
    modifiers: tuple[int, ...]


def read_shapes(conn: psycopg.Connection[Row], questions: Sequence[ShapeQuestion]) -> dict[ObjectName, ViewShape]:
    """Ask all in two pipelines: a description of each query, then a typed empty row of each.

    A description alone shows a domain as its base type and no collation. Every question has a savepoint of its own,
    so that one that fails (because it reads something that is not there yet) costs the others nothing.
    """
    described: dict[ObjectName, _Described] = {}
    shapes: dict[ObjectName, ViewShape] = {}
    for question, result in zip(questions, _each(conn, [(q, _describe(q)) for q in questions]), strict=True):
        if isinstance(result, psycopg.Error):
            shapes[question.name] = ViewShape(error=str(result), sqlstate=result.sqlstate)
        else:
            described[question.name] = _columns(result)
    asked = [q for q in questions if q.name in described]
    typed = _each(conn, [(q, _typed_row(q, described[q.name])) for q in asked])
    for question, result in zip(asked, typed, strict=True):
        if isinstance(result, psycopg.Error):
            shapes[question.name] = ViewShape(error=str(result), sqlstate=result.sqlstate)
        else:
            shapes[question.name] = _shape(question, described[question.name], result)
    return shapes


def _each(conn: psycopg.Connection[Row], questions: Sequence[tuple[ShapeQuestion, sql.Composed]]) -> _Results:
    commands, asked = [], []
    for question, text in questions:
        commands.append(Command("SAVEPOINT pgmg_question"))
        commands += [Command(setting) for setting in question.settings]
        asked.append(len(commands))
        commands.append(Command(text.as_string(conn), sync=True))
        commands.append(Command("ROLLBACK TO SAVEPOINT pgmg_question", sync=True))
    wanted = frozenset(asked)
    results: _Results = []
    failed: psycopg.Error | None = None
    for answer in stream(conn, commands):
        failed = answer.error or failed
        if answer.number in wanted:
            if answer.result is not None:
                results.append(answer.result)
            else:
                results.append(failed or psycopg.OperationalError("the question was not answered"))
            failed = None
    return results


def _describe(question: ShapeQuestion) -> sql.Composed:
    return sql.SQL("SELECT * FROM (\n{}\n) AS pgmg_query LIMIT 0").format(sql.SQL(question.query))


def _columns(result: pq.abc.PGresult) -> _Described:
    numbers = range(result.nfields)
    return _Described(
        tuple((result.fname(n) or b"").decode() for n in numbers),
        tuple(result.ftype(n) for n in numbers),
        tuple(result.fmod(n) for n in numbers),
    )


def _typed_row(question: ShapeQuestion, described: _Described) -> sql.Composed:
    names = [f"c{number}" for number in range(len(described.names))]
    types = [sql.SQL("pg_catalog.pg_typeof(q.{})::pg_catalog.oid::int8").format(sql.Identifier(name)) for name in names]
    collations = [
        sql.SQL("coalesce(pg_catalog.pg_collation_for(q.{})::pg_catalog.regcollation::pg_catalog.oid::int8, 0)").format(
            sql.Identifier(name)
        )
        if type_ in _COLLATABLE
        else sql.SQL("0::int8")
        for name, type_ in zip(names, described.types, strict=True)
    ]
    selected = sql.SQL("ARRAY[{}]::int8[], ARRAY[{}]::int8[]").format(
        sql.SQL(", ").join(types), sql.SQL(", ").join(collations)
    )
    aliases = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, names))) if names else sql.SQL("")
    return sql.SQL("SELECT {} FROM (SELECT 1) AS one LEFT JOIN (\n{}\n) AS q{} ON false").format(
        selected,
        sql.SQL(question.query),
        aliases,
    )


def _shape(question: ShapeQuestion, described: _Described, result: pq.abc.PGresult) -> ViewShape:
    types, collations = (_numbers(result.get_value(0, n) or b"{}") for n in (0, 1))
    renamed = question.columns or ()
    return ViewShape(
        tuple(
            ColumnShape(
                renamed[n] if n < len(renamed) else name,
                types[n],
                # a domain has no modifier of its own; the description shows that of its base type
                described.modifiers[n] if types[n] == described.types[n] else -1,
                collations[n],
            )
            for n, name in enumerate(described.names)
        )
    )


def _numbers(array: bytes) -> list[int]:
    inside = array.decode().strip("{}")
    return [int(number) for number in inside.split(",")] if inside else []
