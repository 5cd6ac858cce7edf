"""Refuses to lose anything: what is still used, and what could not be restored (rules 4.5, 11.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.source import Notice
from pgmg.planning.permission_notices import MISSING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pgmg.model.database.catalog_details import Definition
    from pgmg.model.naming.location import SourceLocation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.lifetimes import Lifetimes, SlotKey

_TABLES = frozenset({Kind.TABLE, Kind.SEQUENCE})
_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_HINT = "Write a migration for it, or change what depends on it first."
_MAY_GO = " --drop-unmanaged lets unmanaged objects go."
_UNMANAGED = "it is unmanaged, and could not be restored."


def refuse_losses(context: PlanContext, lifetimes: Lifetimes) -> None:
    """Look at everything that would be dropped.

    Raises:
        RefusedChange: something is still used, or could not be restored as it was.
    """
    _refuse_used_deletions(context)
    _refuse_unlike_views(context, lifetimes)
    _refuse_unrestorable(context, lifetimes)


def _refuse_used_deletions(context: PlanContext) -> None:
    lines: list[str] = []
    blame: list[ObjectName] = []
    deleted = {d.name for d in context.changed if d.change is ChangeKind.DELETED}
    if not deleted:
        return
    for declared in context.resolved.declared.values():
        gone = [u.object for u in declared.uses if u.object in deleted and not context.resolved.overloads(u.object)]
        if declared.name.kind in PROPERTY_KINDS and declared.name.parent in deleted:
            gone.append(declared.name.parent)
        blame += gone
        place = declared.source.location
        lines += [f"{declared.name} ({place.path}:{place.line}) still uses {name}" for name in gone]
    if lines:
        now = dict.fromkeys(f"{new} instead of {gone}" for gone in blame for new in context.resolved.overloads(gone))
        raise RefusedChange(
            "An object is no longer declared, but something declared needs it: " + "; ".join(lines) + ".",
            hint=f"Name {', '.join(now)}." if now else "Bring the file back, or change or delete what uses it.",
            blame=tuple(dict.fromkeys(blame)),
        )


def _refuse_unlike_views(context: PlanContext, lifetimes: Lifetimes) -> None:
    """Refuse to replace or recreate a declared view where the database has what only looks like one (rule 11.1)."""
    for id_, definition in context.graph.definitions.items():
        name = context.declared.name_of(id_)
        if definition.kept_by is None or definition.name.kind not in _VIEWS or name is None:
            continue
        if id_ in lifetimes.drop_keys or name in lifetimes.changed_names:
            place = context.resolved.declared[name].source.location
            raise RefusedChange(
                f"{name} ({place.path}:{place.line}) cannot be replaced or recreated: {definition.kept_by}.",
                hint=f"Delete its declaration, add {name} to ignore in pgmg.toml, and change it in a migration.",
                blame=(name,),
                where=place,
            )


def _refuse_unrestorable(context: PlanContext, lifetimes: Lifetimes) -> None:
    """Refuse to drop what cannot be restored (rules 4.5, 11.1)."""
    graph = context.graph
    dropped = {id_: keys[0] for id_, keys in lifetimes.drop_keys.items() if id_ in graph.definitions}
    deleted = {id_ for id_ in dropped if context.is_deleted(graph.name(id_))}
    lines: list[tuple[ObjectId, str]] = []
    for id_, key in dropped.items():
        definition = graph.definition(id_)
        if context.declared.name_of(id_) is None and id_ not in deleted and not graph.goes_with(id_, deleted):
            reason = _why_not_restorable(definition, dropped, context)
            if reason is not None:
                because = _because(definition, lifetimes.slot(key).drops.get(id_, ""), dropped, context)
                lines.append((id_, f"{because}; {reason}"))
    lines += _foreign_dependents(dropped, context)
    if lines:
        refused = list(dict.fromkeys(id_ for id_, _ in lines))
        blame = _changes_below(refused, dropped, context) or _changes_below(refused, None, context)
        message = "\n".join(dict.fromkeys(line for _, line in lines))
        hint = _HINT + (_MAY_GO if any(line.endswith(_UNMANAGED) for _, line in lines) else "")
        raise RefusedChange(message, hint=hint, blame=blame, where=_place_of(blame, context))


def _place_of(blame: Iterable[ObjectName], context: PlanContext) -> SourceLocation | None:
    """Return where the first of the changed objects is declared; None where all of them are deleted."""
    changed = (context.differences[name].declared for name in blame)
    return next((declared.source.location for declared in changed if declared is not None), None)


def _because(definition: Definition, reason: str, dropped: Collection[ObjectId], context: PlanContext) -> str:
    needs = context.graph.needs(definition.address)
    on = next((link.on for link in needs if link.on in dropped and link.on != definition.address), None)
    if on is None:
        return f"{definition.name} would be dropped{f' ({reason})' if reason else ''}"
    return f"{context.graph.name(on)} is dropped or recreated, and {definition.name} depends on it"


def _why_not_restorable(
    definition: Definition, dropped: Mapping[ObjectId, SlotKey], context: PlanContext
) -> str | None:
    if definition.extension:
        return f"it belongs to extension {definition.extension}."
    if definition.name.kind in _TABLES:
        return f"a {definition.name.kind.sql_keyword} is never dropped to be recreated."
    if definition.kept_by:
        return f"it cannot be recreated: {definition.kept_by}."
    if not definition.create:
        return "pgmg does not know how to restore it."
    if not context.options.drop_unmanaged and _depends_on_deleted(definition.address, dropped, context):
        return _UNMANAGED
    return None


def _foreign_dependents(dropped: Mapping[ObjectId, SlotKey], context: PlanContext) -> list[tuple[ObjectId, str]]:
    words = "would be dropped, but something pgmg cannot restore depends on it."
    foreign = ((dependent, on) for dependent, on in context.graph.foreign if on in dropped)
    return [(on, f"{context.graph.name(on)} {words}") for _, on in foreign]


def _changes_below(
    these: Iterable[ObjectId], dropped: Collection[ObjectId] | None, context: PlanContext
) -> tuple[ObjectName, ...]:
    """Return the changes because of which objects would be dropped: their own, or of what they depend on.

    Only what is dropped as well leads on to what it depends on; everything does where `dropped` is None.
    """
    queue = list(these)
    seen = set(queue)
    for id_ in queue:
        needs = [link.on for link in context.graph.needs(id_) if link.on not in seen]
        below = needs if dropped is None else [on for on in needs if on in dropped]
        seen.update(below)
        queue += below
    names = dict.fromkeys(context.graph.name(id_) for id_ in queue)
    return tuple(n for n in names if (known := context.differences.get(n)) is not None and known.change is not None)


def not_restorable_by_role(context: PlanContext, lifetimes: Lifetimes) -> list[Notice]:
    """Warn of what our role could not restore of recreated objects: it may plan, and apply refuses (rule 6.5)."""
    graph, user = context.graph, context.resolved.snapshot.server.user
    dropped = [id_ for id_ in lifetimes.drop_keys if id_ in graph.definitions]
    recreated = (i for i in dropped if not context.is_deleted(graph.name(i)))
    definitions = map(graph.definition, (*recreated, *(i for i in lifetimes.dropped_along if i in graph.definitions)))
    return [
        Notice(MISSING, f"{one.name} would be recreated, but {user} may not do this then: {p.statement}")
        for one in definitions
        for p in one.properties
        if not p.allowed
    ]


def _depends_on_deleted(id_: ObjectId, dropped: Collection[ObjectId], context: PlanContext) -> bool:
    """Say whether an unmanaged object depends, directly or through unmanaged others, on a deleted one."""
    queue, seen = [id_], {id_}
    for current in queue:
        for link in context.graph.definition_needs(current):
            if link.on in seen or link.on not in dropped:
                continue
            name = context.graph.name(link.on)
            if context.is_deleted(name) and not context.resolved.overloads(name):
                return True
            seen.add(link.on)
            if name not in context.resolved.declared:  # what is declared is recreated
                queue.append(link.on)
    return False
