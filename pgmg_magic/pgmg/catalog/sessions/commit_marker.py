"""Tells whether anything at all has been committed since somebody looked last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.catalog.sessions.connection import begin_answer
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import psycopg

_FEW = 1000
"""Transactions whose outcomes are asked for; after more of them, one was certainly committed."""


@dataclass(frozen=True, slots=True)
class CommitMarker:
    """The transactions that one session saw as committed (PostgreSQL manual, 9.27.8: `pg_current_snapshot`).

    Two equal moments show the same data: a snapshot lists which transactions are visible, and a change needs one that
    was not. Any commit anywhere in the cluster makes a difference; that costs time, never correctness. Sessions of the
    same role in the same database, with the same search_path, see the same.
    """

    database: str
    started: str
    user: str
    search_path: str
    snapshot: str

    @property
    def next_transaction(self) -> int:
        """The number below which all transactions had begun (`pg_snapshot_xmax`)."""
        return int(self.snapshot.split(":")[1])


def read_commit_marker(conn: psycopg.Connection[Row]) -> CommitMarker | None:
    """Return the marker of the caller's transaction, None where the server cannot tell."""
    rows = begin_answer(conn, "commit_marker")
    if rows is None:
        rows = conn.execute(query("commit_marker"), prepare=True).fetchall()
    return CommitMarker(*rows[0]) if rows else None


def is_unchanged(conn: psycopg.Connection[Row], before: CommitMarker | None, now: CommitMarker | None) -> bool:
    """Say whether nothing was committed between two markers; `conn` is in the transaction of the later one.

    A transaction that was rolled back, such as one that created temporary objects for a question of pgmg's, changes
    the snapshot and nothing else. The server is asked about such transactions only if the snapshots differ.
    """
    if before is None or now is None or replace(before, snapshot=now.snapshot) != now:
        return False
    if before.snapshot == now.snapshot:
        return True
    if not 0 <= now.next_transaction - before.next_transaction <= _FEW:
        return False
    (answer,) = conn.execute(query("nothing_committed"), [before.snapshot, now.snapshot], prepare=True).fetchall()
    return bool(answer[0])
