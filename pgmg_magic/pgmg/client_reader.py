"""Adds to a plan who uses what it changes: statements of clients, from the server's statistics and sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.client_statements import UseWanted, read_client_use
from pgmg.catalog.sessions.connection import reading
from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.plans.readers import ClientReaders
from pgmg.planning.lineage.changed_parts import changed_parts
from pgmg.planning.lineage.part_uses import part_readers, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.readers import ChangedPart

_COUNTED = frozenset({Kind.TABLE, Kind.MATERIALIZED_VIEW, Kind.INDEX})


def with_readers(plan: Plan, connect: Callable[[], Connection], lock_timeout: str) -> Plan:
    """Return a plan with who uses what it changes; nobody is asked where it changes nothing that clients can use.

    What the role may not read, or the server does not count, is said in `missing`.

    Raises:
        ConnectionFailedError: the database cannot be reached.
    """
    parts = changed_parts(plan)
    if not parts:
        return replace(plan, readers=ClientReaders())
    with connect() as conn, reading(conn, None, lock_timeout):
        known = read_client_use(conn, _wanted(parts))
    return replace(plan, readers=ClientReaders(part_readers(parts, known), known.since, known.missing, known.hidden))


def _wanted(parts: tuple[ChangedPart, ...]) -> UseWanted:
    deleted = [part.object for part in parts if part.is_deleted and part.column is None]
    return UseWanted(
        frozenset(part.object.name for part in parts),
        tuple(place_of(name) for name in deleted if name.kind in _COUNTED),
        tuple((*place_of(name), len(name.arguments or ())) for name in deleted if name.kind in ROUTINES),
    )
