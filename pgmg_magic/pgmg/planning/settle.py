"""Brings an object that a pending migration itself makes to its declared state (rule 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.facts import CompositeFacts, DomainFacts, EnumFacts
from pgmg.model.names import Kind
from pgmg.model.plan import Action, ChangeKind
from pgmg.model.source import Effect, SourceObject, StatementKind
from pgmg.planning.kinds import choose_strategy
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, Strategy
from pgmg.planning.resolve.sql_names import drop_if_exists
from pgmg.source import parse_recorded
from pgmg.source.grammar.rewriting import or_replace, same_but_formatting

if TYPE_CHECKING:
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fate import Fates
    from pgmg.planning.resolve.declared import Declared

_MADE_AGAIN = frozenset(
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
"""What the server cannot replace, and what nothing is lost with when it is made again."""

_REPLACEABLE = frozenset({Kind.VIEW, Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE, Kind.TRIGGER, Kind.RULE})


def settled_after_migration(declared: Declared, resolved: ResolvedProject, fates: Fates) -> Strategy:
    """Decide from the migration's own statement what remains to be done once it has run."""
    made = _statement_that_made(declared, resolved)
    if made is not None and same_but_formatting(made.sql, declared.source.sql):
        return NO_CHANGE
    if declared.name.kind in _REPLACEABLE:
        return AlterInPlace(Action.REPLACE, (or_replace(declared.source.sql),), "a migration made it")
    if made is None:
        return _grown(declared, fates)
    if declared.name.kind in _MADE_AGAIN:
        statements = (drop_if_exists(declared.name), declared.source.sql)
        return AlterInPlace(Action.REPLACE, statements, "a migration made another one")
    case = ObjectDiff(
        name=declared.name,
        source=declared.source,
        change=ChangeKind.ADOPTED,
        live=None,
        argument_type=lambda type_: resolved.resolver.argument_type(type_, declared.source.settings),
        column_type=lambda type_: resolved.resolver.column_type(type_, declared.source.settings),
        facts=_facts(made, resolved),
        altered_by_migration=True,
    )
    strategy = choose_strategy(case)
    return strategy if isinstance(strategy, AlterInPlace) else NO_CHANGE


def _statement_that_made(declared: Declared, resolved: ResolvedProject) -> SourceObject | None:
    found = None
    for migration in resolved.pending:
        if not any(
            a.effect in (Effect.CREATE, Effect.REPLACE) and declared.name in resolved.resolver.altered(a)
            for a in migration.alterations
        ):
            continue
        for statement in migration.statements:
            if statement.kind is not StatementKind.PLAIN or not statement.sql.lstrip()[:6].upper().startswith("CREATE"):
                continue
            for source in parse_recorded(statement.sql):
                if resolved.resolver.name(source.target) == declared.name:
                    found = source
    return found


def _grown(declared: Declared, fates: Fates) -> Strategy:
    strategy = fates.strategies.get(declared.name)
    return strategy if isinstance(strategy, AlterInPlace) else NO_CHANGE


def _facts(made: SourceObject, resolved: ResolvedProject) -> dict[str, object]:
    """Return what the catalog will say of a type once the migration's statement has run."""
    match made.facts:
        case EnumFacts(labels=labels):
            return {"form": "e", "labels": list(labels)}
        case CompositeFacts(attributes=attributes):
            rows = [
                [a.name, resolved.resolver.column_type(a.type), a.collation[-1] if a.collation else None]
                for a in attributes
            ]
            return {"form": "c", "attributes": rows}
        case DomainFacts() as domain:
            constraints = [[c.name or made.target.parts[-1] + "_check", c.expression] for c in domain.constraints]
            return {
                "form": "d",
                "base": resolved.resolver.column_type(domain.base),
                "default": domain.default,
                "not_null": domain.not_null,
                "constraints": constraints,
            }
        case _:
            return {}
