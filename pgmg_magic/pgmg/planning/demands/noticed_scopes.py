"""Says which objects belong to what a statement may notice without naming them."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.sources.source import ScopeKind
from pgmg.source import parse_recorded
from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.catalog_details import Definition
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import NoticedScope
    from pgmg.planning.schedule.context import PlanContext

_MEET_ROWS = frozenset({Kind.COLUMN_DEFAULT, Kind.CONSTRAINT, Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.INDEX})
"""Kinds of objects that act on rows when they are written to a relation."""

_OF_KIND = {ScopeKind.RELATIONS: RELATIONS, ScopeKind.ROUTINES: ROUTINES, ScopeKind.TYPES: TYPES}


class Scopes:
    """Answers for one plan."""

    def __init__(self, context: PlanContext) -> None:
        self._context = context

    def includes(self, scope: NoticedScope, id_: ObjectId, point: int) -> bool:
        """Say whether a scope includes an object of the database."""
        graph = self._context.graph
        is_nameless = id_ in graph.definitions and id_ not in self._context.resolved.snapshot.by_address
        name = graph.name(id_) if is_nameless else self._context.timeline.state(point).name_of(id_)
        if scope.relation is None:
            return _is_among(scope, name)
        if not _is_part(scope, name):
            return False
        if name.kind is Kind.INDEX:
            return id_ in graph.definitions and self._is_unique_on(graph.definition(id_), scope.relation)
        state = self._context.timeline.state(0 if is_nameless else point)
        return name.parent is not None and state.holder(name.parent) == scope.relation

    def _is_unique_on(self, definition: Definition, relation: ObjectId) -> bool:
        """Say whether rows of a relation can violate an index."""
        state = self._context.timeline.state(0)
        for source in parse_recorded(definition.create[0]) if _is_unique(definition.create) else ():
            table = source.target.parent
            if table is not None and len(table.parts) > 1:
                return state.holder(ObjectName(Kind.TABLE, table.parts[-1], table.parts[-2])) == relation
        return False

    def includes_declared(self, scope: NoticedScope, name: ObjectName) -> bool:
        """Say whether a scope includes a declared object."""
        if scope.relation is None:
            return _is_among(scope, name)
        declared = self._context.declared
        if not _is_part(scope, name):
            return False
        if name.kind is Kind.INDEX and not _is_unique((declared[name].source.sql,)):
            return False
        if name.parent is not None:
            return declared.id_of(name.parent) == scope.relation
        return any(declared.id_of(use.object) == scope.relation for use in declared.uses(name))


def _is_among(scope: NoticedScope, name: ObjectName) -> bool:
    match scope.kind:
        case ScopeKind.ANY | ScopeKind.OWNED:
            return True
        case ScopeKind.RELATIONS | ScopeKind.ROUTINES | ScopeKind.TYPES:
            return name.kind in _OF_KIND[scope.kind] and scope.schema in (None, name.schema)
        case ScopeKind.TRIGGERS | ScopeKind.ROWS:
            return False
    assert_never(scope.kind)


def _is_unique(create: Iterable[str]) -> bool:
    """Say whether statements create an index that rows can violate."""
    return any("UNIQUE" in (token.word for token in significant(sql)) for sql in create)


def _is_part(scope: NoticedScope, name: ObjectName) -> bool:
    """Say whether an object is of a kind that a scope of a relation includes."""
    return name.kind is Kind.TRIGGER if scope.kind is ScopeKind.TRIGGERS else name.kind in _MEET_ROWS
