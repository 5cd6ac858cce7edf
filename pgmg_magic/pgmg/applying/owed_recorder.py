"""Records what a transaction drops and a later one creates again: no failure between them loses it (rule 9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.catalog_queries import set_path
from pgmg.catalog.closure import closure_of, read_definitions, read_dependencies, read_owned_parts
from pgmg.catalog.snapshot_reader import read_snapshot
from pgmg.model.owed_objects import OwedObject
from pgmg.model.plan import Action
from pgmg.model.state_layout import OWED
from pgmg.planning.schedule.dependencies import DependencyGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from pgmg.catalog.state_tables import StateTables
    from pgmg.model.catalog_details import Definition
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Plan, Step
    from pgmg.model.snapshot import Address, Snapshot

_CREATES = frozenset({Action.CREATE, Action.RESTORE})


class OwedObjects:
    """The objects that one group of a plan leaves absent at its commit, and a later group creates again."""

    def __init__(
        self, conn: psycopg.Connection[Any], schema: str, snapshot: Snapshot, plan: Plan, group: Sequence[Step]
    ) -> None:
        self._state_schema = schema
        self._conn, self._snapshot, self._plan, self._group = conn, snapshot, plan, group
        self._number = group[0].group if group else len(plan.groups)
        self._drops = _owed_drops(plan, self._number)
        following = (step.migration for step in plan.steps if step.group > self._number and step.migration is not None)
        self._migration = next((migration.name for migration in following), "")
        self._noted: dict[ObjectName, OwedObject] = {}

    @property
    def names(self) -> tuple[ObjectName, ...]:
        """The objects that do not exist after the group, and are created again by a later one."""
        return tuple(self._drops)

    def includes(self, step: Step) -> bool:
        """Say whether a step drops an object that is owed at the commit, and has not been read."""
        return self._drops.get(step.object) is step and step.object not in self._noted

    def note(self, steps: Iterable[Step]) -> None:
        """Read the definitions of those that are owed, of objects that steps are about to drop."""
        wanted = [step.object for step in steps if self.includes(step)]
        now = read_snapshot(self._conn, self._state_schema)
        found = [now.addresses[name] for name in wanted if name in now.addresses]
        parts = read_owned_parts(self._conn, found)
        addresses = dict.fromkeys([*found, *(part for some in parts.values() for part in some)])
        definitions = read_definitions(self._conn, addresses, now.by_address)
        self._noted |= {owed.name: owed for owed in self._owed(definitions, now)}
        set_path(self._conn, self._snapshot.server.setting)

    def _owed(self, definitions: dict[Address, Definition], now: Snapshot) -> Iterable[OwedObject]:
        dependencies = read_dependencies(
            self._conn, [a for a, live in now.by_address.items() if live.extension is None]
        )
        graph = DependencyGraph(closure_of(dependencies, definitions))
        needs: dict[Address, list[Any]] = {address: [] for address in definitions}
        for dependency in dependencies:
            whole = graph.whole(dependency.dependent)  # a view for its rule
            if whole in needs and graph.whole(dependency.referenced) != whole:
                needs[whole].append(replace(dependency, dependent=whole))
        for address, definition in definitions.items():
            yield OwedObject(definition, tuple(needs[address]), self._migration)

    def record(self, state: StateTables) -> None:
        """Write down what is owed from now on, and forget what exists again; inside the group's transaction.

        After the last group nothing is owed: what has not been created again, nobody wants any more.
        """
        state.record_owed(self._snapshot.server, self._noted.values())
        earlier = {name for number in range(1, self._number) for name in _owed_drops(self._plan, number)}
        if not earlier and not self._snapshot.server.columns_of(OWED):
            return
        if self._number < len(self._plan.groups):
            created = {step.object for step in self._group if step.action in _CREATES}
            known = self._snapshot.owed.keys() | earlier
            state.settle_owed([name for name in known if name in created or name.parent in created])
        else:
            state.settle_all_owed()


def _owed_drops(plan: Plan, group: int) -> dict[ObjectName, Step]:
    """Return the drops of a group whose objects a later group creates again."""
    steps = [step for step in plan.steps if step.group == group]
    created = {step.object: step.number for step in steps if step.action in _CREATES}
    later = {step.object for step in plan.steps if step.group > group and step.action in _CREATES}
    drops = (s for s in steps if s.action is Action.DROP and created.get(s.object, 0) < s.number)
    return {step.object: step for step in drops if step.object in later}
