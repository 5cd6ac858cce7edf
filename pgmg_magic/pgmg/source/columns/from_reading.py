"""Reads FROM: what each item brings in, who sees whom (LATERAL), and what decides about its rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from pgmg.model.results.lineage_data import ROW_ORDER, ColumnUse, FunctionTraits
from pgmg.source.columns.expression_reading import ExpressionReader, Result
from pgmg.source.columns.influence import NOTHING, Influence
from pgmg.source.columns.name_scopes import (
    Columns,
    Item,
    Level,
    Named,
    Source,
    Unnamed,
    UnreadableError,
    of_relation,
    of_values,
    renamed,
    row_of,
)
from pgmg.source.grammar.parser import Tree, pb, relation_parts, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.sources.source import Parts


class FromReader(ExpressionReader):
    """Reads the items of FROM; `relations` holds the columns of relations by the names that the query spells."""

    def __init__(self, relations: Mapping[Parts, Sequence[str]], traits: FunctionTraits) -> None:
        super().__init__(traits)
        self._relations = relations

    @abstractmethod
    def cte(self, name: str, ctes: Any) -> Result | None:
        """Return what a CTE of that name returns, where there is one in force."""

    def items(self, nodes: Sequence[Tree], outer: Level | None, ctes: Any) -> list[Item]:
        """Return what a FROM brings in; each item may see those before it."""
        found: list[Item] = []
        for node in nodes:
            found.append(self._item(node, Level(tuple(found), outer, ctes)))
        return found

    def _item(self, node: Tree, before: Level) -> Item:
        """Return one item; `before` is what a LATERAL one sees."""
        kind, tree = unwrap(node)
        match kind:
            case "range_var":
                return self._relation(tree, before)
            case "range_subselect":
                return self._subselect(tree, before)
            case "range_function":
                return self._function(tree, before)
            case "join_expr":
                return self._join(tree, before)
            case "range_table_sample":
                item = self._item(tree.relation, before)
                sampled = self.all_of([*tree.args, tree.repeatable], before).deciding
                return Item(item.columns, item.sources, item.rows | sampled, item.order)
            case "range_table_func":
                return self._xml_table(tree, before)
            case "json_table":
                return self._json_table(tree, before)
            case _:
                raise UnreadableError(f"{kind.replace('_', ' ').upper()} is not followed")

    # -- relations and queries --------------------------------------------------------------------------

    def _relation(self, relation: Tree, before: Level) -> Item:
        name = relation_parts(relation)
        result = self.cte(name[0], before.ctes) if len(name) == 1 else None
        if result is not None:
            return _aliased(relation.alias, relation.relname, result)
        columns = of_relation(name, self._relations.get(name))
        row = row_of(of_relation(name, None))
        order = Influence(frozenset({ColumnUse(name, ROW_ORDER)}))
        if not relation.HasField("alias"):
            return Item(columns, (Source(relation.relname, columns, row, name),), order=order)
        columns = renamed(columns, strings(relation.alias.colnames))
        return Item(columns, (Source(relation.alias.aliasname, columns, row),), order=order)

    def _subselect(self, tree: Tree, before: Level) -> Item:
        outer = before if tree.lateral else before.parent
        result = self.query(tree.subquery.select_stmt, outer, before.ctes)
        return _aliased(tree.alias, "", result)

    # -- functions --------------------------------------------------------------------------------------

    def _function(self, tree: Tree, before: Level) -> Item:
        calls = [node.list.items[0] for node in tree.functions]
        used = self.all_of(calls, before)
        influence = Influence(used.values, used.decides, used.calls)
        declared = [node.column_def.colname for node in tree.coldeflist]
        declared += [n.column_def.colname for f in tree.functions for d in f.list.items[1:] for n in d.list.items]
        known = declared or list(self.results.get(_name_of(calls[0]), ()) if len(calls) == 1 else ())
        columns: Columns = tuple(Named(name, influence) for name in known) or of_values(influence)
        if tree.ordinality and known:
            columns = (*columns, Named("ordinality", influence))
        columns = renamed(columns, strings(tree.alias.colnames))
        alias = tree.alias.aliasname or _name_of(calls[0])
        one_row = not any(_name_of(call) in self.traits.sets for call in calls)
        rows = NOTHING if one_row else influence.deciding
        return Item(columns, (Source(alias, columns, influence),), rows)

    def _xml_table(self, tree: Tree, before: Level) -> Item:
        shared = self.all_of([tree.docexpr, tree.rowexpr, *(n.res_target.val for n in tree.namespaces)], before)
        columns = tuple(
            Named(column.colname, shared | self.all_of([column.colexpr, column.coldefexpr], before))
            for column in (node.range_table_func_col for node in tree.columns)
        )
        return _computed(tree.alias, columns, shared)

    def _json_table(self, tree: Tree, before: Level) -> Item:
        passed = [node.json_argument.val.raw_expr for node in tree.passing]
        shared = self.all_of([tree.context_item.raw_expr, *passed, tree.pathspec.string], before)
        columns = tuple(self._json_columns(tree.columns, shared, before))
        return _computed(tree.alias, columns, shared)

    def _json_columns(self, nodes: Sequence[Tree], shared: Influence, before: Level) -> list[Named]:
        found = []
        for column in (node.json_table_column for node in nodes):
            if column.coltype == pb.JTC_NESTED:
                found += self._json_columns(column.columns, shared, before)
            else:
                behaviour = [column.on_empty.expr, column.on_error.expr]
                found.append(Named(column.name, shared | self.all_of(behaviour, before)))
        return found

    # -- joins ------------------------------------------------------------------------------------------

    def _join(self, join: Tree, before: Level) -> Item:
        left = self._item(join.larg, before)
        right = self._item(join.rarg, Level((*before.items, left), before.parent, before.ctes))
        both = Level((left, right), before.parent, before.ctes)
        rows = left.rows | right.rows
        merged: list[Named] = []
        names = _common(left, right) if join.is_natural else strings(join.using_clause)
        for name in names:
            one, other = (_column(item, name) for item in (left, right))
            rows |= (one | other).deciding
            match join.jointype:
                case pb.JOIN_RIGHT:
                    shown = other
                case pb.JOIN_FULL:
                    shown = one | other
                case _:
                    shown = one
            merged.append(Named(name, shown))
        if join.HasField("quals"):
            rows |= self.expression(join.quals, both).deciding
        rest = tuple(c for c in both.columns if isinstance(c, Unnamed) or c.name not in names)
        columns: Columns = (*merged, *rest)
        sources = (*left.sources, *right.sources)
        if join.HasField("join_using_alias"):
            shared = tuple(merged)
            sources = (*sources, Source(join.join_using_alias.aliasname, shared, row_of(shared)))
        if join.HasField("alias"):
            columns = renamed(columns, strings(join.alias.colnames))
            sources = (Source(join.alias.aliasname, columns, row_of(columns)),)
        return Item(columns, sources, rows, left.order | right.order)


def _aliased(alias: Tree, name: str, result: Result) -> Item:
    columns = renamed(result.columns, strings(alias.colnames))
    source = Source(alias.aliasname or name, columns, row_of(columns))
    return Item(columns, (source,), result.rows, result.order)


def _computed(alias: Tree, columns: Columns, shared: Influence) -> Item:
    columns = renamed(columns, strings(alias.colnames))
    return Item(columns, (Source(alias.aliasname, columns, row_of(columns) | shared),), shared.deciding)


def _column(item: Item, name: str) -> Influence:
    found = [c for c in item.columns if isinstance(c, Named) and c.name == name]
    if len(found) == 1:
        return found[0].influence
    unnamed = [c for c in item.columns if isinstance(c, Unnamed)]
    if found or len(unnamed) != 1:
        raise UnreadableError(f"it is not clear whose {name} is meant")
    return unnamed[0].of(name)


def _common(left: Item, right: Item) -> tuple[str, ...]:
    if any(isinstance(c, Unnamed) for item in (left, right) for c in item.columns):
        raise UnreadableError("NATURAL JOIN of columns that are not known")
    there = {c.name for c in right.columns if isinstance(c, Named)}
    return tuple(c.name for c in left.columns if isinstance(c, Named) and c.name in there)


def _name_of(call: Tree) -> str:
    kind, tree = unwrap(call)
    match kind:
        case "func_call":
            return str(tree.funcname[-1].string.sval)
        case "sqlvalue_function":
            return str(pb.SQLValueFunctionOp.Name(tree.op)).removeprefix("SVFOP_").removesuffix("_N").lower()
        case "coalesce_expr":
            return "coalesce"
        case _:
            return ""
