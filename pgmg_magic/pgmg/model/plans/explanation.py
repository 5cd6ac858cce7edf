"""The course of a plan for each object: when it exists, and when and why it is dropped, created or changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.source import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import MigrationEffect, Plan, Step


class Happening(StrEnum):
    """One thing that happens to an object at a point of a plan."""

    DROP = "drop"
    CREATE = "create"
    RESTORE = "restore"
    REPLACE = "replace"
    ALTER = "alter"
    RENAME = "rename"  # or moved to another schema
    DESCRIBE = "describe"  # comments, privileges, owner, state of a trigger
    BUILD = "build"  # beside the former one
    SWAP = "swap"
    VALIDATE = "validate"


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """A column of the table: a migration, a part of one, or the steps of pgmg between two of them.

    `migration` is the migration step's name (`002.sql`, `002.sql:7` for a part), None for steps of pgmg. `steps` are
    the numbers of the steps.
    """

    label: str
    migration: str | None
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One event of an object. `point` is an index of `Explanation.points`, `step` the number of the step."""

    point: int
    step: int
    happening: Happening
    reason: str


@dataclass(frozen=True, slots=True)
class ObjectCourse:
    """A row of the table: the events of one object, in order.

    `object` is its name when the plan begins, or when it is created. `exists` says for each point whether the object
    exists after it; `existed` whether it exists before the first.
    """

    object: ObjectName
    existed: bool
    exists: tuple[bool, ...]
    events: tuple[ObjectEvent, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A table: `points` are the columns in order, `objects` the rows in the order of their first event."""

    points: tuple[PlanPoint, ...] = ()
    objects: tuple[ObjectCourse, ...] = ()


_HAPPENINGS = {
    Action.DROP: Happening.DROP,
    Action.CREATE: Happening.CREATE,
    Action.RESTORE: Happening.RESTORE,
    Action.REPLACE: Happening.REPLACE,
    Action.ALTER: Happening.ALTER,
    Action.COMMENT: Happening.DESCRIBE,
    Action.GRANT: Happening.DESCRIBE,
    Action.REVOKE: Happening.DESCRIBE,
    Action.SWAP: Happening.SWAP,
    Action.VALIDATE: Happening.VALIDATE,
}
_EFFECTS = {
    Effect.CREATE: Happening.CREATE,
    Effect.DROP: Happening.DROP,
    Effect.REPLACE: Happening.REPLACE,
    Effect.RENAME: Happening.RENAME,
    Effect.SET_SCHEMA: Happening.RENAME,
}
_REASONS = {
    Effect.ADD_COLUMN: "adds a column",
    Effect.DROP_COLUMN: "drops a column",
    Effect.RETYPE_COLUMN: "changes a column's type",
    Effect.RENAME_COLUMN: "renames a column",
    Effect.DROP_CONSTRAINT: "drops a constraint",
    Effect.SET_DEFAULT: "changes a default",
    Effect.CHANGES_COLUMNS: "may change columns",
    Effect.METADATA_ONLY: "changes nothing that dependents notice",
}
_BRINGS = frozenset({Happening.CREATE, Happening.RESTORE})


@dataclass(slots=True)
class _Row:
    object: ObjectName
    events: list[ObjectEvent] = field(default_factory=list)

    @property
    def is_untouched(self) -> bool:
        """Whether no event has dropped or created the object so far."""
        return not any(event.happening is Happening.DROP or event.happening in _BRINGS for event in self.events)


def explain(plan: Plan) -> Explanation:
    """Return the course of every object that the steps or migrations of a plan concern."""
    points = tuple(_points(plan))
    return Explanation(points, tuple(_course(row, len(points)) for row in _Rows(plan, points).read()))


def _points(plan: Plan) -> Iterator[PlanPoint]:
    """Yield the columns: each migration step is one, and so are the steps between two of them."""
    between: list[int] = []
    last = ""
    for step in plan.steps:
        if step.action is not Action.MIGRATE:
            between.append(step.number)
            continue
        last = step.object.name
        if between:
            yield PlanPoint(f"before {last}", None, tuple(between))
            between = []
        yield PlanPoint(last, last, (step.number,))
    if between:
        yield PlanPoint(f"after {last}" if last else "the plan", None, tuple(between))


class _Rows:
    """Reads the events from the steps, in order, and follows the names of objects."""

    def __init__(self, plan: Plan, points: tuple[PlanPoint, ...]) -> None:
        self._plan = plan
        self._point_of = {number: index for index, point in enumerate(points) for number in point.steps}
        self._current: dict[ObjectName, _Row] = {}
        self._rows: list[_Row] = []
        self._effects: dict[str, list[MigrationEffect]] = {}
        for effect in plan.effects:
            self._effects.setdefault(effect.migration, []).append(effect)
        absent = (ChangeKind.NEW, ChangeKind.MISSING)
        self._absent = {change.object for change in plan.changes if change.change in absent}
        self._needs: dict[ObjectName, list[ObjectName]] = {}
        for edge in plan.edges:
            self._needs.setdefault(edge.object, []).append(edge.depends_on)

    def read(self) -> list[_Row]:
        """Return the rows."""
        for step in self._plan.steps:
            if step.action is Action.MIGRATE:
                self._read_migration(step, step.whole.name)
            else:
                self._read_step(step)
        return self._rows

    def _row(self, name: ObjectName) -> _Row:
        row = self._current.get(name)
        if row is None:
            row = self._current[name] = _Row(name)
            self._rows.append(row)
        return row

    def _add(self, row: _Row, step: Step, happening: Happening, reason: str) -> None:
        row.events.append(ObjectEvent(self._point_of[step.number], step.number, happening, reason))

    def _read_step(self, step: Step) -> None:
        name = step.object
        happening = _HAPPENINGS[step.action]
        while name.parent is not None and (name.kind in PROPERTY_KINDS or name.kind is Kind.COLUMN):
            name, happening = name.parent, Happening.DESCRIBE
        row = self._row(name)
        if step.beside and happening in _BRINGS and name not in self._absent:
            happening = Happening.BUILD
        if happening in _BRINGS and row.is_untouched and name not in self._absent:
            lost = self._lost_with(name)
            if lost is not None:
                row.events.append(lost)
        self._add(row, step, happening, step.reason)

    def _lost_with(self, name: ObjectName) -> ObjectEvent | None:
        """Return the drop of another object with which this one, which no step drops by name, is dropped."""
        queue = [name]
        for current in queue:
            parents = [] if current.parent is None else [current.parent]
            queue += [need for need in (*parents, *self._needs.get(current, ())) if need not in queue]
        for above in queue[1:]:
            row = self._current.get(above)
            for event in reversed(row.events if row is not None else ()):
                if event.happening is Happening.DROP:
                    reason = f"dropped with {above}"
                    return ObjectEvent(event.point, event.step, Happening.DROP, reason)
        return None

    def _read_migration(self, step: Step, migration: str) -> None:
        first, last = step.first_statement, step.first_statement + len(step.statements)
        for effect in self._effects.get(migration, ()):
            if not first <= effect.statement < last:
                continue
            row = self._row(effect.object)
            happening = _EFFECTS.get(effect.effect, Happening.ALTER)
            reason = _REASONS.get(effect.effect, "")
            if effect.becomes is not None:
                reason = f"becomes {effect.becomes}"
                self._current.pop(effect.object, None)
                self._current[effect.becomes] = row
            self._add(row, step, happening, reason)


def _course(row: _Row, points: int) -> ObjectCourse:
    lasting = [e for e in row.events if e.happening is Happening.DROP or e.happening in _BRINGS]
    existed = not lasting or lasting[0].happening is not Happening.CREATE
    exists = []
    state = existed
    for point in range(points):
        for event in lasting:
            if event.point == point:
                state = event.happening is not Happening.DROP
        exists.append(state)
    return ObjectCourse(row.object, existed, tuple(exists), tuple(row.events))
