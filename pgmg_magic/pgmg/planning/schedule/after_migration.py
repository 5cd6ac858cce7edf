"""Brings an object that a pending migration itself creates or changes to its declared state (rule 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import CompositeFacts, DomainFacts, EnumFacts
from pgmg.model.sources.source import Effect, StatementKind
from pgmg.planning.kinds import choose_strategy
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, Strategy
from pgmg.planning.resolve.sql_names import drop_if_exists
from pgmg.source import parse_recorded
from pgmg.source.grammar.rewriting import or_replace, same_but_formatting

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions

_RECREATED = frozenset(
    {
        Kind.POLICY,
        Kind.INDEX,
        Kind.STATISTICS,
        Kind.OPERATOR,
        Kind.COLLATION,
        Kind.CAST,
        Kind.EVENT_TRIGGER,
        Kind.MATERIALIZED_VIEW,
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_DICTIONARY,
    }
)
"""Kinds that the server cannot replace, and with which nothing is lost when they are recreated."""

_REPLACEABLE = frozenset({Kind.VIEW, Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE, Kind.TRIGGER, Kind.RULE})


def strategy_after_migration(name: ObjectName, context: PlanContext, decisions: Decisions) -> Strategy:
    """Decide from the migration's own statement what is left to be done once it has run."""
    declared = context.resolved.declared[name]
    created = _creating_statement(name, context)
    if created is not None and same_but_formatting(created.sql, declared.source.sql):
        return NO_CHANGE
    if name.kind in _REPLACEABLE:
        return AlterInPlace(Action.REPLACE, (or_replace(declared.source.sql),), "a migration creates or changes it")
    if created is None:
        strategy = decisions.strategies.get(name)
        return strategy if isinstance(strategy, AlterInPlace) else NO_CHANGE
    if name.kind in _RECREATED:
        statements = (drop_if_exists(name), declared.source.sql)
        return AlterInPlace(Action.REPLACE, statements, "a migration creates another one")
    case = ObjectDiff(
        name=name,
        source=declared.source,
        change=ChangeKind.ADOPTED,
        live=None,
        argument_type=lambda type_: context.resolved.resolver.argument_type(type_, declared.source.settings),
        column_type=lambda type_: context.resolved.resolver.column_type(type_, declared.source.settings),
        facts=_facts(created, context),
        altered_by_migration=True,
    )
    strategy = choose_strategy(case)
    return strategy if isinstance(strategy, AlterInPlace) else NO_CHANGE


def _creating_statement(name: ObjectName, context: PlanContext) -> SourceObject | None:
    """Return the last statement that creates or replaces an object, as a declaration."""
    timeline = context.timeline
    for operation in reversed(timeline.operations_on(context.declared.id_of(name))):
        if operation.effect not in (Effect.CREATE, Effect.REPLACE):
            continue
        statement = timeline.statements[operation.statement].statement
        if statement.kind is not StatementKind.PLAIN or not statement.sql.lstrip()[:6].upper().startswith("CREATE"):
            continue
        resolver = context.resolved.resolver.at(timeline.state(operation.statement).names)
        for source in parse_recorded(statement.sql):
            if resolver.name(source.target).name == operation.name.name:
                return source
    return None


def _facts(created: SourceObject, context: PlanContext) -> dict[str, object]:
    """Return what the catalog will say of a type once the migration's statement has run."""
    resolver = context.resolved.resolver
    match created.facts:
        case EnumFacts(labels=labels):
            return {"form": "e", "labels": list(labels)}
        case CompositeFacts(attributes=attributes):
            rows = [
                [a.name, resolver.column_type(a.type), a.collation[-1] if a.collation else None] for a in attributes
            ]
            return {"form": "c", "attributes": rows}
        case DomainFacts() as domain:
            constraints = [[c.name or created.target.parts[-1] + "_check", c.expression] for c in domain.constraints]
            return {
                "form": "d",
                "base": resolver.column_type(domain.base),
                "default": domain.default,
                "not_null": domain.not_null,
                "constraints": constraints,
            }
        case _:
            return {}
