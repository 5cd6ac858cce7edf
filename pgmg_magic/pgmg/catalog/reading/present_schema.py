"""Reads the columns of relations and the ways to call routines, for checks that execute nothing."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import query, read_at_once, with_literals
from pgmg.catalog.sessions.connection import manner_of
from pgmg.catalog.wording.routine_bodies import made_routines
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.body_check import RoutineBody

PresentPlace = tuple[str, str]
"""Schema and name."""
Calling = tuple[int, int | None]
"""The least and the greatest number of arguments; None for any number."""


@dataclass(slots=True)
class PresentSchema:
    """Columns by relation, and ways to call by routine."""

    columns: dict[PresentPlace, tuple[str, ...]] = field(default_factory=dict)
    calls: dict[PresentPlace, list[Calling]] = field(default_factory=dict)


def read_present_schema(conn: Connection, names: Collection[str] | None) -> PresentSchema:
    """Read what has one of these names, in any schema; with None, all schemas but the server's own. One round trip."""
    asked = with_literals(query("columns_and_calls"), None if names is None else sorted(names))
    (rows,) = read_at_once(conn, asked, statements=manner_of(conn).statements)
    return present_schema(rows)


def read_bodies_and_schema(
    conn: Connection, names_in: Callable[[Iterable[RoutineBody]], Collection[str] | None]
) -> PresentSchema:
    """Read the routines with string bodies, then what has one of the names that `names_in` returns for them.

    That takes two round trips, each a transaction of its own.
    """
    (rows,) = read_at_once(conn, query("routine_bodies"), statements=manner_of(conn).statements)
    return read_present_schema(conn, names_in(made_routines(rows)))


def present_schema(rows: Iterable[Row]) -> PresentSchema:
    """Return what rows of `columns_and_calls.sql` say."""
    found = PresentSchema()
    for schema, name, columns, least, most, is_variadic in rows:
        if columns is not None:
            found.columns[schema, name] = tuple(columns)
        else:
            found.calls.setdefault((schema, name), []).append((least, None if is_variadic else most))
    return found
