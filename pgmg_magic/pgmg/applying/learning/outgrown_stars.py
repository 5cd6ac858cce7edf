"""Finds views and routines whose `*` stands for other columns than the server has stored (rules 4.2, 7.4).

A statement that cannot be read may add columns to a table, or rename them. What is above it stays as it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from pgmg.catalog.reading.catalog_queries import addresses, run_queries, set_path
from pgmg.catalog.reading.snapshot_reader import find
from pgmg.catalog.sessions.question_batch import try_queries
from pgmg.catalog.wording.shapes import described_columns, descriptions
from pgmg.model.database.catalog_details import BodyQuestion, ShapeQuestion
from pgmg.model.database.snapshot import Address

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pgmg.model.naming.names import ObjectName


class StarReaders:
    """Views and routines with a `*` in their source.

    `search_path` is the setting under which the questions are asked, and which the connection has afterwards.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], questions: Sequence[ShapeQuestion | BodyQuestion], search_path: str
    ) -> None:
        self._conn, self._search_path = conn, search_path
        self._views = [question for question in questions if isinstance(question, ShapeQuestion)]
        self._bodies = [question for question in questions if isinstance(question, BodyQuestion)]

    def stale(self) -> frozenset[ObjectName]:
        """Return those that exist and of which the server would store something else now.

        A source that the server refuses says nothing.
        """
        return self._stale_views() | self._stale_bodies()

    def _stale_views(self) -> frozenset[ObjectName]:
        if not self._views:
            return frozenset()
        schemas, names = [q.name.schema for q in self._views], [q.name.name for q in self._views]
        set_path(self._conn, self._search_path)
        outcomes, (rows,) = try_queries(self._conn, descriptions(self._views), [("view_columns", (schemas, names))])
        stored = {self._views[number - 1].name: tuple(columns) for number, columns in rows}
        described = described_columns(self._views, outcomes)
        return frozenset(name for name, columns in described.items() if stored.get(name, columns) != columns)

    def _stale_bodies(self) -> frozenset[ObjectName]:
        """Replace the routines behind a savepoint: no query of a body with parameters can be described by itself."""
        there = (
            find(self._conn, [question.name for question in self._bodies], self._search_path) if self._bodies else {}
        )
        asked = {there[question.name].address: question for question in self._bodies if question.name in there}
        if not asked:
            return frozenset()
        before = self._definitions(asked)
        self._conn.execute("SAVEPOINT pgmg_bodies")
        for question in asked.values():
            self._replace(question)
        after = self._definitions(asked)
        self._conn.execute("ROLLBACK TO SAVEPOINT pgmg_bodies")
        set_path(self._conn, self._search_path)
        return frozenset(question.name for address, question in asked.items() if before[address] != after[address])

    def _replace(self, question: BodyQuestion) -> None:
        self._conn.execute("SAVEPOINT pgmg_body")
        try:
            set_path(self._conn, self._search_path)
            for statement in (*question.settings, question.statement):
                self._conn.execute(statement.encode())
        except psycopg.Error:
            self._conn.execute("ROLLBACK TO SAVEPOINT pgmg_body")
        self._conn.execute("RELEASE SAVEPOINT pgmg_body")

    def _definitions(self, these: Collection[Address]) -> dict[Address, str | None]:
        (rows,) = run_queries(self._conn, ("definitions", (*addresses(these), False)))
        return {Address(row[0], row[1]): row[8] for row in rows}
