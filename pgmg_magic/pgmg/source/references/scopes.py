"""Finds the names that a statement uses, with the scopes of SQL (rule 2.1).

What a query's FROM brings in is kept level by level, so that `*`, `t.*` and `t` alone are known to read whole rows,
and so that a CTE is not taken for the relation whose name it bears.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pgmg.model.sources.source import Parts, Reference, RefKind, TypeName
from pgmg.source.grammar.parser import SYSTEM, Tree, parts, pb, relation_parts, strings, type_name, unwrap
from pgmg.source.grammar.tree_walker import Walker
from pgmg.source.references import constants

if TYPE_CHECKING:
    from collections.abc import Iterable

_Key = tuple[RefKind, Parts, tuple[TypeName, ...] | None]

_BETWEEN = frozenset({pb.AEXPR_BETWEEN, pb.AEXPR_NOT_BETWEEN, pb.AEXPR_BETWEEN_SYM, pb.AEXPR_NOT_BETWEEN_SYM})


@cache
def _done_first() -> frozenset[Any]:
    """Return the fields of queries that are read before the rest, because they bring names in."""
    names = {"relation", "with_clause", "from_clause", "using_clause", "source_relation", "larg", "rarg", "into_clause"}
    queries = (pb.SelectStmt, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)
    return frozenset(field for query in queries for field in query.DESCRIPTOR.fields if field.name in names)


class Collector(Walker):
    """Collects the references of one statement, or of several that belong together.

    `hard` says what is added from now on; a reference that is found hard once is hard.
    """

    def __init__(self, *, hard: bool = True) -> None:
        super().__init__()
        self.hard = hard
        self._found: dict[_Key, tuple[bool, bool]] = {}
        self._ctes: list[str] = []
        self._levels: list[list[tuple[str, Parts, _Key]]] = []  # per query: alias, name, what it stands for

    @property
    def references(self) -> tuple[Reference, ...]:
        """All that was found, in the order of first sight."""
        return tuple(
            Reference(kind, name, hard, star, arguments)
            for (kind, name, arguments), (hard, star) in self._found.items()
        )

    def add(
        self,
        kind: RefKind,
        name: Parts,
        *,
        star: bool = False,
        arguments: tuple[TypeName, ...] | None = None,
        hard: bool | None = None,
    ) -> _Key:
        """Note one reference. What is in `pg_catalog` is never ours, and not noted."""
        key = (kind, name, arguments)
        if not name or (name[0] == SYSTEM and len(name) > 1):
            return key
        was_hard, was_star = self._found.get(key, (False, False))
        self._found[key] = (was_hard or (self.hard if hard is None else hard), was_star or star)
        return key

    def add_type(self, type_: TypeName) -> None:
        """Note a type, or for `table.column%TYPE` the table."""
        if type_.relative:
            self.add(RefKind.RELATION, type_.parts[:-1][-2:])
        else:
            self.add(RefKind.TYPE, type_.parts[-2:])

    # -- queries and their scopes -------------------------------------------------------------------

    def _on_select_stmt(self, query: Tree) -> None:
        depth = len(self._ctes)
        if query.HasField("with_clause"):
            self._on_with_clause(query.with_clause)
        if query.op > pb.SETOP_NONE:
            self._on_select_stmt(query.larg)
            self._on_select_stmt(query.rarg)
        self._levels.append([])
        self._from(query.from_clause)
        self.descend(query, _done_first())
        self._levels.pop()
        del self._ctes[depth:]

    def _on_with_clause(self, clause: Tree) -> None:
        """Each name is seen by what follows it, and with RECURSIVE by all."""
        if clause.recursive:
            self._ctes += [node.common_table_expr.ctename for node in clause.ctes]
        for node in clause.ctes:
            self.visit(node.common_table_expr.ctequery)
            if not clause.recursive:
                self._ctes.append(node.common_table_expr.ctename)

    def _from(self, items: Iterable[Tree]) -> None:
        for item in items:
            kind, inner = unwrap(item)
            match kind:
                case "range_var":
                    self._from_relation(inner)
                case "join_expr":
                    self._from_join(inner)
                case "range_function":
                    self._from_function(inner)
                case "range_subselect":
                    self.visit(inner.subquery)
                    self._scope(inner.alias.aliasname, (), None)
                case "range_table_sample":
                    self._from([inner.relation])
                    self.add(RefKind.ROUTINE, parts(inner.method))
                    self.visit_all(inner.args)
                case _:  # XMLTABLE, JSON_TABLE
                    self.visit(item)
                    self._scope(inner.alias.aliasname, (), None)

    def _scope(self, alias: str, name: Parts, key: _Key | None) -> None:
        self._levels[-1].append((alias, name, key or (RefKind.RELATION, (), None)))

    def _from_relation(self, relation: Tree) -> None:
        name = relation_parts(relation)
        alias = relation.alias.aliasname if relation.HasField("alias") else relation.relname
        if len(name) == 1 and name[0] in self._ctes:
            self._scope(alias, (), None)
        else:
            self._scope(alias, name, self.add(RefKind.RELATION, name))

    def _from_join(self, join: Tree) -> None:
        level = self._levels[-1]
        first = len(level)
        self._from((join.larg, join.rarg))
        inside = level[first:]
        if join.is_natural:
            self._star(inside)
        if join.HasField("quals"):
            self.visit(join.quals)
        if join.HasField("alias"):
            level += [(join.alias.aliasname, (), key) for _, _, key in inside]

    def _from_function(self, item: Tree) -> None:
        for function in item.functions:
            call = function.list.items[0] if function.HasField("list") else function
            key = None
            if call.HasField("func_call"):
                key = self._on_func_call(call.func_call)
            else:
                self.visit(call)
            self._scope(item.alias.aliasname or (key[1][-1] if key and key[1] else ""), (), key)
            for definition in function.list.items[1:]:
                self.visit(definition)
        self.visit_all(item.coldeflist)

    def _star(self, entries: Iterable[tuple[str, Parts, _Key]]) -> None:
        for _, _, (kind, name, arguments) in entries:
            if name:
                self.add(kind, name, star=True, arguments=arguments)

    def _on_column_ref(self, column: Tree) -> None:
        """`*`, `t.*` and `t` alone read whole rows; single columns are no references."""
        fields = column.fields
        if len(fields) == 1:
            if fields[0].HasField("a_star"):
                if self._levels:
                    self._star(self._levels[-1])
            else:
                self._whole_row((fields[0].string.sval,))
        elif fields[-1].HasField("a_star"):
            self._whole_row(strings(list(fields)[:-1])[-2:])

    def _whole_row(self, name: Parts) -> None:
        for level in reversed(self._levels):
            entries = [e for e in level if (e[0] == name[-1] if len(name) == 1 else e[1] == name)]
            if entries:
                self._star(entries)
                return

    # -- statements that change data ----------------------------------------------------------------

    def _on_insert_stmt(self, statement: Tree) -> None:
        self._change(statement, star=not statement.cols, aliases=("excluded",))

    def _on_update_stmt(self, statement: Tree) -> None:
        self._change(statement, statement.from_clause)

    def _on_delete_stmt(self, statement: Tree) -> None:
        self._change(statement, statement.using_clause)

    def _on_merge_stmt(self, statement: Tree) -> None:
        self._change(statement, (statement.source_relation,))

    def _change(
        self, statement: Tree, sources: Iterable[Tree] = (), *, star: bool = False, aliases: tuple[str, ...] = ()
    ) -> None:
        depth = len(self._ctes)
        if statement.HasField("with_clause"):
            self._on_with_clause(statement.with_clause)
        self._levels.append([])
        relation = statement.relation
        name = relation_parts(relation)  # never a CTE
        key = self.add(RefKind.RELATION, name, star=star)
        self._scope(relation.alias.aliasname if relation.HasField("alias") else relation.relname, name, key)
        for alias in aliases:
            self._scope(alias, (), None)
        self._from(sources)
        self.descend(statement, _done_first())
        self._levels.pop()
        del self._ctes[depth:]

    # -- names --------------------------------------------------------------------------------------

    def _on_range_var(self, relation: Tree) -> None:
        """A relation outside of FROM is never a CTE."""
        self.add(RefKind.RELATION, relation_parts(relation))

    def _on_func_call(self, call: Tree) -> _Key:
        name = parts(call.funcname)
        key = self.add(RefKind.ROUTINE, name)
        constants.in_call(self, name, call.args)
        self.descend(call)
        return key

    def _on_type_name(self, tree: Tree) -> None:
        names = tree.names
        if len(names) > 1 and names[0].string.sval == SYSTEM:
            return
        if tree.pct_type:
            self.add(RefKind.RELATION, strings(names)[:-1][-2:])
        else:
            self.add(RefKind.TYPE, parts(names))

    def _on_type_cast(self, cast: Tree) -> None:
        self._on_type_name(cast.type_name)
        if cast.arg.HasField("a_const"):
            constants.in_cast(self, cast)
        else:
            self.visit(cast.arg)
        constant = cast.arg.a_const
        if not (constant.HasField("sval") or constant.isnull):  # a string is read by the input function of the type
            self._cast_to(cast.type_name)

    def _cast_to(self, tree: Tree) -> None:
        """Note that some cast to a type is used: which one, only the server knows; a built-in type may have ours."""
        wanted = replace(type_name(tree), modifiers="")
        self.add(RefKind.CAST, wanted.parts[-1:], arguments=(wanted,), hard=False)

    def _on_a_expr(self, operation: Tree) -> None:
        if operation.kind in _BETWEEN:
            self.add(RefKind.OPERATOR, (">=",))
            self.add(RefKind.OPERATOR, ("<=",))
        else:
            self.add(RefKind.OPERATOR, parts(operation.name))
        self.visit(operation.lexpr)
        self.visit(operation.rexpr)

    def _on_sub_link(self, link: Tree) -> None:
        if link.oper_name:
            self.add(RefKind.OPERATOR, parts(link.oper_name))
        self.descend(link)

    def _on_sort_by(self, sort: Tree) -> None:
        if sort.use_op:
            self.add(RefKind.OPERATOR, parts(sort.use_op))
        self.visit(sort.node)

    def _on_collate_clause(self, clause: Tree) -> None:
        self.add(RefKind.COLLATION, parts(clause.collname))
        if clause.HasField("arg"):
            self.visit(clause.arg)

    def _on_index_elem(self, element: Tree) -> None:
        """A column or expression of an index, a partition key, ON CONFLICT …"""
        if element.collation:
            self.add(RefKind.COLLATION, parts(element.collation))
        if element.opclass:
            self.add(RefKind.OPERATOR_CLASS, parts(element.opclass))
        if element.HasField("expr"):
            self.visit(element.expr)

    _on_partition_elem = _on_index_elem

    def _on_constraint(self, constraint: Tree) -> None:
        for exclusion in constraint.exclusions:  # pairs of an index element and its operator
            _, operator = exclusion.list.items
            self.add(RefKind.OPERATOR, parts(operator.list.items))
        self.descend(constraint)

    def _on_list(self, items: Tree) -> None:
        self.visit_all(items.items)

    def _on_create_trig_stmt(self, trigger: Tree) -> None:
        self.add(RefKind.ROUTINE, parts(trigger.funcname), arguments=())
        self.descend(trigger)

    def _on_object_with_args(self, routine: Tree) -> None:
        """Only its types: whether it is a routine or an operator, the statement around it knows."""
        self.descend(routine)


def references_of(*trees: Tree, hard: bool = True) -> tuple[Reference, ...]:
    """Return what messages of a tree refer to."""
    collector = Collector(hard=hard)
    for tree in trees:
        collector.message(tree)
    return collector.references
