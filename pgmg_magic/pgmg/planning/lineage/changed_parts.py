"""Lists the objects, and single columns, that clients can use and that a plan changes or deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.plans.readers import ChangedPart
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Effect
from pgmg.source import parse_recorded
from pgmg.source.columns.changed_columns import changed_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Change, MigrationEffect, Plan

_USED = RELATIONS | ROUTINES | TYPES
_MAKING = frozenset({Action.CREATE, Action.RESTORE})
_EXECUTING = frozenset({Action.CREATE, Action.REPLACE, Action.ALTER, Action.SWAP})
_NOT_BEFORE = frozenset({ChangeKind.NEW, ChangeKind.MISSING, ChangeKind.FORMATTING, ChangeKind.ADOPTED})


def changed_parts(plan: Plan) -> tuple[ChangedPart, ...]:
    """Return what changes of the objects that there are before the plan, each part once, as its first change says.

    Objects that are restored as they were do not change.
    """
    found: dict[tuple[str, str | None], ChangedPart] = {}
    for part in (*_Migrated(plan).parts(), *_dropped(plan), *_of_code(plan)):
        found.setdefault((str(part.object), part.column), part)
    deleted = {str(part.object) for part in found.values() if part.column is None and part.is_deleted}
    return tuple(part for part in found.values() if part.column is None or str(part.object) not in deleted)


class _Migrated:
    """The effects of migrations, with the names that objects and columns had before the first of them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._objects: dict[ObjectName, ObjectName | None] = {}
        self._columns: dict[tuple[ObjectName, str], str | None] = {}
        self._remade = {step.object for step in plan.steps if step.action in _MAKING}
        self._places = {
            (step.migration.name, number): f"{statement.location.path}:{statement.location.line}"
            for step in plan.steps
            if step.migration is not None
            for number, statement in enumerate(step.migration.sent)
        }

    def parts(self) -> Iterator[ChangedPart]:
        for effect in self._plan.effects:
            was = self._objects.get(effect.object, effect.object)
            if was is not None and was.kind in _USED:
                yield from self._of(effect, was)
            self._follow(effect, was)

    def _of(self, effect: MigrationEffect, was: ObjectName) -> Iterator[ChangedPart]:
        where, member = self._places.get((effect.migration, effect.statement)), effect.member
        column = None if member is None else self._columns.get((was, member), member)
        match effect.effect:
            case Effect.DROP if effect.object not in self._remade:
                yield ChangedPart(was, "is dropped", is_deleted=True, where=where)
            case Effect.RENAME | Effect.SET_SCHEMA if effect.becomes is not None:
                yield ChangedPart(was, f"becomes {effect.becomes.display_name}", where=where)
            case Effect.DROP_COLUMN if column is not None:
                yield ChangedPart(was, "is dropped", column, is_deleted=True, where=where)
            case Effect.RENAME_COLUMN if column is not None:
                yield ChangedPart(was, f"becomes {effect.new_member}", column, where=where)
            case Effect.RETYPE_COLUMN if column is not None:
                yield ChangedPart(was, "gets another type", column, where=where)
            case Effect.ADD_COLUMN:
                yield ChangedPart(was, f"gets the column {member}", only_stars=True, where=where)
            case Effect.CHANGES_COLUMNS:
                yield ChangedPart(was, "may get other columns", where=where)
            case Effect.REPLACE | Effect.ALTER if was.kind is not Kind.SEQUENCE:
                yield ChangedPart(was, "is changed", where=where)
            case _:
                pass

    def _follow(self, effect: MigrationEffect, was: ObjectName | None) -> None:
        """Remember what is called otherwise from here on; None for what was not there before."""
        match effect.effect:
            case Effect.CREATE:
                self._objects[effect.object] = None
            case Effect.RENAME | Effect.SET_SCHEMA if effect.becomes is not None:
                self._objects[effect.becomes] = was
                self._objects[effect.object] = None
            case Effect.ADD_COLUMN if was is not None and effect.member is not None:
                self._columns[was, effect.member] = None
            case Effect.RENAME_COLUMN if was is not None and effect.member is not None:
                before = self._columns.get((was, effect.member), effect.member)
                self._columns[was, effect.member] = None
                self._columns[was, effect.new_member or ""] = before
            case _:
                pass


def _dropped(plan: Plan) -> Iterator[ChangedPart]:
    made = {step.object for step in plan.steps if step.action in _MAKING}
    for step in plan.steps:
        if step.action is Action.DROP and step.object.kind in _USED and step.object not in made:
            where = None if step.location is None else str(step.location)
            yield ChangedPart(step.object, "is dropped", is_deleted=True, where=where)


def _of_code(plan: Plan) -> Iterator[ChangedPart]:
    executed = {step.object for step in plan.steps if step.action in _EXECUTING}
    sources = {step.object: step.source for step in plan.steps if step.source is not None}
    for change in plan.changes:
        name = change.object
        if change.change in _NOT_BEFORE or name not in executed or name.kind not in _USED - {Kind.INDEX}:
            continue
        where = None if change.path is None else f"{change.path}:{change.line}"
        facts = sources[name].facts if name in sources else None
        of_columns = None if not isinstance(facts, ViewFacts) else _of_view(change, facts, where)
        yield from of_columns if of_columns is not None else (ChangedPart(name, "is changed", where=where),)


def _of_view(change: Change, after: ViewFacts, where: str | None) -> list[ChangedPart] | None:
    """Return the changes of single columns; None where the rows of the view may be others."""
    before = next((source.facts for source in parse_recorded(change.before or "")), None)
    if not isinstance(before, ViewFacts):
        return None
    found = changed_columns(before.query, after.query, before.columns, after.columns)
    if found is None:
        return None
    name = change.object
    parts = [ChangedPart(name, "is no longer there", column, is_deleted=True, where=where) for column in found.gone]
    parts += [ChangedPart(name, "is computed otherwise", column, where=where) for column in found.changed]
    if found.added:
        more = f"gets the column {', '.join(found.added)}"
        parts.append(ChangedPart(name, more, only_stars=True, where=where))
    return parts
