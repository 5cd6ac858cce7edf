"""Reads from a server error what the plan did not know, so that the next attempt does (rule 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.applying.apply_failure import failing_statement
from pgmg.applying.error_text import contains_name, dropped_earlier, names_at_step, names_object, text_of
from pgmg.applying.locate import sent_statements
from pgmg.model.names import BLOCKING_KINDS, RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.plan import Action, ChangeKind, Edge, Learned, Origin, Plan, Step
from pgmg.model.snapshot import Address, Snapshot
from pgmg.model.source import Effect, Statement, Target
from pgmg.planning.apart import may_be_parted

if TYPE_CHECKING:
    import psycopg

_UNDEFINED = frozenset({"42P01", "42883", "42704", "42703", "3F000"})
_DEPENDENTS_EXIST = "2BP01"
_IN_USE = frozenset({_DEPENDENTS_EXIST, "0A000"})
_NOT_IN_PLACE = frozenset({"42P16", "42P13", "2BP01", "0A000"})
_GONE = _UNDEFINED | {"42809"}
_TAKES_AWAY = frozenset({Action.DROP, Action.REVOKE, Action.COMMENT})
_NO_UNIQUE_INDEX = frozenset({"42P10", "42830", "55000"})
_EXISTS = frozenset({"42P07", "42723", "42710"})
_MOVES = frozenset({Effect.RENAME, Effect.SET_SCHEMA})
_VANISHED = frozenset({"42703", "42704"})
_SAYS = frozenset({Action.RESTORE, Action.COMMENT, Action.GRANT, Action.REVOKE})
_NEW_LABEL = "55P04"
_ADD_VALUE = re.compile(r"\bADD\s+VALUE\b", re.IGNORECASE)
_NO_LABEL = "22P02"
_CHANGES = frozenset({Action.REPLACE, Action.ALTER})
_MAKES = frozenset({Action.CREATE, Action.REPLACE, Action.ALTER, Action.RESTORE, Action.VALIDATE})


ColumnSiblings = Callable[[Sequence[Address]], Iterable[tuple[Address, tuple[str, str]]]]
"""Asks the server what uses the same columns as some objects do, with the relation and the column in common."""

Dependents = Callable[[Sequence[Address]], Iterable[tuple[Address, ObjectName]]]
"""Asks the server what depends directly on some objects, constraints and defaults of tables included."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What is known now, and the edges to show for it."""

    learned: Learned
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class FailureContext:
    """Where a step failed: the plan, what had been learned for it, what there is, and whom to ask for more."""

    plan: Plan
    learned: Learned
    snapshot: Snapshot
    column_siblings: ColumnSiblings
    dependents: Dependents


def learn(error: psycopg.Error, step: Step, number: int, context: FailureContext) -> Inference | None:
    """Return what an error teaches, or None where no other order could have avoided it."""
    plan, learned = context.plan, context.learned
    said = text_of(error)
    state = error.sqlstate or ""
    inference: Inference | None = None
    if state == _NEW_LABEL:
        inference = _new_label(said, step, plan, learned)
    elif state in _EXISTS and step.action is Action.CREATE and step.object not in learned.made:
        edge = Edge(step.object, step.object, Origin.ERROR, hard=True)
        inference = Inference(replace(learned, made=(*learned.made, step.object)), (edge,))
    elif state in _IN_USE and step.action in (Action.MIGRATE, Action.DROP):
        inference = _in_use(error, said, step, context) or _born(said, step, plan, learned)
        inference = inference or _too_early(said, step, learned)
    elif state in _NOT_IN_PLACE and step.action in _CHANGES and step.object not in learned.refused:
        inference = Inference(replace(learned, refused=(*learned.refused, step.object)), ())
    elif state in _UNDEFINED or state == _NO_LABEL:
        inference = _missing(error, said, step, number, context)
    elif state in _NO_UNIQUE_INDEX and step.action is Action.MIGRATE:
        inference = _unique_index(step, number, plan, learned)
    if inference is None and state in _GONE and step.object not in learned.gone and _takes_away(step, plan):
        inference = Inference(replace(learned, gone=(*learned.gone, *_gone_with(step.object, plan))), ())
    if inference is None and state in _UNDEFINED | _EXISTS:
        inference = _one_by_one(step, plan, learned)
    if inference is None and _may_let_go(step, plan, learned):
        inference = Inference(replace(learned, abandoned=(*learned.abandoned, step.object)), ())
    return inference if inference is not None and inference.learned != learned else None


