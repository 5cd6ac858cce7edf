"""Reads whole queries: what each column is made from, what decides which rows there are, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgmg.source.columns.expression_reading import Result
from pgmg.source.columns.from_reading import FromReader
from pgmg.source.columns.influence import NOTHING, Influence, union
from pgmg.source.columns.name_scopes import Columns, Level, Named, Unnamed, UnreadableError, row_of
from pgmg.source.columns.result_names import figured_name
from pgmg.source.grammar.parser import Tree, pb, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.results.lineage_data import FunctionTraits
    from pgmg.model.sources.source import Parts


@dataclass(slots=True)
class Cte:
    """A WITH query: read when it is first named. While it is, it is what has been found out so far."""

    tree: Tree
    outer: Level | None
    ctes: Mapping[str, Cte]
    result: Result | None = None
    being_read: bool = False


class QueryReader(FromReader):
    """Reads queries.

    `composites` are the attributes of columns of composite types, by the names of columns.
    """

    def __init__(
        self,
        relations: Mapping[Parts, Sequence[str]],
        traits: FunctionTraits,
        composites: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(relations, traits)
        self._composites = composites
        self._texts: Mapping[int, str] = {}

    def outermost(self, select: Tree, texts: Mapping[int, str]) -> Result:
        """Return what a whole query returns; `texts` are the expressions of its columns, by their positions.

        Raises:
            UnreadableError: a name could not be attributed.
        """
        self._texts = texts
        return self.query(select, None, {})

    def query(self, select: Tree, outer: Level | None, ctes: Mapping[str, Cte]) -> Result:
        """Return what a query returns, names resolved within `outer` and `ctes`.

        Raises:
            UnreadableError: a name could not be attributed, or it is no plain query.
        """
        if select.HasField("with_clause"):
            ctes = self._with(select.with_clause, outer, ctes)
        if select.op > pb.SETOP_NONE:
            result = self._set_operation(select, outer, ctes)
        elif select.values_lists:
            result = self._values(select, outer, ctes)
        else:
            return self._select(select, outer, ctes)
        return self._cut_off(select, result, Level((), outer, ctes), result.columns)

    # -- WITH -------------------------------------------------------------------------------------------

    def _with(self, clause: Tree, outer: Level | None, ctes: Mapping[str, Cte]) -> Mapping[str, Cte]:
        """Return the CTEs in force: each sees those before it, with RECURSIVE all of them."""
        found = dict(ctes)
        for node in clause.ctes:
            tree = node.common_table_expr
            if not tree.ctequery.HasField("select_stmt"):
                raise UnreadableError("WITH a statement that changes data is not followed")
            seen = found if clause.recursive else dict(found)
            found[tree.ctename] = Cte(tree, outer, seen)
        return found

    def cte(self, name: str, ctes: Any) -> Result | None:
        """Return what a CTE returns; one that reads itself is read again until nothing new is found."""
        known: Cte | None = ctes.get(name)
        if known is None:
            return None
        if known.result is not None:
            return known.result
        if known.being_read:
            raise UnreadableError(f"{name} reads itself in its first part")
        known.being_read = True
        select = known.tree.ctequery.select_stmt
        if select.op == pb.SETOP_UNION:
            self._read_recursive(known, select)
        else:
            known.result = self._named(known, self.query(select, known.outer, known.ctes))
        known.being_read = False
        return known.result

    def _read_recursive(self, cte: Cte, select: Tree) -> None:
        def within() -> Mapping[str, Cte]:
            inner = select.HasField("with_clause")
            return self._with(select.with_clause, cte.outer, cte.ctes) if inner else cte.ctes

        first = self.query(select.larg, cte.outer, within())
        cte.result = self._named(cte, first)
        while True:
            ctes = within()
            again = self.query(select.rarg, cte.outer, ctes)
            first = self._cut_off(select, _united(select, first, again), Level((), cte.outer, ctes), first.columns)
            result = self._named(cte, first)
            known, cte.result = cte.result, result
            if _found_out(result) == _found_out(known):
                return

    def _named(self, cte: Cte, result: Result) -> Result:
        """Return the result of a CTE with its column list, and the columns that SEARCH and CYCLE add."""
        columns = list(result.columns)
        for position, name in enumerate(strings(cte.tree.aliascolnames)):
            if position < len(columns):
                column = columns[position]
                influence = column.influence if isinstance(column, Named) else column.all
                columns[position] = Named(name, influence)
        by_name = {column.name: column.influence for column in columns if isinstance(column, Named)}

        def those(names: Sequence[str]) -> Influence:
            return union(by_name.get(name, NOTHING) for name in names)

        if cte.tree.HasField("search_clause"):
            clause = cte.tree.search_clause
            columns.append(
                Named(clause.search_seq_column, those(strings(clause.search_col_list)) | result.rows.deciding)
            )
        rows = result.rows
        if cte.tree.HasField("cycle_clause"):
            clause = cte.tree.cycle_clause
            cycle = those(strings(clause.cycle_col_list))
            columns += [Named(clause.cycle_mark_column, cycle), Named(clause.cycle_path_column, cycle)]
            rows |= cycle.deciding
        return Result(tuple(columns), rows, result.order)

    # -- set operations and VALUES ----------------------------------------------------------------------

    def _set_operation(self, select: Tree, outer: Level | None, ctes: Mapping[str, Cte]) -> Result:
        return _united(select, self.query(select.larg, outer, ctes), self.query(select.rarg, outer, ctes))

    def _values(self, select: Tree, outer: Level | None, ctes: Mapping[str, Cte]) -> Result:
        level = Level((), outer, ctes)
        rows = [[self.expression(value, level) for value in row.list.items] for row in select.values_lists]
        columns = tuple(Named(f"column{n}", union(values)) for n, values in enumerate(zip(*rows, strict=True), 1))
        return Result(columns)

    # -- SELECT -----------------------------------------------------------------------------------------

    def _select(self, select: Tree, outer: Level | None, ctes: Mapping[str, Cte]) -> Result:
        items = self.items(select.from_clause, outer, ctes)
        windows = {node.window_def.name: node.window_def for node in select.window_clause}
        level = Level(tuple(items), outer, ctes, windows)
        columns: list[Named | Unnamed] = []
        for node in select.target_list:
            columns += self._target(node.res_target, level)
        rows = union(item.rows for item in items)
        rows |= self.all_of([select.where_clause, select.having_clause], level).deciding
        rows |= union(Influence(decides=_influence(column).multiplies) for column in columns)
        grouped = union(self._grouped(node, level, columns) for node in select.group_clause)
        rows |= grouped.deciding
        rows |= self._distinct(select, level, columns).deciding
        ordered = not (select.group_clause or select.distinct_clause or self._is_one_row(select))
        shown = tuple(_alone(column) for column in columns)
        result = Result(shown, rows, level.order if ordered else NOTHING)
        return self._cut_off(select, result, level, shown)

    def _is_one_row(self, select: Tree) -> bool:
        """Tell whether a query without GROUP BY takes all rows together."""
        if select.HasField("having_clause"):
            return True
        return any(self.aggregates(unwrap(node.res_target.val)[1]) for node in select.target_list)

    def _target(self, target: Tree, level: Level) -> list[Named | Unnamed]:
        """Return the columns that an entry of the list stands for."""
        kind, tree = unwrap(target.val)
        if kind == "column_ref" and tree.fields[-1].HasField("a_star"):
            qualifier = strings(list(tree.fields)[:-1])[-2:]
            if not qualifier:
                return list(level.columns)
            return list(level.source(qualifier).columns)
        influence = self.expression(target.val, level)
        if kind == "a_indirection" and tree.indirection[-1].HasField("a_star"):
            row = self.row_alias(tree, level) if len(tree.indirection) == 1 else None
            if row is not None:
                return list(row.columns)
            attributes = self._attributes(tree) if len(tree.indirection) == 1 else None
            if attributes is None:
                return [Unnamed(lambda _: influence, influence, alike=True)]
            return [Named(name, influence) for name in attributes]
        return [Named(target.name or figured_name(target.val), influence, self._texts.get(target.location, ""))]

    def _attributes(self, tree: Tree) -> Sequence[str] | None:
        """Return the attributes of an expression of a composite type, as far as its form tells the type."""
        kind, inner = unwrap(tree.arg)
        match kind:
            case "func_call":
                return self.results.get(inner.funcname[-1].string.sval)
            case "type_cast" if not inner.type_name.array_bounds:
                return self.types.get(inner.type_name.names[-1].string.sval)
            case "column_ref":
                return self._composites.get(inner.fields[-1].string.sval)
            case _:
                return None

    def _grouped(self, node: Tree, level: Level, columns: Sequence[Named | Unnamed]) -> Influence:
        """Return what groups rows: an input column is preferred to an output column of the name."""
        kind, tree = unwrap(node)
        if kind == "grouping_set":
            return union(self._grouped(inner, level, columns) for inner in tree.content)
        if kind == "row_expr":
            return union(self._grouped(inner, level, columns) for inner in tree.args)
        position = _position(node)
        if position is not None:
            return _at(columns, position)
        name = _bare_name(node)
        if name is not None and level.column_named(name) is None and (found := _output(columns, name)) is not None:
            return found
        return self.expression(node, level)

    def _distinct(self, select: Tree, level: Level, columns: Sequence[Named | Unnamed]) -> Influence:
        """Return what tells rows apart that are taken for one, and with DISTINCT ON what chooses among them."""
        if not select.distinct_clause:
            return NOTHING
        on = [node for node in select.distinct_clause if node.WhichOneof("node")]
        if not on:
            return row_of(tuple(columns))
        chosen = union(self._sorted(node, level, columns) for node in on)
        return chosen | self._order(select, level, columns) | level.order

    def _order(self, select: Tree, level: Level, columns: Sequence[Named | Unnamed]) -> Influence:
        return union(self._sorted(node.sort_by.node, level, columns) for node in select.sort_clause)

    def _sorted(self, node: Tree, level: Level, columns: Sequence[Named | Unnamed]) -> Influence:
        """Return what sorts rows: an output column is preferred to an input column of the name."""
        position = _position(node)
        if position is not None:
            return _at(columns, position)
        name = _bare_name(node)
        if name is not None and (found := _output(columns, name)) is not None:
            return found
        return self.expression(node, level)

    def _cut_off(self, select: Tree, result: Result, level: Level, columns: Columns) -> Result:
        """Return a result as ORDER BY, LIMIT and OFFSET leave it."""
        order = self._order(select, level, columns)
        limits = [n for n in (select.limit_count, select.limit_offset) if n.WhichOneof("node")]
        rows = result.rows
        if limits:
            cut = order if select.sort_clause else result.order
            rows |= (self.all_of(limits, level) | cut).deciding
        return Result(result.columns, rows, order if select.sort_clause else result.order)


def _united(select: Tree, left: Result, right: Result) -> Result:
    """Return two results as a set operation joins them."""
    rows = left.rows | right.rows
    if select.op != pb.SETOP_UNION or not select.all:
        rows |= (row_of(left.columns) | row_of(right.columns)).deciding
    order = left.order | right.order if select.op == pb.SETOP_UNION and select.all else NOTHING
    if any(isinstance(column, Unnamed) for column in (*left.columns, *right.columns)):
        whole = row_of(left.columns) | row_of(right.columns)
        return Result((Unnamed(lambda _: whole, whole, alike=True),), rows, order)
    if len(left.columns) != len(right.columns):
        raise UnreadableError("the sides of a set operation differ")
    columns = []
    for one, other in zip(left.columns, right.columns, strict=True):
        assert isinstance(one, Named)
        both = _influence(one) if select.op == pb.SETOP_EXCEPT else _influence(one) | _influence(other)
        other_text = other.text if isinstance(other, Named) else ""
        text = "\n".join(dict.fromkeys(t for t in (one.text, other_text) if t))
        columns.append(Named(one.name, both, text))
    return Result(tuple(columns), rows, order)


def _found_out(result: Result) -> tuple[object, ...]:
    """Return what can be compared of a result."""
    return tuple(map(_influence, result.columns)), result.rows, result.order


def _influence(column: Named | Unnamed) -> Influence:
    return column.influence if isinstance(column, Named) else column.all


def _alone(column: Named | Unnamed) -> Named | Unnamed:
    return Named(column.name, column.influence.alone, column.text) if isinstance(column, Named) else column


def _position(node: Tree) -> int | None:
    """Return the number of a column that a constant names."""
    if node.HasField("a_const") and node.a_const.HasField("ival"):
        return int(node.a_const.ival.ival)
    return None


def _at(columns: Sequence[Named | Unnamed], position: int) -> Influence:
    if any(isinstance(column, Unnamed) for column in columns[:position]):
        return row_of(tuple(columns))
    return _influence(columns[position - 1]) if 0 < position <= len(columns) else NOTHING


def _bare_name(node: Tree) -> str | None:
    if node.HasField("column_ref") and len(node.column_ref.fields) == 1:
        field = node.column_ref.fields[0]
        return str(field.string.sval) if field.HasField("string") else None
    return None


def _output(columns: Sequence[Named | Unnamed], name: str) -> Influence | None:
    found = [column.influence for column in columns if isinstance(column, Named) and column.name == name]
    return union(found) if found else None
