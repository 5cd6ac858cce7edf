"""Finds names in SQL that mean nothing after a plan: columns, relations and calls, read with PostgreSQL's grammar.

What a name means where that is not certain, is passed over: it may be a variable, or a column that nobody knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.relation_shape import MissingName
from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.columns.scope_walker import SYSTEM_NAMES, QueryScopes, ScopeWalker
from pgmg.source.grammar.parser import GrammarError, Tree, parse, relation_parts, strings
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.database.relation_shape import RelationShape
    from pgmg.model.sources.source import Parts
    from pgmg.source.columns.scope_walker import Shapes

    Calls = Callable[[Parts, int], bool]


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


class _Reader(ScopeWalker):
    def __init__(self, rules: NameRules) -> None:
        super().__init__(rules.shapes)
        self._rules = rules
        self.found: list[tuple[str, int]] = []

    def target(self, target: Tree, relation: Tree) -> None:
        shape = self._shapes(relation_parts(relation))
        if shape is not None and self._lacks(shape, target.name):
            message = f'column "{target.name}" of relation "{relation.relname}" does not exist'
            self.found.append((message, target.location))

    def relation(self, relation: Tree) -> None:
        parts = relation_parts(relation)
        shape = self._shapes(parts)
        if shape is not None and shape.is_gone:
            self.found.append((f'relation "{".".join(parts)}" does not exist', relation.location))

    def other(self, name: str, message: Tree, _scopes: QueryScopes, /) -> None:
        if name == "FuncCall":
            self._call(message)

    def _call(self, call: Tree) -> None:
        parts = strings(call.funcname)[-2:]
        if not call.func_variadic and not call.agg_star and self._rules.is_lost(parts, len(call.args)):
            message = f"function {'.'.join(parts)} with {len(call.args)} arguments does not exist"
            self.found.append((message, call.location))

    def column(self, reference: Tree, scopes: QueryScopes) -> None:
        if any(not field.HasField("string") for field in reference.fields):
            return
        names = strings(reference.fields)
        if names[-1] in SYSTEM_NAMES or names[-1] in self._rules.attributes:
            return
        if len(names) == 1:
            self._bare(names[0], reference.location, scopes)
        else:
            self._qualified(names[-2], names[-1], reference.location, scopes)

    def _qualified(self, alias: str, column: str, at: int, scopes: QueryScopes) -> None:
        for scope in scopes:
            entries = [entry for entry in scope.entries if entry.alias == alias]
            if entries:
                if all(entry.shape is not None and self._lacks(entry.shape, column) for entry in entries):
                    self.found.append((f"column {alias}.{column} does not exist", at))
                return

    def _bare(self, column: str, at: int, scopes: QueryScopes) -> None:
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
        return self._rules.strict and shape.columns is not None and column not in shape.columns | SYSTEM_NAMES
