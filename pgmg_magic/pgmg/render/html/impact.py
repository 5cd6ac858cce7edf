"""A plan's impact: number of affected objects, locks, deletions, table rewrites."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.names import CHILD_KINDS, PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plan import Action, Plan, Step
from pgmg.model.source import Alteration, Effect, Target
from pgmg.render import labels
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

_RELATIONS = (Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)
_CREATING = (Action.CREATE, Action.RESTORE, Action.REPLACE, Action.ALTER)
_HARMLESS = (Effect.CREATE, Effect.REPLACE)


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


_OUTCOMES = {
    "deleted": Role.DROPPED,
    "recreated": Role.CHANGED,
    "created": Role.CREATED,
    "replaced": Role.CHANGED,
    "altered": Role.CHANGED,
    "restored": Role.RESTORED,
    "checked": Role.MUTED,
}
_PROPERTIES = (Kind.OWNER, Kind.GRANT, Kind.COMMENT)


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
        elif Action.DROP in actions:
            managed = all(step.managed for step in steps)
            yield "deleted" if not actions & {*_CREATING} else "recreated" if managed else "restored"
        elif Action.CREATE in actions:
            yield "created"
        elif Action.REPLACE in actions:
            yield "replaced"
        elif Action.ALTER in actions:
            yield "altered"
        elif Action.RESTORE in actions:
            yield "restored"
        else:
            yield "checked"


# -- locks ----------------------------------------------------------------------------------------------


class Locks(NamedTuple):
    """Relations that are locked until the commit: against readers and writers, or against writers only."""

    readers: tuple[str, ...]
    writers: tuple[str, ...]


NO_LOCKS = Locks((), ())


def locks(plan: Plan) -> Locks:
    """Return the locked relations, derived from the steps (PostgreSQL manual, 13.3.1)."""
    readers: dict[str, None] = {}
    writers: dict[str, None] = {}
    fresh: set[ObjectName] = set()
    for step in plan.steps:
        name, parent = step.object, step.object.parent
        if step.migration is not None:
            for alteration in step.migration.alterations:
                if alteration.effect not in _HARMLESS and alteration.target.kind in _RELATIONS:
                    readers[_target(alteration.target)] = None
        elif name.kind in _RELATIONS:
            if step.action is Action.CREATE and str(name) not in readers:
                fresh.add(name)
            elif step.action is not Action.CREATE and name not in fresh:
                readers[str(name)] = None
        elif name.kind in CHILD_KINDS and parent is not None and parent not in fresh:
            waits = readers if step.action is Action.DROP or name.kind is not Kind.TRIGGER else writers
            waits[str(parent)] = None
    first = sorted(readers, key=lambda name: not name.startswith(f"{Kind.TABLE}."))  # tables are used most
    return Locks(tuple(first), tuple(name for name in writers if name not in readers))


# -- deletions and rewrites ---------------------------------------------------------------------------------


def deletions(plan: Plan) -> tuple[str, ...]:
    """Return the objects that are dropped and not recreated, by steps or by statements of migrations."""
    gone: dict[str, None] = {}
    for step in plan.steps:
        name = str(step.object)
        if step.action is Action.DROP and step.object.kind not in PROPERTY_KINDS:
            gone[name] = None
        elif step.action in _CREATING:
            gone.pop(name, None)
        elif step.migration is not None:
            for alteration in step.migration.alterations:
                _note(alteration, step.migration.name, gone)
    return tuple(gone)


def rewrites(plan: Plan) -> tuple[str, ...]:
    """Return the tables that are rewritten, and the cause."""
    found = [notice.message for notice in plan.warnings if notice.code == "table-rewrite"]
    for step in plan.steps:
        found += [
            f"{_target(one.target)}: column {one.member} gets another type ({step.object.display_name})"
            for one in (step.migration.alterations if step.migration is not None else ())
            if one.effect is Effect.RETYPE_COLUMN and one.target.kind is Kind.TABLE
        ]
    return tuple(dict.fromkeys(found))


def _note(alteration: Alteration, migration: str, gone: dict[str, None]) -> None:
    target = _target(alteration.target)
    match alteration.effect:
        case Effect.CREATE:
            for said in [said for said in gone if said == target or said.startswith(f"{target} (")]:
                gone.pop(said)
        case Effect.DROP:
            gone[f"{target} ({migration})"] = None
        case Effect.DROP_COLUMN:
            gone[f"column {alteration.member} of {target} ({migration})"] = None
        case _:
            pass


def _target(target: Target) -> str:
    parts = target.parts[1:] if len(target.parts) > 1 and target.parts[0] == "public" else target.parts
    return f"{target.kind.value}.{'.'.join(parts)}"
