"""Reads the columns of relations and the ways to call routines, for checks that execute nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row

PresentPlace = tuple[str, str]
"""Schema and name."""
Calling = tuple[int, int | None]
"""The least and the greatest number of arguments; None for any number."""


@dataclass(slots=True)
class PresentSchema:
    """Columns by relation, and ways to call by routine."""

    columns: dict[PresentPlace, tuple[str, ...]] = field(default_factory=dict)
    calls: dict[PresentPlace, list[Calling]] = field(default_factory=dict)


def read_present_schema(conn: psycopg.Connection[Row]) -> PresentSchema:
    """Read all schemas but the server's own, inside the caller's transaction."""
    return present_schema(conn.execute(query("columns_and_calls")).fetchall())


def present_schema(rows: Iterable[Row]) -> PresentSchema:
    """Return what rows of `columns_and_calls.sql` say."""
    found = PresentSchema()
    for schema, name, columns, least, most, is_variadic in rows:
        if columns is not None:
            found.columns[schema, name] = tuple(columns)
        else:
            found.calls.setdefault((schema, name), []).append((least, None if is_variadic else most))
    return found
