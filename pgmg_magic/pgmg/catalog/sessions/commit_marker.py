"""Tells whether anything at all has been committed since somebody looked last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.catalog.sessions.connection import COMMIT_MARKER, begin_answer
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class CommitMarker:
    """The transactions that one session saw as committed (PostgreSQL manual, 9.27.8: `pg_current_snapshot`).

    Two equal moments show the same data: a snapshot lists which transactions are visible, and a change needs one that
    was not. Any commit anywhere in the cluster makes a difference; that costs time, never correctness. Sessions of the
    same role in the same database, with the same search_path, see the same.

    `unchanged_since` is an earlier snapshot, if only transactions that were rolled back have ended between the two.
    """

    database: str
    started: str
    user: str
    search_path: str
    snapshot: str
    unchanged_since: str | None = None

    def is_unchanged(self, before: CommitMarker | None) -> bool:
        """Say whether nothing was committed between an earlier marker and this one.

        A transaction that was rolled back, such as one that created temporary objects for a question of pgmg's,
        changes the snapshot and nothing else.
        """
        if before is None or before.snapshot not in (self.snapshot, self.unchanged_since):
            return False
        return replace(before, snapshot=self.snapshot, unchanged_since=self.unchanged_since) == self


def read_commit_marker(conn: psycopg.Connection[Row], before: CommitMarker | None = None) -> CommitMarker | None:
    """Return the marker of the caller's transaction, None where the server cannot tell.

    `before` is an earlier one, to be compared with. Where the marker was read with BEGIN, it was compared with the one
    that the same connection read last.
    """
    rows = begin_answer(conn, COMMIT_MARKER)
    if rows is None and before is not None:
        rows = conn.execute(query("commit_marker_since"), [before.snapshot], prepare=True).fetchall()
    elif rows is None:
        rows = conn.execute(query("commit_marker"), prepare=True).fetchall()
    return CommitMarker(*rows[0]) if rows else None
