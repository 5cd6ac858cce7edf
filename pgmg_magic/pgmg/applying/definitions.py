"""Asks again how objects are dropped and restored that earlier steps of the same plan make or outdate (rule 6.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.catalog_queries import restore_settings
from pgmg.catalog.closure import read_definitions, read_owned_parts
from pgmg.catalog.snapshot_reader import find
from pgmg.model.plan import Action, Step
from pgmg.model.snapshot import NOWHERE, Address
from pgmg.planning.schedule.restore import restoration

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.model.catalog_details import Definition
    from pgmg.model.names import Kind, ObjectName


class RuntimeDefinitions:
    """Remembers, from a drop to the restoration, what the server said right before the drop."""

    def __init__(self, conn: psycopg.Connection[Any], path: str) -> None:
        self._conn = conn
        self._path = path
        self.planned: frozenset[tuple[Kind, str]] = frozenset()
        """Kinds and names of what has steps of its own."""
        self._known: dict[ObjectName, Sequence[Definition]] = {}

    def step(self, step: Step) -> Step:
        """Return the step with the statements that hold now. Costs round trips, and is called for few."""
        if step.reread is None:
            return step
        if step.action is Action.DROP:
            found = self._read(step.object, Address(*step.reread))
            restore_settings(self._conn, self._path)
            if not found:
                return step  # an earlier step dropped it: the server will say so
            self._known[step.object] = found
            return replace(step, statements=(found[0].drop,))
        known = self._known.get(step.object)
        if known is None:
            return step
        own, *others = known
        restored = restoration(own, step.source, step.source, step.vanished, fill_later=True)
        created = () if step.source is not None else restored.create  # from its source, an earlier step created it
        with_it = [restoration(other, None, None) for other in others]
        more = [statement for other in with_it for statement in (*other.create, *other.restore)]
        return replace(step, statements=(*created, *restored.restore, *more), properties=restored.properties)

    def _read(self, name: ObjectName, address: Address) -> list[Definition]:
        """Return the definition of an object, and of what goes with it and no plan could know: indexes, rules."""
        found = read_definitions(self._conn, [address], {}) if address != NOWHERE else {}
        if not found:  # an earlier step made it, or made it again, by the name that it had then
            last = self._known[name][0].name if name in self._known else name
            live = find(self._conn, [last], self._path).get(last)
            if live is None:
                return []
            address = live.address
            found = read_definitions(self._conn, [address], {})
        company = read_definitions(self._conn, read_owned_parts(self._conn, address), {}).values()
        return [found[address], *(other for other in company if (other.name.kind, other.name.name) not in self.planned)]
