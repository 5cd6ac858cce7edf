"""Compares what a group of steps did with what the plan expected of it, before the commit (rules 4.5, 8.2).

Some statements cannot be read: EXECUTE of an expression, functions of other languages. What they drop along, or whose
names they give to others, the next attempt saves: it drops those objects before, and recreates them after.
"""

from __future__ import annotations

from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.applying.learning import error_classes as classes
from pgmg.applying.learning.changed_definitions import DefinitionsBefore
from pgmg.applying.learning.outgrown_stars import StarReaders
from pgmg.applying.learning.shadowing import shadowed_objects, users_of_old_object
from pgmg.applying.runner import Care
from pgmg.catalog.reading.catalog_queries import set_path
from pgmg.catalog.reading.closure import read_dependencies
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.reading.table_parts import read_table_parts
from pgmg.model.database.server_facts import StatementId
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.plans.plan import Action
from pgmg.model.sources.source import Effect
from pgmg.planning.replay.object_operations import CHANGES_SHAPE, LEAVES_NAME
from pgmg.source import drops_within

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pgmg.applying.runner import StepFailed
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.sources.source import Statement

_INDEPENDENT = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}
_ON_RELATION = frozenset({Kind.TRIGGER, Kind.POLICY, Kind.RULE})


@dataclass(frozen=True, slots=True)
class UnplannedEffect:
    """An object that has to be dropped before a statement and recreated after it, and why.

    `becomes`: the statement gives it this name instead, and nothing has to be dropped.
    """

    object: ObjectName
    address: Address | None
    statement: StatementId
    migration: ObjectName
    because: str
    becomes: ObjectName | None = None

    @property
    def place(self) -> tuple[int, int] | None:
        """The address as facts hold it."""
        return None if self.address is None else (self.address.classid, self.address.objid)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A statement that may do more than the plan knows; `number` counts the statements of its step from 0."""

    step: Step
    migration: str
    number: int
    statement: Statement

    @property
    def key(self) -> tuple[str, int]:
        """The migration and the number of the statement in it, as `Care` has them."""
        return self.migration, self.step.first_statement + self.number

    @property
    def place(self) -> StatementId:
        """The statement as facts name it."""
        return StatementId(self.migration, *self.statement.position)

    def effect(self, name: ObjectName, address: Address | None, because: str) -> UnplannedEffect:
        """Return an effect of this statement on an object."""
        return UnplannedEffect(name, address, self.place, self.step.whole, because)

    def move(self, name: ObjectName, becomes: ObjectName) -> UnplannedEffect:
        """Return that this statement gives an object another name."""
        return replace(self.effect(name, None, f"it gives {name} the name {becomes}"), becomes=becomes)


@dataclass
class Reconciliation:
    """The inputs of the comparison after one group.

    `before` is the database right before the first statement that cannot be read. `is_watched`: the group runs again,
    to find out which statement did what; `taken` is filled meanwhile, with what each statement took along.
    """

    conn: Connection
    state_schema: str
    snapshot: Snapshot
    group: Sequence[Step]
    plan: Plan
    before: Snapshot | None = None
    parts: Mapping[Address, ObjectName] = field(default_factory=dict)
    is_watched: bool = False
    taken: list[UnplannedEffect] = field(default_factory=list)
    is_ambiguous: bool = False
    """Objects are gone, or `*` stands for other columns, and which of several statements did so is not known."""
    _stale_before: frozenset[ObjectName] = field(default=frozenset(), init=False)
    _seen_stale: list[tuple[Suspect, frozenset[ObjectName]]] = field(default_factory=list, init=False)
    """What was stale after which statement, in their order."""
    _there: tuple[Snapshot, Mapping[Address, ObjectName]] | None = field(default=None, init=False)

    @cached_property
    def _definitions(self) -> DefinitionsBefore:
        return DefinitionsBefore(self.conn, self.snapshot, self.group)

    @cached_property
    def _stars(self) -> StarReaders:
        return StarReaders(self.conn, self.plan.star_readers, self.snapshot.server.setting)

    def begin(self) -> None:
        """Note what there is before the first suspect runs; of constraints and defaults no snapshot tells."""
        is_first = self.suspects[0].step is self.plan.steps[0]  # an earlier group may have recreated what there was
        self.before = self.snapshot if is_first else read_snapshot(self.conn, self.state_schema)
        self.parts = read_table_parts(self.conn)
        self._stale_before = self._stars.stale()
        set_path(self.conn, self.snapshot.server.setting)

    def care(self, *, savepoints: bool) -> Care:
        """Return what to call around which statements, by migration and number."""
        before: dict[tuple[str, int], Callable[[], None]] = {}
        last = 0
        for suspect in self.suspects:
            unknown = self._definitions.created(last, suspect.step.number)
            if not before:
                unknown |= self._definitions.unrecorded() | self._definitions.created_before(self.plan.steps)
            if not before or self.is_watched or unknown:
                before[suspect.key] = self._before(unknown, is_first=not before)
            last = suspect.step.number
        after: dict[tuple[str, int], Callable[[], None]] = {}
        if self.is_watched:
            after = {one.key: self._watch_stars(one) for one in self._column_changes} if self.plan.star_readers else {}
            after |= {suspect.key: self._watch(suspect) for suspect in self.suspects}
        return Care(savepoints, before, after)

    def _before(self, unknown: Collection[ObjectName], *, is_first: bool) -> Callable[[], None]:
        """Return what notes what there is right before a suspect."""

        def look() -> None:
            if is_first:
                self.begin()
            if unknown:
                self._definitions.note(unknown)
            if self.is_watched:
                self._there = read_snapshot(self.conn, self.state_schema), read_table_parts(self.conn)
                set_path(self.conn, self.snapshot.server.setting)

        return look

    def _watch(self, suspect: Suspect) -> Callable[[], None]:
        """Return what notes after a suspect what it took along."""

        def look() -> None:
            now = read_snapshot(self.conn, self.state_schema)
            assert self._there is not None
            before, parts = self._there
            intended = set(drops_within(suspect.statement))
            lost = [
                (live.address, name)
                for name, live in before.objects.items()
                if name not in now.objects
                and live.address not in now.by_address
                and live.extension is None
                and (name.kind, name.name) not in intended
                and not (name in self.plan.removed_names and self._older(live.address) is None)
                and self._is_independent(name, now)
            ]
            lost += self._lost_parts(before, parts, now, set(), set(), intended)
            set_path(self.conn, self.snapshot.server.setting)
            self.taken += [
                suspect.effect(name, self._older(address), f"CASCADE takes {name} along") for address, name in lost
            ]
            self.taken += [suspect.move(*names) for names in self._moved(before, now)]
            look_at_stars()

        look_at_stars = self._watch_stars(suspect)
        return look

    def _watch_stars(self, statement: Suspect) -> Callable[[], None]:
        """Return what notes after a statement which views have a `*` that stands for other columns now."""

        def look() -> None:
            self._seen_stale.append((statement, self._stars.stale()))

        return look

    def _moved(self, before: Snapshot, now: Snapshot) -> Iterator[tuple[ObjectName, ObjectName]]:
        """Yield unmanaged objects that have another name now, with both names."""
        managed = {step.object for step in self.plan.steps if step.source is not None}
        for name, live in before.objects.items():
            known = now.by_address.get(live.address)
            if known is None or known.name == name or name.parent is not None or live.extension is not None:
                continue
            if name not in managed and str(name) not in before.state:
                yield name, known.name

    def may_explain(self, failure: StepFailed) -> bool:
        """Say whether a step may have failed because an earlier statement that cannot be read took something along."""
        step = failure.step
        is_gone = isinstance(failure.error, classes.GONE)
        return is_gone and step is not None and any(s.step.number <= step.number for s in self.suspects)

    @cached_property
    def _column_changes(self) -> list[Suspect]:
        """The statements of which the text says that they change columns, maybe of a relation not known to the plan."""
        return [
            Suspect(step, step.migration.name, number, statement)
            for step in self.group
            for number, statement in enumerate(step.migration_statements)
            if step.migration is not None and any(a.effect in CHANGES_SHAPE for a in statement.alterations)
        ]

    @cached_property
    def suspects(self) -> list[Suspect]:
        """The statements that may have done more than the plan knows."""
        return [
            Suspect(step, step.migration.name, number, statement)
            for step in self.group
            for number, statement in _suspects_of(step)
            if step.migration is not None
        ]

    def effects(self, now: Snapshot) -> list[UnplannedEffect]:
        """Return what the plan should have saved."""
        suspects, before = self.suspects, self.before
        if not suspects or before is None:
            return []
        found = []
        if self.is_watched:
            found += self.taken
        elif not self.plan.options.drop_unmanaged:
            restored = {step.object for step in self.group if step.action is Action.RESTORE}
            # the statement may have moved what a later one drops under its new name
            dropped = {
                (alteration.target.kind, alteration.target.parts[-1])
                for step in self.group
                for statement in step.migration_statements
                for alteration in statement.alterations
                if alteration.effect is Effect.DROP
            }
            for address, name in self._dropped_along(before, now):
                is_sure = len(suspects) == 1 and name not in now.objects and name not in restored
                is_sure = is_sure and (name.kind, name.name) not in dropped
                self.is_ambiguous = self.is_ambiguous or not is_sure
                found.append(suspects[0].effect(name, self._older(address), f"CASCADE takes {name} along"))
        renamed = {effect.object for effect in self.plan.effects if effect.effect in LEAVES_NAME}
        moved = {address: name for address, name in shadowed_objects(before, now).items() if name not in renamed}
        users = {}
        if moved:
            managed = {step.object for step in self.plan.steps if step.source is not None}
            later = {step.object for step in self.plan.steps if step.number > suspects[0].step.number}
            dependencies = read_dependencies(self.conn, moved)
            users = users_of_old_object(moved, dependencies, before, now, managed, later)
        for live, name in users.values():
            because = f"{name} is another object afterwards"
            found += [one.effect(live.name, self._older(live.address), because) for one in suspects]
        for name in self._renamed_meanwhile(before, now):
            found += [one.effect(name, None, f"{name} has another name afterwards") for one in suspects]
        return found

    def is_managed(self, effect: UnplannedEffect) -> bool:
        """Say whether a file declares, or has declared, the object of an effect."""
        return str(effect.object) in self.snapshot.state or any(
            effect.object == one.object for one in self.plan.records
        )

    def changed(self, now: Snapshot) -> list[ObjectName]:
        """Return managed objects whose definition a suspect has changed: they are brought to their source after it."""
        if not self.suspects or self.before is None:
            return []
        return self._definitions.changed(now, self.suspects[-1].step.number)

    def outgrown(self) -> dict[ObjectName, StatementId]:
        """Return managed views whose `*` stands for other columns since which statement.

        That is a suspect, or a statement about a relation that a suspect has created.
        """
        if not self.suspects or self.before is None or not self.plan.star_readers:
            return {}
        later = {step.object for step in self.plan.steps if step.group > self.group[0].group and _is_from_source(step)}
        found = self._stars.stale() - self._stale_before - later
        if self.is_watched:
            since = {name: self._outgrown_since(name) for name in sorted(found)}
            return {name: statement for name, statement in since.items() if statement is not None}
        is_sure = len(self.suspects) == 1 and all(name in self.before.objects for name in found)
        self.is_ambiguous = self.is_ambiguous or (bool(found) and not is_sure)
        return dict.fromkeys(sorted(found), self.suspects[0].place)

    def _outgrown_since(self, name: ObjectName) -> StatementId | None:
        """Return the first statement after which an object was stale; before its creation, its source was not meant."""
        created = max((s.number for s in self.group if s.object == name and _is_from_source(s)), default=0)
        seen = (one.place for one, stale in self._seen_stale if one.step.number > created and name in stale)
        return next(seen, None)

    def _older(self, address: Address | None) -> Address | None:
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

    def _dropped_along(self, before: Snapshot, now: Snapshot) -> Iterator[tuple[Address | None, ObjectName]]:
        """Yield what the plan says is there after the group, and is gone, though no migration names it."""
        present = {step.object: step.action is not Action.DROP for step in self.group}
        planned = {name for name, is_there in present.items() if not is_there}
        expected = {Address(*address) for address in self.plan.removed}
        intended = {name for suspect in self.suspects for name in drops_within(suspect.statement)}
        first = self.suspects[0].step.number
        replaced = {s.object for s in self.group if s.action is Action.REPLACE and s.number > first}
        for name, live in before.objects.items():
            if live.address in now.by_address or live.extension is not None:
                continue
            if name in now.objects and name not in replaced:  # OR REPLACE creates what is gone
                continue
            if name in planned or (live.address in expected and name not in present):
                continue
            if (name.kind, name.name) in intended:
                continue
            if name in self.plan.removed_names and self._older(live.address) is None:
                continue
            if self._is_independent(name, now):
                yield live.address, name
        moved = {effect.object for effect in self.plan.effects if effect.effect in LEAVES_NAME}
        for name, is_there in present.items():
            is_gone = is_there and name not in now.objects and name not in before.objects and name not in moved
            if is_gone and name.kind in _INDEPENDENT and (name.kind, name.name) not in intended:
                yield None, name
        yield from self._lost_parts(before, self.parts, now, planned, expected, intended)

    def _is_independent(self, name: ObjectName, now: Snapshot) -> bool:
        """Say whether an object does not simply go with its table."""
        return name.kind in _INDEPENDENT or (name.kind in _ON_RELATION and name.parent in now.objects)

    def _lost_parts(
        self,
        before: Snapshot,
        parts: Mapping[Address, ObjectName],
        now: Snapshot,
        planned: set[ObjectName],
        expected: set[Address],
        intended: set[tuple[Kind, str]],
    ) -> Iterator[tuple[Address, ObjectName]]:
        """Yield constraints, defaults, indexes and statistics that are gone while their table, and column, are not."""
        if not parts:
            return
        left = read_table_parts(self.conn)
        names = set(left.values())
        for address, name in parts.items():
            is_there = address in left or name in names or address in expected or name in planned
            table, still = (s.objects.get(name.parent or name) for s in (before, now))
            is_same = table is not None and still is not None and table.address == still.address
            if not is_there and is_same and (name.kind, name.name) not in intended:
                yield address, name


def _is_from_source(step: Step) -> bool:
    return step.source is not None and step.action in (Action.CREATE, Action.REPLACE)


def _suspects_of(step: Step) -> Iterator[tuple[int, Statement]]:
    """Yield the statements of a step that may do more than the plan knows, with their numbers."""
    for number, statement in enumerate(step.migration_statements):
        if number in step.unread or any(a.cascade for a in statement.alterations):
            yield number, statement
