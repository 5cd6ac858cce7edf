"""Asks which columns a changed view's query returns, without making anything (rule 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.sessions.question_batch import try_queries
from pgmg.model.database.catalog_details import ColumnShape, ShapeQuestion, ViewShape
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import pq

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.catalog.sessions.question_batch import Trial
    from pgmg.model.naming.names import ObjectName

_COLLATABLE = frozenset({25, 1042, 1043, 19, 1009, 1014, 1015, 1003})
"""text, bpchar, varchar, name and their arrays: built-in types whose values have a collation."""


@dataclass(frozen=True, slots=True)
class _Described:
    names: tuple[str, ...]
    types: tuple[int, ...]
    modifiers: tuple[int, ...]


def read_shapes(conn: psycopg.Connection[Row], questions: Sequence[ShapeQuestion]) -> dict[ObjectName, ViewShape]:
    """Ask all in two round trips: a description of each query, then a typed empty row of each.

    A description alone shows a domain as its base type and no collation.
    """
    described = DescribedQueries(questions, try_queries(conn, descriptions(questions))[0])
    return described.shapes(try_queries(conn, described.typed_rows)[0])


def descriptions(questions: Sequence[ShapeQuestion]) -> list[Trial]:
    """Return the queries whose results describe those of the questions, each under its own settings."""
    return [(question.settings, _describe(question)) for question in questions]


def described_columns(
    questions: Sequence[ShapeQuestion], outcomes: Sequence[pq.abc.PGresult | psycopg.Error]
) -> dict[ObjectName, tuple[str, ...]]:
    """Return the names of the columns of each question's query; not of those that the server refused.

    `outcomes` are the answers to `descriptions`.
    """
    return {
        question.name: _renamed(question, _columns(outcome).names)
        for question, outcome in zip(questions, outcomes, strict=True)
        if not isinstance(outcome, psycopg.Error)
    }


class DescribedQueries:
    """Queries whose columns the server has described, or which it has refused."""

    def __init__(self, questions: Sequence[ShapeQuestion], outcomes: Sequence[pq.abc.PGresult | psycopg.Error]) -> None:
        asked = list(zip(questions, outcomes, strict=True))
        self._refused = {q.name: _refused(outcome) for q, outcome in asked if isinstance(outcome, psycopg.Error)}
        self._described = [(q, _columns(outcome)) for q, outcome in asked if not isinstance(outcome, psycopg.Error)]

    @property
    def typed_rows(self) -> list[Trial]:
        """Return queries for one row of each described query that tells the types and collations of its columns."""
        return [(question.settings, _typed_row(question, known)) for question, known in self._described]

    def shapes(self, outcomes: Sequence[pq.abc.PGresult | psycopg.Error]) -> dict[ObjectName, ViewShape]:
        """Return the shape of each question's query; `outcomes` are the answers to `typed_rows`."""
        typed = {
            question.name: _refused(outcome) if isinstance(outcome, psycopg.Error) else _shape(question, known, outcome)
            for (question, known), outcome in zip(self._described, outcomes, strict=True)
        }
        return self._refused | typed


def _refused(error: psycopg.Error) -> ViewShape:
    return ViewShape(error=str(error), sqlstate=error.sqlstate)


def _describe(question: ShapeQuestion) -> str:
    return sql.SQL("SELECT * FROM (\n{}\n) AS pgmg_query LIMIT 0").format(sql.SQL(question.query)).as_string(None)


def _columns(result: pq.abc.PGresult) -> _Described:
    numbers = range(result.nfields)
    return _Described(
        tuple((result.fname(n) or b"").decode() for n in numbers),
        tuple(result.ftype(n) for n in numbers),
        tuple(result.fmod(n) for n in numbers),
    )


def _typed_row(question: ShapeQuestion, described: _Described) -> str:
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
    text = sql.SQL("SELECT {} FROM (SELECT 1) AS one LEFT JOIN (\n{}\n) AS q{} ON false")
    return text.format(selected, sql.SQL(question.query), aliases).as_string(None)


def _shape(question: ShapeQuestion, described: _Described, result: pq.abc.PGresult) -> ViewShape:
    types, collations = (_numbers(result.get_value(0, n) or b"{}") for n in (0, 1))
    return ViewShape(
        tuple(
            ColumnShape(
                name,
                types[n],
                # a domain has no modifier of its own; the description shows that of its base type
                described.modifiers[n] if types[n] == described.types[n] else -1,
                collations[n],
            )
            for n, name in enumerate(_renamed(question, described.names))
        )
    )


def _renamed(question: ShapeQuestion, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that the columns of a query have in its view: a list of columns names the first ones."""
    given = question.columns or ()
    return (*given[: len(names)], *names[len(given) :])


def _numbers(array: bytes) -> list[int]:
    inside = array.decode().strip("{}")
    return [int(number) for number in inside.split(",")] if inside else []
