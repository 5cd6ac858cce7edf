"""Says what a plan means for clients: which interfaces go, change, or get more columns (rule 9.9).

A change in place is safe: PostgreSQL replaces nothing in place whose callers would notice. So is a recreation with
equal columns: a prepared statement finds the new object by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import CHILD_KINDS, DECLARATIVE_KINDS, ROUTINES, TYPES, Kind, migration_name
from pgmg.model.plans.compatibility import ClientImpact, Compatibility
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import EnumFacts, ViewFacts
from pgmg.model.sources.source import Effect, StatementKind
from pgmg.planning.demands.block_operations import block_operations
from pgmg.planning.kinds.rules import AlterInPlace, RecreateObject
from pgmg.source.columns.result_names import result_names
from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.kinds.rules import Strategy
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions

TRANSIENT, BREAKING = Compatibility.TRANSIENT, Compatibility.BREAKING

_NO_INTERFACE = (CHILD_KINDS | DECLARATIVE_KINDS) | {
    Kind.CAST,
    Kind.COLLATION,
    Kind.DATABASE,
    Kind.EVENT_TRIGGER,
    Kind.EXTENSION,
    Kind.INDEX,
    Kind.LANGUAGE,
    Kind.OPERATOR_CLASS,
    Kind.OPERATOR_FAMILY,
    Kind.OTHER,
    Kind.PUBLICATION,
    Kind.ROLE,
    Kind.STATISTICS,
    Kind.TEXT_SEARCH_CONFIGURATION,
    Kind.TEXT_SEARCH_DICTIONARY,
    Kind.TEXT_SEARCH_PARSER,
    Kind.TEXT_SEARCH_TEMPLATE,
}
"""Kinds that statements of clients hardly name: what changes is speed or what rows may be written."""
_MORE = "`*` returns more columns than before"
_Found = tuple[Compatibility, str]


def client_impacts(context: PlanContext, decisions: Decisions, steps: Sequence[Step]) -> tuple[ClientImpact, ...]:
    """Return what is not safe, for each object the worst, in order."""
    worst: dict[ObjectName, ClientImpact] = {}
    for impact in (*_of_migrations(context, _created(steps)), *_of_code(context, decisions, steps)):
        known = worst.get(impact.object)
        if known is None or known.compatibility.rank < impact.compatibility.rank:
            worst[impact.object] = impact
    return tuple(worst.values())


def _created(steps: Sequence[Step]) -> frozenset[ObjectName]:
    return frozenset(step.object for step in steps if step.action in (Action.CREATE, Action.RESTORE))


# -- migrations -------------------------------------------------------------------------------------------------


def _of_migrations(context: PlanContext, created: Collection[ObjectName]) -> Iterator[ClientImpact]:
    there = context.resolved.snapshot.by_address
    has_clients = any(live.extension is None and live.name.kind not in _NO_INTERFACE for live in there.values())
    for statement in context.timeline.statements:
        if statement.statement.kind is StatementKind.ASSERTION:
            continue  # it only reads
        where = f"{statement.source.path}:{statement.statement.location.line}"
        operations = statement.operations
        if statement.may_notice_all and has_clients:
            within = block_operations(statement, context)
            if within is None:
                reason = "what it does cannot be read from its text"
                yield ClientImpact(migration_name(statement.source.name), Compatibility.UNKNOWN, reason, where)
            operations += within or ()
        for operation in operations:
            id_ = operation.object
            if id_ not in there or operation.name.kind in _NO_INTERFACE:
                continue  # what this very plan creates has no clients yet
            if operation.effect is Effect.DROP and operation.name in created:
                continue  # code recreates it
            if (found := _of_operation(operation, statement)) is not None:
                yield ClientImpact(there[id_].name, *found, where)


def _of_operation(operation: Operation, statement: PendingStatement) -> _Found | None:
    member = operation.member or "?"
    is_old = operation.column is not None  # not one that an earlier statement added
    match operation.effect:
        case Effect.DROP:
            return BREAKING, "it is dropped"
        case Effect.RENAME | Effect.SET_SCHEMA:
            return BREAKING, f"it becomes {operation.becomes}"
        case Effect.DROP_COLUMN if is_old:
            return BREAKING, f"column {member} is dropped"
        case Effect.RENAME_COLUMN if is_old:
            return BREAKING, f"column {member} becomes {operation.new_member}"
        case Effect.RETYPE_COLUMN if is_old:
            return BREAKING, f"column {member} gets another type"
        case Effect.ADD_COLUMN if operation.name.kind is Kind.TYPE:
            return BREAKING, f"attribute {member} is added, and values that clients build lack it"
        case Effect.ADD_COLUMN:
            return TRANSIENT, f"column {member} is added: {_MORE}"
        case Effect.CHANGES_COLUMNS:
            return TRANSIENT, "its columns may change"
        case Effect.ALTER if operation.name.kind is Kind.TYPE and _renames(statement.statement.sql):
            return BREAKING, "a label becomes another one"
        case _:
            return None


def _renames(sql: str) -> bool:
    return any(token.word == "RENAME" for token in significant(sql))


# -- code -------------------------------------------------------------------------------------------------------


def _of_code(context: PlanContext, decisions: Decisions, steps: Sequence[Step]) -> Iterator[ClientImpact]:
    dropped = {step.object: step for step in steps if step.action is Action.DROP}
    created = _created(steps)
    compared = {d.name: d for d in context.comparisons if d.change is not None}
    for name, difference in compared.items():
        strategy = decisions.strategies.get(name)
        if name.kind in _NO_INTERFACE or difference.declared is None or strategy is None:
            continue
        if (found := _of_change(difference, strategy, context)) is not None:
            source = difference.declared.source
            yield ClientImpact(name, *found, f"{source.location.path}:{source.location.line}")
    for name, step in dropped.items():
        if name.kind in _NO_INTERFACE:
            continue
        change = compared[name].change if name in compared else None
        if name not in created:
            why = "it is no longer declared" if change is ChangeKind.DELETED else "it is dropped and not restored"
            yield ClientImpact(name, BREAKING, why, None if step.location is None else str(step.location))
        elif name.kind in TYPES:
            yield ClientImpact(name, TRANSIENT, "it is recreated, and clients that know its OID look it up again")


def _of_change(difference: ObjectComparison, strategy: Strategy, context: PlanContext) -> _Found | None:
    """Return what a change of an existing object means; None where it is safe."""
    name = difference.name
    assert difference.declared is not None
    if name.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW):
        return _of_view(name, difference.declared.source, strategy, context)
    if isinstance(strategy, RecreateObject):
        return BREAKING, strategy.reason
    if not isinstance(strategy, AlterInPlace) or name.kind in ROUTINES:
        return None
    if strategy.shakes:
        return BREAKING, strategy.reason
    return _of_type(difference.declared.source, name, strategy, context) if name.kind is Kind.TYPE else None


def _of_type(source: SourceObject, name: ObjectName, strategy: AlterInPlace, context: PlanContext) -> _Found | None:
    known = context.details.facts.get(name)
    if isinstance(source.facts, EnumFacts):
        live = [] if known is None else known.values.get("labels") or []
        lost = [label for label in live if label not in source.facts.labels]
        return (BREAKING, f"it loses the label {', '.join(map(repr, lost))}") if lost else None
    return (BREAKING, "attributes are added, and values that clients build lack them") if strategy.statements else None


def _of_view(name: ObjectName, source: SourceObject, strategy: Strategy, context: PlanContext) -> _Found | None:
    """Compare the columns, with their types where the server has told those of the new query."""
    known, shape = context.details.facts.get(name), context.details.shapes.get(name)
    if not isinstance(strategy, (AlterInPlace, RecreateObject)) or known is None:
        return None
    before = {column[0]: column[1] for column in known.values.get("columns", ())}
    if shape is not None and shape.error is None:
        after: dict[str, object] = {column.name: column.type for column in shape.columns}
        retyped = [column for column in before if column in after and before[column] != after[column]]
        if retyped:
            return BREAKING, f"column {', '.join(retyped)} gets another type"
    else:
        names = _names_of(source)
        if names is None:
            return TRANSIENT, "its columns are not known before the migrations have run"
        after = dict.fromkeys(names)
    gone = [column for column in before if column not in after]
    if gone:
        return BREAKING, f"column {', '.join(gone)} is no longer there"
    return None if list(before) == list(after) else (TRANSIENT, "`*` returns other columns than before")


def _names_of(source: SourceObject) -> tuple[str, ...] | None:
    """Return the names of a view's columns as its text says them; None where it does not."""
    if not isinstance(source.facts, ViewFacts):
        return None
    names = source.facts.columns or result_names(source.facts.query)
    return None if names is None or "*" in names else names
