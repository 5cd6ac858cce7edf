"""Finds views whose `*` stands for other columns than the server has stored (rules 4.2, 7.4).

A statement that cannot be read may add columns to a table, or rename them. The views above it stay as they are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import set_path
from pgmg.catalog.sessions.question_batch import try_queries
from pgmg.catalog.wording.shapes import described_columns, descriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.model.database.catalog_details import ShapeQuestion
    from pgmg.model.naming.names import ObjectName


class StarReaders:
    """Views with a `*` in their source, by their queries.

    `search_path` is the setting under which the queries are asked, and which the connection has afterwards.
    """

    def __init__(self, conn: psycopg.Connection[Any], questions: Sequence[ShapeQuestion], search_path: str) -> None:
        self._conn, self._questions, self._search_path = conn, questions, search_path

    def stale(self) -> frozenset[ObjectName]:
        """Return the views that exist and whose query has other columns now than the server stores.

        A query that the server refuses says nothing.
        """
        if not self._questions:
            return frozenset()
        schemas, names = [q.name.schema for q in self._questions], [q.name.name for q in self._questions]
        set_path(self._conn, self._search_path)
        outcomes, (rows,) = try_queries(self._conn, descriptions(self._questions), [("view_columns", (schemas, names))])
        stored = {self._questions[number - 1].name: tuple(columns) for number, columns in rows}
        described = described_columns(self._questions, outcomes)
        return frozenset(name for name, columns in described.items() if stored.get(name, columns) != columns)
