"""Reads the history that applies have written (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.catalog.reading.snapshot_reader import read_server
from pgmg.model.database.state_layout import HISTORY
from pgmg.model.results.applied_from import AppliedFrom
from pgmg.model.results.history_entries import AppliedSource, HistoryEntry

if TYPE_CHECKING:
    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row

_ENTRIES = """
SELECT number, applied_at, role, application, applied_from, note, steps, sources FROM {history} ORDER BY number
"""


def read_history(conn: psycopg.Connection[Row], schema: str) -> tuple[HistoryEntry, ...]:
    """Return all entries from the oldest to the newest; none where there is no history."""
    if not read_server(conn, schema).columns_of(HISTORY):
        return ()
    query = sql.SQL(_ENTRIES).format(history=sql.Identifier(schema, HISTORY.name))
    last: dict[str, str | None] = {}
    found: list[HistoryEntry] = []
    for number, at, role, application, origin, note, steps, sources in conn.execute(query).fetchall():
        own = tuple(
            AppliedSource(one["object"], one.get("sql"), one.get("path"), last.get(one["object"])) for one in sources
        )
        last |= {one.object: one.sql for one in own}
        done = tuple((step["action"], step["object"]) for step in steps)
        found.append(HistoryEntry(number, at, role, application, AppliedFrom.from_json(origin), note, done, own))
    return tuple(found)
