"""Finds names in SQL that mean nothing after a plan: columns, relations and calls, read with PostgreSQL's grammar.

What a name means where that is not certain, is passed over: it may be a variable, or a column that nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.database.relation_shape import MissingName
from pgmg.source.grammar.parser import GrammarError, Tree, parse, relation_parts, strings, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgmg.model.database.relation_shape import RelationShape
    from pgmg.model.sources.source import Parts

    Shapes = Callable[[Parts], RelationShape | None]
    Calls = Callable[[Parts, int], bool]

_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


@dataclass(frozen=True, slots=True)
class NameRules:
    """The schema after a plan, and how strictly names are judged.

    `shapes` returns the shape of a relation as spelled; `is_lost` says of a call with so many arguments that it worked
    before and will not. `variables` are names that are no columns. A `strict` reading takes any unknown column for
    missing, another one only those that the plan takes away. `attributes` are routines that `row.name` may call.
    """

    shapes: Shapes
    is_lost: Calls
    variables: frozenset[str] = frozenset()
    strict: bool = False
    attributes: frozenset[str] = frozenset()


def missing_names(sql: str, rules: NameRules) -> tuple[MissingName, ...]:
    """Return the names that mean nothing any more; none where the text is not SQL."""
    try:
        return _missing(sql, rules)
    except (GrammarError, TooDeepError):
        return ()


@deep_recursion(lambda sql, _: length(sql))
def _missing(sql: str, rules: NameRules) -> tuple[MissingName, ...]:
    reader = _Reader(rules)
    for raw in parse(sql).stmts:
        reader.read(raw.stmt, ())
    data = sql.encode()
    return tuple(
        MissingName(message, len(data[: max(at, 0)].decode(errors="ignore")))
        for message, at in dict.fromkeys(reader.found)
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    alias: str
    shape: RelationShape | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Scope:
    entries: tuple[_Entry, ...]
    ctes: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()


_Scopes = tuple[_Scope, ...]
"""The innermost first."""


class _Reader:
    def __init__(self, rules: NameRules) -> None:
        self._rules = rules
        self.found: list[tuple[str, int]] = []

    def read(self, message: Tree, scopes: _Scopes) -> None:
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
            self._column(message, scopes)
        elif name == "RangeVar":
            self._relation(message, scopes)
        else:
            if name == "FuncCall":
                self._call(message)
            self._descend(message, scopes)

    def _descend(self, message: Tree, scopes: _Scopes) -> None:
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            for one in value if field.is_repeated else (value,):
                self.read(one, scopes)

    # -- queries ----------------------------------------------------------------------------------------

    def _select(self, select: Tree, scopes: _Scopes) -> None:
        ctes = _ctes(select, scopes)
        entries = tuple(e for node in select.from_clause for e in self._entries(node, ctes))
        outputs = frozenset(node.res_target.name for node in select.target_list if node.res_target.name)
        self._descend(select, (_Scope(entries, ctes, outputs), *scopes))

    def _change(self, name: str, message: Tree, scopes: _Scopes) -> None:
        ctes = _ctes(message, scopes)
        relation = message.relation
        shape = self._rules.shapes(relation_parts(relation))
        entries = [_Entry(relation.alias.aliasname or relation.relname, shape, relation.relname)]
        match name:
            case "InsertStmt":
                self._targets(message.cols, shape, relation.relname)
                entries.append(_Entry("excluded", shape, relation.relname))
            case "UpdateStmt":
                self._targets(message.target_list, shape, relation.relname)
                entries += [e for node in message.from_clause for e in self._entries(node, ctes)]
            case "DeleteStmt":
                entries += [e for node in message.using_clause for e in self._entries(node, ctes)]
            case _:
                entries += self._entries(message.source_relation, ctes)
        self._descend(message, (_Scope(tuple(entries), ctes), *scopes))

    def _targets(self, targets: Sequence[Tree], shape: RelationShape | None, relation: str) -> None:
        for node in targets:
            target = node.res_target
            if shape is not None and self._lacks(shape, target.name):
                self.found.append((f'column "{target.name}" of relation "{relation}" does not exist', target.location))

    def _entries(self, node: Tree, ctes: frozenset[str]) -> Iterator[_Entry]:
        kind, tree = unwrap(node)
        match kind:
            case "range_var":
                known = not (len(relation_parts(tree)) == 1 and tree.relname in ctes) and not tree.alias.colnames
                shape = self._rules.shapes(relation_parts(tree)) if known else None
                yield _Entry(tree.alias.aliasname or tree.relname, shape, tree.relname)
            case "join_expr":
                yield from self._entries(tree.larg, ctes)
                yield from self._entries(tree.rarg, ctes)
                if tree.HasField("alias"):
                    yield _Entry(tree.alias.aliasname, None)
            case _:
                alias = getattr(tree, "alias", None)
                yield _Entry("" if alias is None else alias.aliasname, None)

    # -- names ------------------------------------------------------------------------------------------

    def _relation(self, relation: Tree, scopes: _Scopes) -> None:
        parts = relation_parts(relation)
        if len(parts) == 1 and any(relation.relname in scope.ctes for scope in scopes):
            return
        shape = self._rules.shapes(parts)
        if shape is not None and shape.is_gone:
            self.found.append((f'relation "{".".join(parts)}" does not exist', relation.location))

    def _call(self, call: Tree) -> None:
        parts = strings(call.funcname)[-2:]
        if not call.func_variadic and not call.agg_star and self._rules.is_lost(parts, len(call.args)):
            message = f"function {'.'.join(parts)} with {len(call.args)} arguments does not exist"
            self.found.append((message, call.location))

    def _column(self, reference: Tree, scopes: _Scopes) -> None:
        if any(not field.HasField("string") for field in reference.fields):
            return
        names = strings(reference.fields)
        if names[-1] in _SYSTEM or names[-1] in self._rules.attributes:
            return
        if len(names) == 1:
            self._bare(names[0], reference.location, scopes)
        else:
            self._qualified(names[-2], names[-1], reference.location, scopes)

    def _qualified(self, alias: str, column: str, at: int, scopes: _Scopes) -> None:
        for scope in scopes:
            entries = [entry for entry in scope.entries if entry.alias == alias]
            if entries:
                if all(entry.shape is not None and self._lacks(entry.shape, column) for entry in entries):
                    self.found.append((f"column {alias}.{column} does not exist", at))
                return

    def _bare(self, column: str, at: int, scopes: _Scopes) -> None:
        if column in self._rules.variables:
            return
        lost = False
        for scope in scopes:
            if column in scope.outputs or column in {entry.alias for entry in scope.entries}:
                return
            for entry in scope.entries:
                if entry.shape is None:
                    return
                is_lost = column in entry.shape.lost
                if not is_lost and (entry.shape.columns is None or column in entry.shape.columns):
                    return
                lost = lost or is_lost
        if lost or (self._rules.strict and scopes):
            self.found.append((f'column "{column}" does not exist', at))

    def _lacks(self, shape: RelationShape, column: str) -> bool:
        if column in shape.lost:
            return True
        return self._rules.strict and shape.columns is not None and column not in shape.columns | _SYSTEM


def _ctes(message: Tree, scopes: _Scopes) -> frozenset[str]:
    own = (node.common_table_expr.ctename for node in message.with_clause.ctes)
    return frozenset(own) | (scopes[0].ctes if scopes else frozenset())