def _missing(error: psycopg.Error, said: str, step: Step, number: int, context: FailureContext) -> Inference | None:
    """Something does not exist: any more, or not yet, or by that name."""
    plan, learned = context.plan, context.learned
    if error.sqlstate in _UNDEFINED:
        lost = _lost_partition(said, step, plan, learned)
        if lost is not None:
            return lost
        if step.object not in learned.outdated and _may_be_outdated(step, plan):
            return Inference(replace(learned, outdated=(*learned.outdated, step.object)), ())
        if step.object not in learned.soon and _may_come_sooner(step, plan):
            return Inference(replace(learned, soon=(*learned.soon, step.object)), ())
    return _apart(said, step, number, plan, learned) or _undefined(error, said, step, number, plan, learned)


def _may_be_outdated(step: Step, plan: Plan) -> bool:
    """Say whether a step speaks in words of the catalog that a migration before the drop may have outdated."""
    if step.action is not Action.DROP and (step.managed or step.action is not Action.RESTORE):
        return False
    drops = (s.number for s in plan.steps if s.action is Action.DROP and s.object == step.object)
    first = next(drops, step.number)
    return any(s.action is Action.MIGRATE for s in plan.steps[: first - 1])


def _may_come_sooner(step: Step, plan: Plan) -> bool:
    """Say whether nobody declared an object that comes back after more migrations than the one it was dropped for."""
    drops = [s.number for s in plan.steps if s.action is Action.DROP and s.object == step.object]
    between = plan.steps[min(drops, default=step.number) : step.number - 1]
    several = sum(s.action is Action.MIGRATE for s in between) > 1
    return several and step.action is Action.RESTORE and not step.managed


def _takes_away(step: Step, plan: Plan) -> bool:
    """Say whether a step takes back what is no longer declared, after migrations that may have done so themselves."""
    deleted = any(change.object == step.object and change.change is ChangeKind.DELETED for change in plan.changes)
    migrated = any(earlier.action is Action.MIGRATE for earlier in plan.steps[: step.number - 1])
    return deleted and migrated and step.action in _TAKES_AWAY


def _gone_with(name: ObjectName, plan: Plan) -> list[ObjectName]:
    """Return a deleted object with all else that was said of the same one."""
    deleted = [change.object for change in plan.changes if change.change is ChangeKind.DELETED]
    return [other for other in deleted if other == name or (other.parent == name.parent is not None)]


def _unique_index(step: Step, number: int, plan: Plan, learned: Learned) -> Inference | None:
    """ON CONFLICT, a foreign key, a concurrent refresh need a unique index that a later step makes."""
    statement = failing_statement(step, number)
    for later in plan.steps[step.number :]:
        table = later.source.target.parent if later.source is not None else None
        if later.object.kind is not Kind.INDEX or later.action is not Action.CREATE or table is None:
            continue
        known = (step.object, later.object) in learned.waits
        if not known and "UNIQUE" in later.sql.upper() and contains_name(statement, table.parts[-1]):
            edge = Edge(step.object, later.object, Origin.ERROR, hard=True)
            return Inference(replace(learned, waits=(*learned.waits, (step.object, later.object))), (edge,))
    return None


def _may_let_go(step: Step, plan: Plan, learned: Learned) -> bool:
    """`--drop-unmanaged` lets go what nobody declared and what cannot come back (rule 4.5)."""
    return (
        plan.options.drop_unmanaged
        and step.action is Action.RESTORE
        and not step.managed
        and step.object not in learned.abandoned
    )


def _in_use(error: psycopg.Error, said: str, step: Step, context: FailureContext) -> Inference | None:
    """Dependents still exist: they are dropped first and recreated after.

    Of a routine, type or operator that is to be dropped, the catalog knows them all. Of a column, the message names
    one, or a hundred: whatever uses the same column would be named next.
    """
    learned = context.learned
    known = {address for name, address in learned.hindered if name == step.object.name}
    known |= {address for name, address in learned.dropped_with if name == step.object}
    possible = {
        live.address: live
        for live in context.snapshot.objects.values()
        if live.name.kind in BLOCKING_KINDS
        and live.extension is None
        and tuple(live.address) not in known
        and live.name != step.object
    }
    dropped = _dropped(error, context)
    found = {a: name for a, name in context.dependents(dropped) if tuple(a) not in known} if dropped else {}
    if not found:
        called = names_at_step(step, context.plan)
        named = [a for a, one in possible.items() if a not in dropped and names_object(said, called(one.name))]
        if not named:
            return None
        others = _in_common(said, context.column_siblings(named))
        found = {a: possible[a].name for a in dict.fromkeys((*named, *others)) if a in possible}
    edges = tuple(Edge(name, step.object, Origin.ERROR, hard=True) for name in found.values())
    addresses = [(address.classid, address.objid) for address in found]
    if step.action is Action.MIGRATE:
        more = tuple((step.object.name, address) for address in addresses)
        return Inference(replace(learned, hindered=(*learned.hindered, *more)), edges)
    gone = tuple((step.object, address) for address in addresses)
    return Inference(replace(learned, dropped_with=(*learned.dropped_with, *gone)), edges)


