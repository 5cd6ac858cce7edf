"""A plan's impact: number of affected objects, locks, deletions, table rewrites."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.naming.names import CHILD_KINDS, PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import Action, Plan, Step
from pgmg.model.plans.risk import RiskKind, size_text
from pgmg.model.sources.source import Alteration, Effect, Target
from pgmg.render import labels
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.plans.risk import Risk

_RELATIONS = (Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)
_CREATING = (Action.CREATE, Action.RESTORE, Action.REPLACE, Action.ALTER)
_HARMLESS = (Effect.CREATE, Effect.REPLACE)
_WITH_DATA = (Kind.TABLE, Kind.MATERIALIZED_VIEW, Kind.SEQUENCE)


class Count(NamedTuple):
    """A count in words, and its colour."""

    text: str
    role: Role


def counts(plan: Plan) -> tuple[Count, ...]:
    """Return counts of outcomes, most severe first: `1 migration`, `3 recreated`, `1 replaced`."""
    outcomes = Counter(_outcomes(plan))
    migrations = len({step.whole for step in plan.steps if step.action is Action.MIGRATE})
    found = [Count(labels.count(migrations, "migration"), Role.MIGRATION)] if migrations else []
    for word, role in _OUTCOMES.items():
        if outcomes[word]:
            found.append(Count(f"{outcomes[word]:,} {word}", role))
    found += [
        Count(labels.count(outcomes[kind], kind.sql_keyword), Role.MUTED) for kind in _PROPERTIES if outcomes[kind]
    ]
    return tuple(found)


def planned_outcomes(plan: Plan) -> tuple[int, dict[str, int]]:
    """Return the number of migrations, and how many objects are to be deleted, recreated …, by the verb."""
    outcomes = Counter(_outcomes(plan))
    migrations = len({step.whole for step in plan.steps if step.action is Action.MIGRATE})
    return migrations, {verb: outcomes[word] for word, verb in _VERBS.items() if outcomes[word]}


_VERBS = {
    "deleted": "delete",
    "recreated": "recreate",
    "created": "create",
    "replaced": "replace",
    "altered": "alter",
    "restored": "restore",
    "checked": "check",
}
_OUTCOMES = {
    "deleted": Role.DROPPED,
    "recreated": Role.CHANGED,
    "created": Role.CREATED,
    "replaced": Role.CHANGED,
    "altered": Role.CHANGED,
    "restored": Role.RESTORED,
    "checked": Role.MUTED,
}
_PROPERTIES = (Kind.OWNER, Kind.GRANT, Kind.COMMENT, Kind.FIRING)


def _outcomes(plan: Plan) -> Iterator[str]:
    done: dict[ObjectName, list[Step]] = {}
    for step in plan.steps:
        done.setdefault(step.object, []).append(step)
    for name, steps in done.items():
        actions = {step.action for step in steps}
        if Action.MIGRATE in actions:
            continue
        if name.kind in PROPERTY_KINDS:
            yield name.kind
        elif Action.SWAP in actions:
            yield "recreated"
        elif Action.DROP in actions:
            managed = all(step.managed for step in steps)
            yield "deleted" if not actions & {*_CREATING} else "recreated" if managed else "restored"
        elif Action.CREATE in actions:  # an index is dropped with its view, without a step of its own
            was_there = any(step.properties is not None or step.runtime is not None for step in steps)
            yield "recreated" if was_there else "created"
        elif Action.REPLACE in actions:
            yield "replaced"
        elif Action.ALTER in actions:
            yield "altered"
        elif Action.RESTORE in actions:
            yield "restored"
        else:
            yield "checked"


# -- locks ----------------------------------------------------------------------------------------------


class LockLines(NamedTuple):
    """Relations that are locked until the commit: against readers and writers, or against writers only."""

    readers: tuple[str, ...]
    writers: tuple[str, ...]


NO_LOCKS = LockLines((), ())


class _NewRelations:
    """Relations that the plan itself creates, by name: nobody waits for them, and they hold no data to lose."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember a created relation."""
        self._names.add(name)

    def follow(self, alteration: Alteration) -> None:
        """Apply an alteration of a migration: creation, renaming, dropping."""
        name = _target(alteration.target)
        match alteration.effect:
            case Effect.CREATE if not alteration.if_exists:
                self._names.add(name)
            case Effect.RENAME | Effect.SET_SCHEMA if name in self._names:
                self._names.discard(name)
                self._names.add(_renamed(alteration))
            case Effect.DROP:
                self._names.discard(name)
            case _:
                pass


