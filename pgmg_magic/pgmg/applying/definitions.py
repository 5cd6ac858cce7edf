"""Reads how objects are dropped and restored right before they are dropped: migrations may have changed them.

One slot of a plan drops many objects; they are read together, in a constant number of round trips.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.catalog_queries import restore_settings
from pgmg.catalog.closure import read_definitions, read_owned_parts
from pgmg.catalog.snapshot_reader import find
from pgmg.model.plan import Action
from pgmg.model.snapshot import Address
from pgmg.planning.kinds.constraints import is_of_domain_source
from pgmg.planning.schedule.restore import restoration

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.model.catalog_details import Definition
    from pgmg.model.names import Kind, ObjectName
    from pgmg.model.plan import Step


class RuntimeDefinitions:
    """Remembers, from a drop to the restoration, what the server said right before the drop.

    `planned` are kinds and names of what has steps of its own: it is not restored along with what it is a part of.
    """

    def __init__(self, conn: psycopg.Connection[Any], path: str, planned: frozenset[tuple[Kind, str]]) -> None:
        self._conn = conn
        self._path = path
        self._planned = planned
        self._known: dict[ObjectName, Sequence[Definition]] = {}
        self._fresh: set[ObjectName] = set()

    def unread(self, drops: Sequence[Step]) -> list[Step]:
        """Return those of the steps whose object has not been read since it was last created."""
        return [step for step in drops if step.object not in self._fresh]

    def read(self, drops: Sequence[Step]) -> None:
        """Read the definitions of all that these steps drop, with their parts that no plan could know."""
        addresses = self._addresses(drops)
        parts = read_owned_parts(self._conn, addresses.values())
        wanted = [*addresses.values(), *(part for some in parts.values() for part in some)]
        found = read_definitions(self._conn, wanted, {})
        restore_settings(self._conn, self._path)
        for name, address in addresses.items():
            if address in found:
                others = (found[part] for part in parts.get(address, ()) if part in found)
                own_parts = [d for d in others if (d.name.kind, d.name.name) not in self._planned]
                self._known[name] = [found[address], *own_parts]
                self._fresh.add(name)

    def _addresses(self, drops: Sequence[Step]) -> dict[ObjectName, Address]:
        """Return where the objects are now: an earlier step may have created them, or recreated them."""
        live = find(self._conn, [step.object for step in drops], self._path)
        addresses: dict[ObjectName, Address] = {}
        for step in drops:
            known = live.get(step.object)
            if known is not None:
                addresses[step.object] = known.address
            elif step.runtime is not None and step.runtime.address is not None:
                addresses[step.object] = Address(*step.runtime.address)
        return addresses

    def step(self, step: Step) -> Step:
        """Return a step with the statements that hold now."""
        known = self._known.get(step.object)
        if step.runtime is None or not known:
            return step
        own, *parts = known
        if step.action is Action.DROP:
            self._fresh.discard(step.object)
            return replace(step, statements=(own.drop,))
        runtime, source = step.runtime, step.source
        restored = restoration(own, source, runtime.previous or source, runtime.missing, runtime.removed_comments)
        sources = () if source is None else (source, runtime.previous)
        with_parts = [restoration(part, None, None) for part in parts if not is_of_domain_source(part.name, sources)]
        of_parts = [s for part in with_parts for s in (*part.create, *part.restore)]
        if source is None:
            statements = (*restored.create, *restored.restore, *of_parts)
            return replace(step, statements=statements, properties=restored.properties)
        if step.action is Action.RESTORE:
            return replace(step, statements=(*restored.restore, *of_parts), properties=restored.properties)
        created = (*source.settings, *restored.create)
        if runtime.properties_apart:
            return replace(step, statements=created)
        return replace(step, statements=(*created, *restored.restore, *of_parts), properties=restored.properties)
