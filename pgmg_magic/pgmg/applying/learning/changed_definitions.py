"""Finds managed objects whose definition a statement changed that cannot be read (rules 4.3, 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import addresses, run_queries, set_path
from pgmg.catalog.reading.snapshot_reader import find
from pgmg.model.database.snapshot import Address, definition_hash
from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.plans.plan import Action

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import psycopg

    from pgmg.model.database.snapshot import LiveObject, Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Step

_COMPARED = ROUTINES | {Kind.VIEW, Kind.POLICY, Kind.TRIGGER, Kind.RULE}
_FROM_SOURCE = frozenset({Action.CREATE, Action.REPLACE, Action.ALTER})


def _brings_to_source(step: Step) -> bool:
    return step.action in _FROM_SOURCE and step.object.kind in _COMPARED


class DefinitionsBefore:
    """The definitions of managed objects right before statements that cannot be read.

    State has those of what a plan leaves alone. Those of what steps of the plan bring to its source are `note`d, and so
    are those of `unrecorded` objects.
    """

    def __init__(self, conn: psycopg.Connection[Any], snapshot: Snapshot, group: Sequence[Step]) -> None:
        self._conn, self._snapshot, self._group = conn, snapshot, group
        self._noted: dict[ObjectName, tuple[LiveObject, str]] = {}

    def created(self, after: int, before: int) -> set[ObjectName]:
        """Return what steps between two numbers bring to its source."""
        return {step.object for step in self._group if after < step.number < before and _brings_to_source(step)}

    def created_before(self, steps: Iterable[Step]) -> set[ObjectName]:
        """Return what earlier groups of a plan have brought to its source: state as it was read has none of it."""
        return {step.object for step in steps if step.group < self._group[0].group and _brings_to_source(step)}

    def unrecorded(self) -> set[ObjectName]:
        """Return objects whose row in the catalog has been written since state was: by GRANT, or by a restored dump."""
        state = self._snapshot.state
        found = {name: (state.get(str(name)), live) for name, live in self._snapshot.objects.items()}
        return {
            name
            for name, (row, live) in found.items()
            if row is not None and row.version != live.stamp and name.kind in _COMPARED
        }

    def note(self, names: Collection[ObjectName]) -> None:
        """Read the definitions of objects."""
        live = find(self._conn, names, self._snapshot.server.setting)
        there = {name: live[name] for name in names if name in live}
        hashes = self._hashes(one.address for one in there.values())
        self._noted |= {name: (one, hashes[one.address]) for name, one in there.items() if one.address in hashes}

    def changed(self, now: Snapshot, first: int) -> list[ObjectName]:
        """Return the objects that the server words otherwise; not those that steps after number `first` change.

        The version of an object is the transaction that changed its row in the catalog last: of what this transaction
        has created, it says nothing.
        """
        ours = self.created(first, len(self._group) + self._group[0].number)
        known: dict[Address, tuple[ObjectName, str]] = {}
        for name, live in now.objects.items():
            if name.kind not in _COMPARED or name in ours or live.extension is not None:
                continue
            noted = self._noted.get(name)
            before = noted or self._recorded(name)
            if before is None or before[0].address != live.address:
                continue
            if noted is not None or before[0].version != live.version:
                known[live.address] = (name, before[1])
        hashes = self._hashes(known)
        return [name for address, (name, hash_) in known.items() if hashes.get(address, hash_) != hash_]

    def _recorded(self, name: ObjectName) -> tuple[LiveObject, str] | None:
        """Return an object as state has it; None where it had been changed before the plan."""
        row, live = self._snapshot.state.get(str(name)), self._snapshot.objects.get(name)
        if row is None or live is None or row.definition_hash is None or row.version != live.stamp:
            return None
        return live, row.definition_hash

    def _hashes(self, these: Iterable[Address]) -> dict[Address, str]:
        """Return the hashes of definitions."""
        wanted = list(these)
        if not wanted:
            return {}
        (rows,) = run_queries(self._conn, ("definitions", (*addresses(wanted), False)))
        set_path(self._conn, self._snapshot.server.setting)
        return {Address(row[0], row[1]): definition_hash(row[8]) for row in rows if row[8] is not None}
