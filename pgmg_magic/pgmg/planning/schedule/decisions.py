"""Decides how each changed object gets to its declared state: in place, recreated, or refused (rules 3 to 5)."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from pgmg.errors import RefusedChange
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import DECLARATIVE_KINDS, PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.planning.compare.changes import differ_in_options
from pgmg.planning.compare.resolved import previous_source
from pgmg.planning.demands.stale_stars import stale_stars
from pgmg.planning.kinds import choose_strategy
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Refuse, Strategy, TypedColumn
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.demands.constraints import Demands
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.schedule.context import PlanContext

_OUT = "`ALTER EXTENSION {} DROP …` in a migration."
_COMPARED = frozenset({ChangeKind.MODIFIED, ChangeKind.DRIFTED, ChangeKind.ADOPTED})


@dataclass(slots=True)
class Decisions:
    """How changed objects, by name, get to their declared state; `previous` is what was applied last."""

    strategies: dict[ObjectName, Strategy] = field(default_factory=dict)
    previous: dict[ObjectName, SourceObject] = field(default_factory=dict)


def decide(context: PlanContext, demands: Sequence[Demands]) -> Decisions:
    """Choose a strategy for every changed object.

    Raises:
        RefusedChange: a change cannot be made, or not without being told to.
    """
    found = Decisions()
    unsettled = _unsettled(context, demands)
    for difference in _used_first(context):
        _decide_one(difference, found, unsettled, context)
    for difference in context.changed:
        if difference.change is ChangeKind.DELETED and (before := previous_source(difference)) is not None:
            found.previous[difference.name] = before
    refusals = {name: strategy for name, strategy in found.strategies.items() if isinstance(strategy, Refuse)}
    if refusals:
        raise RefusedChange(
            "\n\n".join(refusal.message for refusal in refusals.values()),
            hint="\n".join(refusal.hint for refusal in refusals.values()),
            blame=tuple(refusals),
        )
    for name, read in stale_stars(context, found.strategies).items():
        if read == name:
            reason = "its `*` stands for other columns since an earlier migration"
        else:
            reason = f"its `*` reads {read.display_name}, which gets columns"
        found.strategies[name] = _expand_star(name, reason, context)
    return found


def _unsettled(context: PlanContext, demands: Iterable[Demands]) -> dict[ObjectName, str]:
    """Return objects whose columns are not those that the server shows now, each with the reason."""
    found: dict[ObjectName, str] = {}
    for difference in context.changed:
        if difference.change in (ChangeKind.DELETED, ChangeKind.MISSING):
            found[difference.name] = f"uses {difference.name.display_name}, which is {difference.change.value}"
    for demand in demands:
        for id_ in context.graph.dependents_closure(demand.absent):
            if id_ not in context.graph.definitions:
                continue
            name = context.graph.name(id_)
            found.setdefault(name, f"uses {name.display_name}, which is recreated")
        for name in demand.altered:
            found.setdefault(name, f"uses {name.display_name}, which a migration alters")
    return found


def _decide_one(
    difference: ObjectComparison, found: Decisions, unsettled: dict[ObjectName, str], context: PlanContext
) -> None:
    name, change = difference.name, difference.change
    is_declarative = name.kind in DECLARATIVE_KINDS
    if difference.declared is None or change is None or (change not in _COMPARED and not is_declarative):
        return
    before = previous_source(difference)
    if before is not None:
        found.previous[name] = before
    if name in context.touched_by_migrations and difference.live is None:
        return  # decided by what the migration creates
    case = _object_diff(difference, before, unsettled, context)
    if name in context.details.same_wordings:
        case = replace(case, same_wording=all(map(_is_untouched, _of_used(difference.declared, found))))
    strategy = choose_strategy(case)
    if name in context.not_replaceable and isinstance(strategy, AlterInPlace) and name.kind not in PROPERTY_KINDS:
        strategy = RecreateObject("the server does not take the change in place")
    extension = None if difference.live is None else difference.live.extension
    if extension is not None and not is_declarative and not _is_untouched(strategy):
        strategy = _belongs_to(extension, name)
    if isinstance(strategy, Refuse) and name in context.touched_by_migrations:
        return  # judged after the migration (rule 7.4)
    if isinstance(strategy, RecreateObject):
        unsettled[name] = f"uses {name.display_name}, which is recreated"
    found.strategies[name] = strategy


def _belongs_to(extension: str, name: ObjectName) -> Refuse:
    hint = f"Take its declaration out of the code folder, or take it out of the extension: {_OUT.format(extension)}"
    return Refuse(f"{name} would be changed, but it belongs to extension {extension}.", hint)


def _of_used(declared: Declared, found: Decisions) -> Iterator[Strategy]:
    """Yield what happens to what an object uses: that comes first, and may change what its text means."""
    for use in declared.uses:
        if use.object != declared.name and use.object in found.strategies:
            yield found.strategies[use.object]


def _is_untouched(strategy: Strategy) -> bool:
    return isinstance(strategy, AlterInPlace) and not strategy.statements


def _used_first(context: PlanContext) -> list[ObjectComparison]:
    """Return changed objects and what they use, what is used before its users as far as there is no cycle."""
    pool = context.differences
    done: dict[ObjectName, ObjectComparison] = {}
    for start in context.changed:
        stack = [(start.name, False)]
        on_way: set[ObjectName] = set()
        while stack:
            name, is_finished = stack.pop()
            if is_finished:
                done.setdefault(name, pool[name])
                continue
            if name in done or name in on_way:
                continue
            on_way.add(name)
            stack.append((name, True))
            declared = pool[name].declared
            if declared is not None:
                stack.extend((use.object, False) for use in declared.uses if use.object in pool)
    return list(done.values())


def _object_diff(
    difference: ObjectComparison,
    before: SourceObject | None,
    unsettled: Mapping[ObjectName, str],
    context: PlanContext,
) -> ObjectDiff:
    assert difference.declared is not None
    assert difference.change is not None
    name, source = difference.name, difference.declared.source
    known = context.details.facts.get(name)
    address = difference.live.address if difference.live else None
    used = (use.object for use in difference.declared.uses if use.hard)
    return ObjectDiff(
        name=name,
        source=source,
        change=difference.change,
        live=difference.live,
        argument_type=lambda type_: context.resolved.resolver.argument_type(type_, source.settings),
        column_type=lambda type_: context.resolved.resolver.column_type(type_, source.settings),
        facts=_with_types_of_the_end(known.values, context) if known else {},
        previous=before,
        shape=context.details.shapes.get(name),
        upstream=next((unsettled[other] for other in used if other in unsettled), None),
        column_uses=_column_uses(address, name, context) if address else (),
        definition=context.graph.definitions.get(address) if address else None,
        attachments=context.attachments,
        only_options_differ=_only_options_differ(difference),
        vanished=context.missing_columns(name),
        version_num=context.resolved.snapshot.server.version_num,
        altered_by_migration=name in context.touched_by_migrations,
        options=context.options,
    )


def _with_types_of_the_end(values: Mapping[str, Any], context: PlanContext) -> Mapping[str, Any]:
    """Return facts in which the base of a domain, and attributes of a composite, have the names of the end."""
    renamed = context.renamed_types
    if not renamed:
        return values
    found = dict(values)
    if isinstance(base := values.get("base"), str):
        found["base"] = _renamed_type(base, renamed)
    if attributes := values.get("attributes"):
        found["attributes"] = [[name, _renamed_type(str(type_), renamed), *rest] for name, type_, *rest in attributes]
    return found


def _renamed_type(spelled: str, renamed: Mapping[str, str]) -> str:
    plain, bracket, dimensions = spelled.partition("[")
    return renamed.get(plain, plain) + bracket + dimensions


def _only_options_differ(difference: ObjectComparison) -> bool:
    applied, live = difference.applied_text, difference.live_text
    if difference.change is not ChangeKind.DRIFTED or applied is None or live is None:
        return False
    return differ_in_options(difference.name, applied, live)


def _column_uses(address: ObjectId, type_: ObjectName, context: PlanContext) -> tuple[TypedColumn, ...]:
    """Return the table columns that hold values of a type, directly or inside other types.

    They are those of the point at which the type is changed, under their names then: after all migrations, or before
    the first statement that uses the type. A type that a migration changes itself is looked at before all of them.
    """
    timeline, graph = context.timeline, context.graph
    point = 0 if type_ in context.touched_by_migrations else context.first_uses.get(address, timeline.end)
    state, holds = timeline.state(point), context.removals.holding_at(point)
    found, queue, seen = [], [address], {address}
    for current in queue:
        for link in graph.dependents(current):
            name = graph.name(link.dependent)
            if name.kind is Kind.TABLE and link.own_column is not None:
                column = timeline.history.columns.name_at(link.dependent, link.own_column, point)
                if column is not None and holds(link):
                    now = state.name_of(link.dependent)
                    found.append(TypedColumn(now, column, link.own_type or "", current != address))
            elif name.kind in (Kind.TYPE, Kind.DOMAIN) and link.dependent not in seen:
                seen.add(link.dependent)
                queue.append(link.dependent)
    return tuple(sorted(found, key=lambda use: (str(use.table), use.column)))


# -- what reads by `*` a view that gets more columns in place ---------------------------------------------------


def _expand_star(name: ObjectName, reason: str, context: PlanContext) -> Strategy:
    if name.kind is Kind.MATERIALIZED_VIEW or name in context.not_replaceable:
        return RecreateObject(reason)
    source = context.resolved.declared[name].source
    return AlterInPlace(Action.REPLACE, (or_replace(source.sql),), reason)