def _dropped(error: psycopg.Error, context: FailureContext) -> list[Address]:
    """Return the routine, type or operator that the server would not drop: its message begins with it.

    Several where names alone do not tell overloads apart. A member of an extension is never dropped by itself: the
    message is about the extension.
    """
    said = error.diag.message_primary or ""
    if error.sqlstate != _DEPENDENTS_EXIST:
        return []
    named = [
        live
        for live in context.snapshot.objects.values()
        if live.name.kind not in RELATIONS
        and live.name.parent is None
        and live.extension is None
        and names_object(said, live.name)
    ]
    routines = [live for live in named if live.name.kind in ROUTINES and f"{live.name.name}(" in said]
    exact = [live for live in routines if f"{live.name.name}({','.join(live.name.arguments or ())})" in said]
    others = [live for live in named if live.name.kind not in ROUTINES]
    return [live.address for live in exact or routines or others]


def _in_common(said: str, column_siblings: Iterable[tuple[Address, tuple[str, str]]]) -> dict[Address, None]:
    """Return who uses a column that the message names; of the relation that it names, if it does."""
    named = [(address, relation) for address, (relation, column) in column_siblings if contains_name(said, column)]
    of_named = [(address, relation) for address, relation in named if contains_name(said, relation)]
    return dict.fromkeys(address for address, _ in of_named or named)


def _undefined(
    error: psycopg.Error, said: str, step: Step, number: int, plan: Plan, learned: Learned
) -> Inference | None:
    """Something does not exist yet: wait for the later step that makes it."""
    if error.sqlstate in _VANISHED and step.action in _SAYS:
        return _vanished(said, step, number, learned)
    later = plan.steps[step.number :]
    known, called = set(learned.waits), names_at_step(step, plan)
    for candidate in _candidates(error, later):
        if candidate != step.object and (step.object, candidate) not in known and names_object(said, called(candidate)):
            edge = Edge(step.object, candidate, Origin.ERROR, hard=True)
            return Inference(replace(learned, waits=(*learned.waits, (step.object, candidate))), (edge,))
    return None


def _born(said: str, step: Step, plan: Plan, learned: Learned) -> Inference | None:
    """What an earlier migration of the plan made is in the way: it goes meanwhile, and comes back."""
    slot = next((s.object.name for s in plan.steps[step.number - 1 :] if s.migration is not None), "")
    migrations = [s.migration for s in plan.steps[: step.number - 1] if s.migration is not None]
    made: dict[str, Target] = {}
    for alteration in (a for m in migrations for a in m.alterations):
        name = alteration.target.parts[-1] if alteration.target.parts else ""
        if alteration.effect is Effect.CREATE and alteration.target.kind in BLOCKING_KINDS:
            made[name] = alteration.target
        elif alteration.effect is Effect.RENAME and alteration.new_name and name in made:
            made[alteration.new_name] = made.pop(name)
    found = dict.fromkeys((slot, target) for name, target in made.items() if contains_name(said, name))
    fresh = tuple(one for one in found if one not in learned.born)
    names = (ObjectName(t.kind, t.parts[-1], t.parts[-2] if len(t.parts) > 1 else None) for _, t in fresh)
    edges = tuple(Edge(name, step.object, Origin.ERROR, hard=True) for name in names)
    return Inference(replace(learned, born=(*learned.born, *fresh)), edges) if fresh else None


def _too_early(said: str, step: Step, learned: Learned) -> Inference | None:
    """What was made for a migration is in its way: only some statement of it is to find that."""
    waited_for = [on for waiting, on in learned.waits if waiting == step.object and names_object(said, on)]
    if step.migration is None or not waited_for:
        return None
    return _parted(step, sent_statements(step), waited_for, learned)


