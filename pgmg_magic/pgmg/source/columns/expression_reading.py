"""Reads what an expression uses: columns, whole rows, queries inside, functions and what they are told to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pgmg.source.columns.influence import NOTHING, Influence, union
from pgmg.source.columns.name_scopes import Columns, Level, Named, Source
from pgmg.source.grammar.parser import Tree, parts, pb, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.results.lineage_data import FunctionTraits


_ANY_ORDER = frozenset(
    {"count", "min", "max", "sum", "avg", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"}
    | {"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp"}
    | {"rank", "dense_rank", "percent_rank", "cume_dist", "mode", "percentile_cont", "percentile_disc", "grouping"}
    | {"range_agg", "range_intersect_agg", "any_value"}
    | {f"regr_{what}" for what in ("avgx", "avgy", "count", "intercept", "r2", "slope", "sxx", "sxy", "syy")}
)
"""Aggregates and window functions whose result does not depend on the order in which rows come."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a query: the columns, and the inputs that decide about the rows and their order."""

    columns: Columns
    rows: Influence = NOTHING
    order: Influence = NOTHING


class ExpressionReader(ABC):
    """Reads expressions. Queries inside of them are read by `query`, which is read by expressions in turn."""

    def __init__(self, traits: FunctionTraits) -> None:
        self.traits = traits
        self.results = dict(traits.results)
        self.types = dict(traits.types)

    @abstractmethod
    def query(self, select: Tree, outer: Level | None, ctes: Any) -> Result:
        """Return what a query inside an expression, or in FROM, returns."""

    def all_of(self, nodes: Iterable[Tree], level: Level) -> Influence:
        """Return what several expressions use."""
        return union(self.expression(node, level) for node in nodes)

    def expression(self, node: Tree, level: Level) -> Influence:
        """Return what an expression uses.

        Raises:
            UnreadableError: a name could not be attributed.
        """
        kind, tree = unwrap(node)
        match kind:
            case "":
                return NOTHING
            case "column_ref":
                return self._column(tree, level)
            case "sub_link":
                return self._subquery(tree, level)
            case "func_call":
                return self._call(tree, level)
            case "a_indirection":
                return self._field(tree, level)
            case "sqlvalue_function":
                name = str(pb.SQLValueFunctionOp.Name(tree.op)).removeprefix("SVFOP_").removesuffix("_N").lower()
                return Influence(calls=frozenset({(name,)}))
            case "select_stmt":
                return self._rows_of(tree, level)
            case "json_array_agg" | "json_object_agg":
                return self._json_aggregate(tree, level)
            case _:
                return self._inside(tree, level)

    def _inside(self, message: Tree, level: Level) -> Influence:
        """Return what the parts of a message use, whatever they are."""
        total = NOTHING
        for field, value in message.ListFields():
            match _fields(message.DESCRIPTOR)[field]:
                case "nodes":
                    total |= self.all_of(value, level)
                case "node":
                    total |= self.expression(value, level)
                case "message":
                    total |= self._inside(value, level)
                case _:
                    pass
        return total

    def aggregates(self, message: Tree) -> bool:
        """Tell whether an expression holds an aggregate of the query that it belongs to."""
        name = message.DESCRIPTOR.name
        if name == "SubLink":
            return False
        if name == "FuncCall" and not message.HasField("over") and self._is_aggregate(message):
            return True
        if name in ("JsonArrayAgg", "JsonObjectAgg") and not message.constructor.HasField("over"):
            return True
        for field, value in message.ListFields():
            match _fields(message.DESCRIPTOR)[field]:
                case "nodes":
                    if any(self.aggregates(unwrap(node)[1]) for node in value if node.WhichOneof("node")):
                        return True
                case "node":
                    if value.WhichOneof("node") and self.aggregates(unwrap(value)[1]):
                        return True
                case "message":
                    if self.aggregates(value):
                        return True
                case _:
                    pass
        return False

    def _is_aggregate(self, call: Tree) -> bool:
        name = str(call.funcname[-1].string.sval)
        return bool(call.agg_star or call.agg_order or call.agg_distinct or call.HasField("agg_filter")) or (
            name in self.traits.aggregates
        )

    # -- names ------------------------------------------------------------------------------------------

    def _column(self, column: Tree, level: Level) -> Influence:
        fields = list(column.fields)
        if len(fields) == 1:
            if fields[0].HasField("a_star"):
                return union(column.influence if isinstance(column, Named) else column.all for column in level.columns)
            return level.unqualified(fields[0].string.sval)
        source = level.source(strings(fields[:-1])[-2:])
        return source.row if fields[-1].HasField("a_star") else source.column(fields[-1].string.sval)

    def _field(self, tree: Tree, level: Level) -> Influence:
        """`(row).column` is that column, where the row is one of FROM; subscripts are used as well."""
        inside = self.all_of((i for i in tree.indirection if i.HasField("a_indices")), level)
        first = tree.indirection[0]
        row = self.row_alias(tree, level) if first.HasField("string") else None
        if row is not None:
            return row.column(first.string.sval) | inside
        return self.expression(tree.arg, level) | inside

    def row_alias(self, tree: Tree, level: Level) -> Source | None:
        """Return the alias in FROM that the `(row)` of `(row).column` and `(row).*` names."""
        if not tree.arg.HasField("column_ref") or _has_star(tree.arg.column_ref):
            return None
        names = strings(tree.arg.column_ref.fields)
        is_row = len(names) == 1 and level.column_named(names[0]) is None and level.row(names[0]) is not None
        return level.source(names) if is_row else None

    # -- queries inside ---------------------------------------------------------------------------------

    def _subquery(self, link: Tree, level: Level) -> Influence:
        """Return what the value of a subquery is made from, and what decides about it."""
        result = self.query(link.subselect.select_stmt, level, level.ctes)
        tested = self.expression(link.testexpr, level) if link.HasField("testexpr") else NOTHING
        rows = result.rows.deciding
        match link.sub_link_type:
            case pb.EXISTS_SUBLINK:
                return rows
            case pb.ARRAY_SUBLINK:
                return _values(result) | rows | result.order.deciding
            case _:
                return _values(result) | rows | tested

    def _rows_of(self, select: Tree, level: Level) -> Influence:
        """`JSON_ARRAY(SELECT …)` and the like: the rows in their order are the value."""
        result = self.query(select, level, level.ctes)
        return _values(result) | result.rows.deciding | result.order.deciding

    # -- functions --------------------------------------------------------------------------------------

    def _call(self, call: Tree, level: Level) -> Influence:
        name = parts(call.funcname)
        used = self.all_of(call.args, level) | self.all_of(call.agg_order, level)
        if call.HasField("agg_filter"):
            used |= self.expression(call.agg_filter, level)
        if call.HasField("over"):
            used |= self._window(call.over, level)
        if self._depends_on_order(call, name[-1]):
            used |= level.order.deciding
        multiplied = used.everything if name[-1] in self.traits.sets else frozenset()
        return used | Influence(calls=frozenset({name}), multiplies=multiplied)

    def _json_aggregate(self, tree: Tree, level: Level) -> Influence:
        constructor = tree.constructor
        used = self._inside(tree, level)
        if constructor.HasField("over"):
            used |= self._window(constructor.over, level)
        return used if constructor.agg_order else used | level.order.deciding

    def _depends_on_order(self, call: Tree, name: str) -> bool:
        """Tell whether a function's result depends on the order in which rows come, and not on one that it says."""
        if name in _ANY_ORDER or call.agg_distinct or (call.agg_order and not call.HasField("over")):
            return False
        return call.HasField("over") or name in self.traits.aggregates

    def _window(self, window: Tree, level: Level) -> Influence:
        """Return what partitions and orders rows: by the definition itself, and by the named one it begins with."""
        used = self.all_of([*window.partition_clause, *window.order_clause], level)
        used |= self.all_of([n for n in (window.start_offset, window.end_offset) if n.WhichOneof("node")], level)
        for name in (window.refname, window.name):
            if name in level.windows and level.windows[name] is not window:
                used |= self._window(level.windows[name], level)
        return used


def _values(result: Result) -> Influence:
    return union(c.influence if isinstance(c, Named) else c.all for c in result.columns).alone


def _has_star(column: Tree) -> bool:
    return any(field.HasField("a_star") for field in column.fields)


@cache
def _fields(descriptor: Any) -> dict[Any, str]:
    """Tell for each field what it holds: nodes, one node, another message, or nothing to be read."""
    found = {}
    for field in descriptor.fields:
        if field.message_type is None or field.message_type.name == "TypeName":
            found[field] = ""
        elif field.message_type.name == "Node":
            found[field] = "nodes" if field.is_repeated else "node"
        else:
            found[field] = "" if field.is_repeated else "message"
    return found
