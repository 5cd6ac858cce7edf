"""Sees what the statements of an open transaction did to relations: locks held, files replaced, scans begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import query
from pgmg.model.plans.risk import LockMode

if TYPE_CHECKING:
    from pgmg.catalog.sessions.connection import Connection


@dataclass(frozen=True, slots=True)
class RelationState:
    """A relation with the number of its file (0: it has none), of scans, and the strongest lock that we hold on it."""

    schema: str
    name: str
    kind: str
    file: int
    scans: int
    lock: LockMode | None


def read_relation_states(conn: Connection, oids: list[int] | None = None) -> dict[int, RelationState]:
    """Return relations by OID as they are now, in the caller's transaction: all, or those with these OIDs."""
    rows = conn.execute(query("relation_files"), [oids], prepare=True).fetchall()
    return {
        oid: RelationState(schema, name, kind, file, scans, _strongest(modes))
        for oid, schema, name, kind, file, scans, modes in rows
    }


def _strongest(modes: list[str]) -> LockMode | None:
    return max(map(LockMode, modes), key=lambda mode: mode.rank, default=None)
