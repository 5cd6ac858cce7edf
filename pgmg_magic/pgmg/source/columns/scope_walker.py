"""Walks through statements with the scopes of SQL: what FROM brings in, level by level, and the names that are used.

What the names mean, a subclass decides: it gets each column with the scopes around it, the innermost first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.source.grammar.parser import Tree, relation_parts, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgmg.model.database.relation_shape import RelationShape
    from pgmg.model.sources.source import Parts

    Shapes = Callable[[Parts], RelationShape | None]

SYSTEM_NAMES = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
"""Columns that every table has."""
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """An alias in FROM. `shape` is None for what nobody knows; `parts` is empty for what is no relation.

    `is_renamed`: the alias gives its columns other names.
    """

    alias: str
    shape: RelationShape | None
    name: str = ""
    parts: Parts = ()
    is_renamed: bool = False


@dataclass(frozen=True, slots=True)
class QueryScope:
    """A query: its aliases, the WITH queries in force, and the names that its own columns have."""

    entries: tuple[ScopeEntry, ...]
    ctes: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()


QueryScopes = tuple[QueryScope, ...]
"""The innermost first."""


class ScopeWalker(ABC):
    """Reads messages of the parse tree; `shapes` returns the shape of a relation as spelled."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def read(self, message: Tree, scopes: QueryScopes) -> None:
        """Read a message and all that is in it."""
        name = message.DESCRIPTOR.name
        if name == "Node":
            kind, inner = unwrap(message)
            if kind:
                self.read(inner, scopes)
        elif name == "SelectStmt":
            self._select(message, scopes)
        elif name in _CHANGES:
            self._change(name, message, scopes)
        elif name == "ColumnRef":
            self.column(message, scopes)
        elif name == "RangeVar":
            self._relation(message, scopes)
        else:
            self.other(name, message, scopes)
            self._descend(message, scopes)

    def _descend(self, message: Tree, scopes: QueryScopes) -> None:
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            for one in value if field.is_repeated else (value,):
                self.read(one, scopes)

    # -- what a subclass does with names ------------------------------------------------------------------

    @abstractmethod
    def relation(self, relation: Tree) -> None:
        """Take note of a `RangeVar` that names no WITH query."""

    @abstractmethod
    def target(self, target: Tree, relation: Tree) -> None:
        """Take note of a column of a `RangeVar` that INSERT, UPDATE or MERGE writes."""

    @abstractmethod
    def column(self, reference: Tree, scopes: QueryScopes) -> None:
        """Take note of a `ColumnRef`."""

    @abstractmethod
    def other(self, name: str, message: Tree, scopes: QueryScopes, /) -> None:
        """Look at any other message, and at statements that change rows, before what is in it is read."""

    # -- queries ------------------------------------------------------------------------------------------

    def _select(self, select: Tree, scopes: QueryScopes) -> None:
        ctes = _ctes(select, scopes)
        entries = tuple(e for node in select.from_clause for e in self._entries(node, ctes))
        outputs = frozenset(node.res_target.name for node in select.target_list if node.res_target.name)
        self._descend(select, (QueryScope(entries, ctes, outputs), *scopes))

    def _change(self, name: str, message: Tree, scopes: QueryScopes) -> None:
        ctes = _ctes(message, scopes)
        relation = message.relation
        parts = relation_parts(relation)
        shape = self._shapes(parts)
        entries = [ScopeEntry(relation.alias.aliasname or relation.relname, shape, relation.relname, parts)]
        match name:
            case "InsertStmt":
                self._targets(message.cols, relation)
                self._targets(message.on_conflict_clause.target_list, relation)
                entries.append(ScopeEntry("excluded", shape, relation.relname, parts))
            case "UpdateStmt":
                self._targets(message.target_list, relation)
                entries += [e for node in message.from_clause for e in self._entries(node, ctes)]
            case "DeleteStmt":
                entries += [e for node in message.using_clause for e in self._entries(node, ctes)]
            case _:
                for node in message.merge_when_clauses:
                    self._targets(node.merge_when_clause.target_list, relation)
                entries += self._entries(message.source_relation, ctes)
        scope = QueryScope(tuple(entries), ctes)
        self.other(name, message, (scope, *scopes))
        self._descend(message, (scope, *scopes))

    def _targets(self, targets: Sequence[Tree], relation: Tree) -> None:
        for node in targets:
            if node.res_target.name:
                self.target(node.res_target, relation)

    def _entries(self, node: Tree, ctes: frozenset[str]) -> Iterator[ScopeEntry]:
        kind, tree = unwrap(node)
        match kind:
            case "range_var":
                parts = relation_parts(tree)
                is_cte = len(parts) == 1 and tree.relname in ctes
                shape = None if is_cte or tree.alias.colnames else self._shapes(parts)
                alias = tree.alias.aliasname or tree.relname
                renamed = bool(tree.alias.colnames)
                yield ScopeEntry(alias, shape, tree.relname, () if is_cte else parts, renamed)
            case "join_expr":
                yield from self._entries(tree.larg, ctes)
                yield from self._entries(tree.rarg, ctes)
                if tree.HasField("alias"):
                    yield ScopeEntry(tree.alias.aliasname, None)
            case "range_table_sample":
                yield from self._entries(tree.relation, ctes)
            case _:
                named = getattr(tree, "alias", None)
                yield ScopeEntry("" if named is None else named.aliasname, None)

    def _relation(self, relation: Tree, scopes: QueryScopes) -> None:
        parts = relation_parts(relation)
        if len(parts) == 1 and any(relation.relname in scope.ctes for scope in scopes):
            return
        self.relation(relation)


def _ctes(message: Tree, scopes: QueryScopes) -> frozenset[str]:
    own = (node.common_table_expr.ctename for node in message.with_clause.ctes)
    return frozenset(own) | (scopes[0].ctes if scopes else frozenset())