def _one_by_one(step: Step, plan: Plan, learned: Learned) -> Inference | None:
    """What nobody declared comes back between the alterations of one migration: while its words hold, or are taken."""
    if step.managed or step.action is not Action.RESTORE:
        return None
    migrations = [s for s in plan.steps[: step.number - 1] if s.migration is not None]
    for migration in reversed(migrations):
        sent = sent_statements(migration)
        inference = _parted(migration, [s for s in sent if s.alterations], [step.object], learned)
        if len(sent) > 1 and inference is not None:
            return inference
    return None


def _apart(said: str, step: Step, number: int, plan: Plan, learned: Learned) -> Inference | None:
    """A statement finds gone what was dropped for the sake of another one of its migration: it runs on its own."""
    gone = dropped_earlier(said, step, plan) if step.migration is not None else []
    return _parted(step, sent_statements(step)[number : number + 1], gone, learned) if gone else None


def _parted(
    step: Step, statements: Iterable[Statement], because: Iterable[ObjectName], learned: Learned
) -> Inference | None:
    """Have statements of a migration run on their own; what the whole of it waited for is forgotten."""
    migration = step.migration
    if migration is None or not may_be_parted(step):
        return None
    spots = [(migration.file_name, statement.position) for statement in statements]
    fresh = tuple(position for position in spots if position not in learned.apart)
    if not fresh:
        return None
    waits = tuple((waiting, on) for waiting, on in learned.waits if waiting != step.object)
    edges = tuple(Edge(step.object, name, Origin.ERROR, hard=True) for name in because)
    return Inference(replace(learned, waits=waits, apart=(*learned.apart, *fresh)), edges)


def _candidates(error: psycopg.Error, later: Iterable[Step]) -> list[ObjectName]:
    sought = RELATIONS | ROUTINES | TYPES | {Kind.OPERATOR, Kind.COLLATION, Kind.CAST}
    if error.sqlstate == _NO_LABEL:
        sought = frozenset({Kind.TYPE})  # an enum that a later step gives the label
    return [step.object for step in later if step.action in _MAKES and step.object.kind in sought]


def _vanished(said: str, step: Step, number: int, learned: Learned) -> Inference | None:
    """A column that had a comment or a grant is no longer there: nothing is left to restore on it."""
    statement = failing_statement(step, number)
    for column in re.findall(r'"((?:[^"]|"")+)"', said):
        name = column.replace('""', '"')
        pair = (step.object, name)
        named = contains_name(statement, name)
        if named and step.managed and pair not in learned.vanished:
            return Inference(replace(learned, vanished=(*learned.vanished, pair)), ())
    return None


def _lost_partition(said: str, step: Step, plan: Plan, learned: Learned) -> Inference | None:
    """A partition that had an index or constraint of its own no longer exists: nothing is left to restore on it."""
    named = {name.replace('""', '"') for name in re.findall(r'"((?:[^"]|"")+)"', said)}
    migrations = (s.migration for s in plan.steps[: step.number - 1] if s.migration is not None)
    moved = {a.target.parts[-1] for m in migrations for a in m.alterations if a.effect in _MOVES and a.target.parts}
    named -= {name for name in named if name.rpartition(".")[2] in moved}  # it is there, by another name
    for earlier in plan.steps:
        for one in (earlier.properties or ()) if earlier.object == step.object else ():
            pair = (step.object, one.partition or "")
            if pair[1].replace('"', "") in named and pair not in learned.vanished:
                return Inference(replace(learned, vanished=(*learned.vanished, pair)), ())
    return None


def _new_label(said: str, step: Step, plan: Plan, learned: Learned) -> Inference | None:
    """A label added in this transaction may not be used in it: its ALTER TYPE gets a group of its own."""
    before = [s for s in plan.steps[: step.number - 1] if s.group == step.group and _adds_value(s)]
    named = [s.object for s in before if _is_about(said, s)] or [s.object for s in before]
    fresh = tuple(name for name in named if name not in learned.alone)
    edges = tuple(Edge(step.object, name, Origin.ERROR, hard=True) for name in fresh)
    return Inference(replace(learned, alone=(*learned.alone, *fresh)), edges) if fresh else None


def _adds_value(step: Step) -> bool:
    return step.action in (Action.ALTER, Action.MIGRATE) and _ADD_VALUE.search("\n".join(step.statements)) is not None


def _is_about(said: str, step: Step) -> bool:
    """Say whether the message names the type that a step adds a label to."""
    if step.migration is None:
        return names_object(said, step.object)
    return any(re.search(rf"\b{re.escape(a.target.parts[-1])}\b", said) for a in step.migration.alterations)
