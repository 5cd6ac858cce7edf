"""Records what a transaction drops and a later one creates again: no failure between them loses it (rule 9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import set_path
from pgmg.catalog.reading.closure import closure_of, read_definitions, read_dependencies, read_owned_parts
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.model.database.owed_objects import OwedObject
from pgmg.model.database.state_layout import OWED
from pgmg.model.plans.plan import Action
from pgmg.planning.demands.dependencies import DependencyGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from pgmg.catalog.state.state_tables import StateTables
    from pgmg.model.database.catalog_details import Definition
    from pgmg.model.database.snapshot import Address, Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step

_CREATES = frozenset({Action.CREATE, Action.RESTORE})


class OwedObjects:
    """The objects that a plan owes while its groups are carried out: dropped, and to be created again by a later group.

    `absent` are those that do not exist after the last group whose outcome was recorded.
    """

    def __init__(self, conn: psycopg.Connection[Any], schema: str, snapshot: Snapshot, plan: Plan) -> None:
        self._conn, self._state_schema, self._snapshot, self._plan = conn, schema, snapshot, plan
        self.absent: tuple[ObjectName, ...] = tuple(snapshot.owed)
        self._has_table = bool(snapshot.server.columns_of(OWED))
        self._last_creation = {step.object: step.group for step in plan.steps if step.action in _CREATES}
        self._group: Sequence[Step] = ()
        self._drops: dict[ObjectName, Step] = {}
        self._noted: dict[ObjectName, OwedObject] = {}

    def begin(self, group: Sequence[Step]) -> None:
        """Turn to a group of steps that share a transaction."""
        drops: dict[ObjectName, Step] = {}
        for step in group:
            if step.action in _CREATES:
                drops.pop(step.object, None)
            elif step.action is Action.DROP and self._last_creation.get(step.object, 0) > step.group:
                drops[step.object] = step
        self._group, self._drops, self._noted = group, drops, {}

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
        definitions = read_definitions(self._conn, addresses, now.by_address, absolute=True)
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
        migration = self._needed_by()
        for address, definition in definitions.items():
            yield OwedObject(definition, tuple(needs[address]), migration)

    def _needed_by(self) -> str:
        """Return the first migration after the group."""
        later = self._plan.steps[self._group[-1].number :]
        return next((step.migration.name for step in later if step.migration is not None), "")

    def record(self, state: StateTables) -> None:
        """Write down what is owed from now on, and forget what exists again; inside the group's transaction.

        After the last group nothing is owed: what has not been created again, nobody wants any more.
        """
        state.record_owed(self._snapshot.server, self._noted.values())
        self._has_table = self._has_table or bool(self._noted)
        is_last = not self._group or self._group[0].group == len(self._plan.groups)
        created = {step.object for step in self._group if step.action in _CREATES}
        settled = [name for name in self.absent if is_last or name in created or name.parent in created]
        self.absent = (*(name for name in self.absent if name not in settled), *self._noted)
        if is_last and self._has_table:
            state.settle_all_owed()
        elif settled:
            state.settle_owed(settled)
