"""Finds routines whose text mentions what gets another shape: they are replaced to be checked (rule 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES
from pgmg.model.sources.facts import RoutineFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.demands.constraints import Demands
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.lifetimes import Lifetimes, SlotKey

_CHECKED_LANGUAGES = frozenset({"sql", "plpgsql"})


def checked_routines(
    context: PlanContext,
    demands: Iterable[Demands],
    lifetimes: Lifetimes,
    end_of_transaction: Callable[[ObjectName, PendingStatement], SlotKey],
    last: SlotKey,
) -> dict[SlotKey, dict[ObjectName, ObjectName]]:
    """Return declared routines that are not created or changed later anyway, by slot, with what is another one then."""
    shapes = _changed_shapes(context, demands)
    replaced = {name: key for key, slot in lifetimes.slots.items() for name in slot.replaced}
    dropped, made = lifetimes.drop_keys, _made(context, lifetimes)
    found: dict[SlotKey, dict[ObjectName, ObjectName]] = {}
    if not shapes and not dropped and not replaced:
        return found
    for name, declared in context.resolved.declared.items():
        facts = declared.source.facts
        if name.kind not in ROUTINES or not isinstance(facts, RoutineFacts) or facts.language not in _CHECKED_LANGUAGES:
            continue
        if name not in context.resolved.snapshot.objects:
            continue
        own = made.get(context.declared.id_of(name))
        for use in declared.uses:
            id_ = context.declared.id_of(use.object)
            since = [s for s in shapes.get(id_, ()) if own is None or own.point <= s.number]
            changed = [end_of_transaction(name, statement) for statement in since]
            changed += [replaced[use.object]] if use.object in replaced else []
            for key in changed:
                if own is None or own < key:
                    found.setdefault(key, {}).setdefault(name, use.object)
            if id_ in dropped and (own is None or own < made.get(id_, own)):
                found.setdefault(last, {}).setdefault(name, use.object)
    return found


def _made(context: PlanContext, lifetimes: Lifetimes) -> Mapping[ObjectId, SlotKey]:
    """Return in which slot each object is created or changed last."""
    found: dict[ObjectId, SlotKey] = {}
    for key in sorted(lifetimes.slots):
        slot = lifetimes.slots[key]
        found |= dict.fromkeys(slot.creations, key)
        found |= {context.declared.id_of(name): key for name in (*slot.changes, *slot.replaced)}
    return found


def _changed_shapes(context: PlanContext, demands: Iterable[Demands]) -> Mapping[ObjectId, list[PendingStatement]]:
    """Return the last statement of each migration that alters the shape of an object."""
    found: dict[ObjectId, list[PendingStatement]] = {}
    for migration, demand in enumerate(demands):
        statements = context.timeline.of_migration(migration)
        for id_ in set(demand.altered.values()):
            found.setdefault(id_, []).append(statements[-1])
    return found
