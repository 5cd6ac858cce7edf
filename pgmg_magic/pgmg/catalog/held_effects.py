"""Sees what the statements of an open transaction did to relations: locks held, files replaced, scans begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.catalog.catalog_queries import query
from pgmg.model.risk import LockMode

if TYPE_CHECKING:
    from pgmg.catalog.connection import Connection


@dataclass(frozen=True, slots=True)
class RelationFile:
    """A relation with the number of its file (0: it has none) and of scans in this transaction."""

    schema: str
    name: str
    kind: str
    file: int
    scans: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Relations and locks held, by OID."""

    relations: dict[int, RelationFile]
    locks: dict[int, LockMode]


def read_moment(conn: Connection) -> Moment:
    """Return what there is now, in the caller's transaction."""
    with conn.pipeline():
        relations, locks = conn.execute(query("relation_files")), conn.execute(query("held_locks"))
    held: dict[int, LockMode] = {}
    for oid, word in locks.fetchall():
        mode = LockMode(word)
        if oid not in held or held[oid].rank < mode.rank:
            held[oid] = mode
    return Moment({oid: RelationFile(*rest) for oid, *rest in relations.fetchall()}, held)