def locks(plan: Plan) -> LockLines:
    """Return the locked relations: from the plan's risks, or of a plan without any, derived from its steps."""
    if plan.risks:
        return _locks_of(plan.risks)
    readers: dict[str, None] = {}
    writers: dict[str, None] = {}
    new = _NewRelations()
    for step in plan.steps:
        name, parent = step.object, step.object.parent
        if step.migration is not None:
            for alteration in step.migration.alterations:
                locked = _target(alteration.target)
                is_relation = alteration.target.kind in _RELATIONS
                if alteration.effect not in _HARMLESS and is_relation and locked not in new:
                    readers[locked] = None
                    new.add(locked)  # listed once; after a renaming it is not listed by its new name, too
                new.follow(alteration)
        elif name.kind in _RELATIONS:
            if step.action is Action.CREATE and str(name) not in readers:
                new.add(str(name))
            elif step.action is not Action.CREATE and str(name) not in new:
                readers[str(name)] = None
        elif name.kind in CHILD_KINDS and parent is not None and str(parent) not in new:
            waits = readers if step.action is Action.DROP or name.kind is not Kind.TRIGGER else writers
            waits[str(parent)] = None
    first = sorted(readers, key=lambda name: not name.startswith(f"{Kind.TABLE}."))  # tables are used most
    return LockLines(tuple(first), tuple(name for name in writers if name not in readers))


def _locks_of(risks: Sequence[Risk]) -> LockLines:
    named = [(risk.relation, risk.lock) for risk in risks if risk.relation is not None and risk.lock is not None]
    readers = dict.fromkeys(name for name, lock in named if lock.blocks_reads)
    writers = dict.fromkeys(name for name, lock in named if lock.blocks_writes and name not in readers)
    first = sorted(readers, key=lambda name: not name.startswith(f"{Kind.TABLE}."))  # tables are used most
    return LockLines(tuple(first), tuple(writers))


# -- deletions and rewrites ---------------------------------------------------------------------------------


def deletions(plan: Plan) -> tuple[str, ...]:
    """Return the objects that are dropped and not recreated, by steps or by statements of migrations.

    A table that is dropped and created again counts: its rows are lost. One that the plan creates itself does not.
    """
    lost: dict[str, None] = {}
    new = _NewRelations()
    for step in plan.steps:
        name = str(step.object)
        if step.action is Action.DROP and step.object.kind not in PROPERTY_KINDS:
            lost[name] = None
        elif step.action in _CREATING:
            lost.pop(name, None)
        elif step.migration is not None:
            for alteration in step.migration.alterations:
                if _target(alteration.target) not in new:
                    _note(alteration, step.migration.name, lost)
                new.follow(alteration)
    return tuple(lost)


def rewrites(plan: Plan) -> tuple[str, ...]:
    """Return the tables that are rewritten, and the cause; tables that the plan creates itself are left out.

    Of a plan without risks they are derived from its steps, which says more than the server will do.
    """
    if plan.risks:
        return tuple(dict.fromkeys(map(_rewritten, _rewriting(plan))))
    found = [notice.message for notice in plan.warnings if notice.code == "table-rewrite"]
    new = _NewRelations()
    for step in plan.steps:
        for one in step.migration.alterations if step.migration is not None else ():
            name = _target(one.target)
            if one.effect is Effect.RETYPE_COLUMN and one.target.kind is Kind.TABLE and name not in new:
                found.append(f"{name}: column {one.member} gets another type ({step.object.display_name})")
            new.follow(one)
    return tuple(dict.fromkeys(found))


def _rewriting(plan: Plan) -> Iterator[Risk]:
    views = f"{Kind.MATERIALIZED_VIEW}."
    for risk in plan.risks:
        if risk.kind is RiskKind.REWRITE and not (risk.relation or "").startswith(views):
            yield risk


def _rewritten(risk: Risk) -> str:
    size = "" if not risk.bytes else f" ({size_text(risk.bytes)})"
    place = "" if risk.where is None else f" ({PurePosixPath(risk.where.partition(':')[0]).name})"
    return f"{risk.relation}{size}: {risk.reason}{place}"


def _note(alteration: Alteration, migration: str, lost: dict[str, None]) -> None:
    target = _target(alteration.target)
    match alteration.effect:
        case Effect.CREATE if alteration.target.kind not in _WITH_DATA:
            for name in [name for name in lost if name == target or name.startswith(f"{target} (")]:
                lost.pop(name)
        case Effect.DROP:
            lost[f"{target} ({migration})"] = None
        case Effect.DROP_COLUMN:
            lost[f"column {alteration.member} of {target} ({migration})"] = None
        case _:
            pass


def _renamed(alteration: Alteration) -> str:
    """Return the name that a relation has after a RENAME or SET SCHEMA."""
    *schema, name = alteration.target.parts
    new = alteration.new_name or name
    return _name(alteration.target.kind, (new, name) if alteration.effect is Effect.SET_SCHEMA else (*schema, new))


def _target(target: Target) -> str:
    return _name(target.kind, target.parts)


def _name(kind: Kind, parts: Sequence[str]) -> str:
    shown = parts[1:] if len(parts) > 1 and parts[0] == "public" else parts
    return f"{kind.value}.{'.'.join(shown)}"
