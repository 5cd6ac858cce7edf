"""Tells whether anything at all has been committed since somebody looked last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.catalog.sessions.connection import begin_answer
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class CommitMarker:
    """The transactions that one session saw as committed (PostgreSQL manual, 9.27.8: `pg_current_snapshot`).

    Two equal moments show the same data: a snapshot lists which transactions are visible, and a change needs one that
    was not. Any commit anywhere in the cluster makes a difference; that costs time, never correctness.
    """

    backend: int
    started: str
    user: str
    search_path: str
    snapshot: str


def read_commit_marker(conn: psycopg.Connection[Row]) -> CommitMarker | None:
    """Return the marker of the caller's transaction, None where the server cannot tell."""
    rows = begin_answer(conn, "commit_marker")
    if rows is None:
        rows = conn.execute(query("commit_marker"), prepare=True).fetchall()
    return CommitMarker(*rows[0]) if rows else None
