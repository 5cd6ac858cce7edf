"""Compares what a group of steps did with what the plan expected of it, before the commit (rules 4.5, 8.2).

Some statements cannot be read: EXECUTE of an expression, functions of other languages. What they drop along, or whose
names they give to others, the next attempt saves: it drops those objects before, and recreates them after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.applying.shadowing import shadowed_objects, users_of_old_object
from pgmg.catalog.catalog_queries import set_path
from pgmg.catalog.closure import read_dependencies
from pgmg.catalog.snapshot_reader import read_snapshot
from pgmg.catalog.table_parts import identify, read_table_parts
from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.model.plan import Action
from pgmg.model.server_facts import StatementId
from pgmg.model.snapshot import Address
from pgmg.source import drops_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pgmg.catalog.connection import Connection
    from pgmg.model.plan import Plan, Step
    from pgmg.model.snapshot import Snapshot
    from pgmg.model.source import Statement

_INDEPENDENT = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}
_ON_RELATION = frozenset({Kind.TRIGGER, Kind.POLICY, Kind.RULE})
_PARTS = frozenset({Kind.INDEX, Kind.STATISTICS, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT})


@dataclass(frozen=True, slots=True)
class UnplannedEffect:
    """An object that has to be dropped before a statement and recreated after it, and why."""

    object: ObjectName
    address: Address | None
    statement: StatementId
    migration: ObjectName
    because: str

    @property
    def place(self) -> tuple[int, int] | None:
        """The address as facts hold it."""
        return None if self.address is None else (self.address.classid, self.address.objid)


@dataclass
class Reconciliation:
    """The inputs of the comparison after one group.

    `before` is the database right before the first statement that cannot be read. `located` is filled while the group
    runs again: by which statement each object of `lost` was gone.
    """

    conn: Connection
    state_schema: str
    snapshot: Snapshot
    group: Sequence[Step]
    plan: Plan
    before: Snapshot | None = None
    parts: Mapping[Address, ObjectName] = field(default_factory=dict)
    located: dict[Address, StatementId] = field(default_factory=dict)
    lost: Sequence[Address] = ()

    def begin(self) -> None:
        """Note what there is before the first suspect runs; of constraints and defaults no snapshot tells."""
        is_first = self.group[0].migration is not None and self.group[0] is self.suspects[0][0]
        self.before = self.snapshot if is_first else read_snapshot(self.conn, self.state_schema)
        self.parts = read_table_parts(self.conn)
        set_path(self.conn, self.snapshot.server.setting)

    def care(self) -> tuple[tuple[str, int], Callable[[], None]] | None:
        """Return what to do before which statement, by migration and number; None where all can be read."""
        for step in self.group:
            for number, _ in _suspects_of(step):
                assert step.migration is not None
                return (step.migration.name, step.first_statement + number), self.begin
        return None

    @property
    def suspects(self) -> list[tuple[Step, StatementId, Statement]]:
        """The statements that may have done more than the plan knows."""
        return [
            (step, StatementId(step.migration.name, *statement.position), statement)
            for step in self.group
            for _, statement in _suspects_of(step)
            if step.migration is not None
        ]

    def effects(self, now: Snapshot) -> list[UnplannedEffect]:
        """Return what the plan should have saved."""
        suspects, before = self.suspects, self.before
        if not suspects or before is None:
            return []
        found = []
        if not self.plan.options.drop_unmanaged:
            for address, name in self._dropped_along(before, now):
                located = self.located.get(address)
                step, statement, _ = next((s for s in suspects if s[1] == located), suspects[0])
                because = f"CASCADE takes {name} along"
                found.append(UnplannedEffect(name, self._older(address), statement, step.whole, because))
        moved = shadowed_objects(before, now)
        users = {}
        if moved:
            managed = {step.object for step in self.plan.steps if step.source is not None}
            later = {step.object for step in self.plan.steps if step.number > suspects[0][0].number}
            dependencies = read_dependencies(self.conn, moved)
            users = users_of_old_object(moved, dependencies, before, now, managed, later)
        for live, name in users.values():
            for step, statement, _ in suspects:
                because = f"{name} is another object afterwards"
                found.append(UnplannedEffect(live.name, self._older(live.address), statement, step.whole, because))
        for name in self._renamed_meanwhile(before, now):
            for step, statement, _ in suspects:
                because = f"{name} has another name afterwards"
                found.append(UnplannedEffect(name, None, statement, step.whole, because))
        return found

    def _older(self, address: Address) -> Address | None:
        """Return an address that is older than the plan: what the plan itself creates has another one each time."""
        return address if address in self.snapshot.by_address or address in self._older_parts else None

    @cached_property
    def _older_parts(self) -> frozenset[Address]:
        newest = max((address.objid for address in self.snapshot.by_address), default=0)
        return frozenset(address for address in self.parts if address.objid <= newest)

    def _renamed_meanwhile(self, before: Snapshot, now: Snapshot) -> Iterator[ObjectName]:
        """Yield what a step has created from its source, and what does not have its name any more."""
        created = {step.object for step in self.group if step.action is Action.CREATE}
        planned = {step.object for step in self.group if step.action is Action.DROP}
        for name in sorted(created - planned):
            live = before.objects.get(name)
            if live is not None and name not in now.objects and live.address in now.by_address:
                yield name

    def is_ambiguous(self, effects: Iterable[UnplannedEffect]) -> bool:
        """Say whether it is not known yet by which of several statements objects were dropped."""
        lost = [effect for effect in effects if effect.address is not None]
        return bool(lost) and len(self.suspects) > 1 and not self.located

    def hooks(self, lost: Iterable[Address]) -> dict[tuple[str, int], Callable[[], None]]:
        """Return what to call after each suspect, by migration and number of the statement, in another run."""
        wanted = list(lost)

        def hook(statement: StatementId) -> Callable[[], None]:
            def look() -> None:
                missing = [a for a in wanted if a not in self.located and a not in identify(self.conn, wanted)]
                self.located.update(dict.fromkeys(missing, statement))

            return look

        return {
            (step.migration.name, step.first_statement + number): hook(
                StatementId(step.migration.name, *statement.position)
            )
            for step in self.group
            for number, statement in _suspects_of(step)
            if step.migration is not None
        }

    def _dropped_along(self, before: Snapshot, now: Snapshot) -> Iterator[tuple[Address, ObjectName]]:
        """Yield what existed before the group and is gone, though no step drops it and no migration names it."""
        planned = {step.object for step in self.plan.steps if step.action is Action.DROP}
        expected = {Address(*address) for address in self.plan.removed}
        intended = {name for _, _, statement in self.suspects for name in drops_within(statement)}
        for name, live in before.objects.items():
            if live.address in now.by_address or live.address in expected or live.extension is not None:
                continue
            if name in now.objects or name in planned or (name.kind, name.name) in intended:
                continue
            if name in self.plan.removed_names and self._older(live.address) is None:
                continue
            if self._is_independent(name, now):
                yield live.address, name
        yield from self._lost_parts(now, planned, expected, intended)

    def _is_independent(self, name: ObjectName, now: Snapshot) -> bool:
        """Say whether an object does not simply go with its table."""
        return name.kind in _INDEPENDENT or (name.kind in _ON_RELATION and name.parent in now.objects)

    def _lost_parts(
        self, now: Snapshot, planned: set[ObjectName], expected: set[Address], intended: set[tuple[Kind, str]]
    ) -> Iterator[tuple[Address, ObjectName]]:
        """Yield constraints, defaults, indexes and statistics that are gone while their table, and column, are not."""
        if not self.parts:
            return
        left = read_table_parts(self.conn)
        names, before = set(left.values()), self.before
        assert before is not None
        for address, name in self.parts.items():
            is_there = address in left or name in names or address in expected or name in planned
            table, still = (s.objects.get(name.parent or name) for s in (before, now))
            is_same = table is not None and still is not None and table.address == still.address
            if not is_there and is_same and (name.kind, name.name) not in intended:
                yield address, name


def _suspects_of(step: Step) -> Iterator[tuple[int, Statement]]:
    """Yield the statements of a step that may do more than the plan knows, with their numbers."""
    for number, statement in enumerate(step.migration_statements):
        if number in step.unread or any(a.cascade for a in statement.alterations):
            yield number, statement
