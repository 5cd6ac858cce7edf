"""Finds the names that a statement uses, by walking its tree with the scopes of SQL (rule 2.1).

Every message of the tree is looked at once. What matters is handled by the method that bears the name of the node
(`on_func_call`); everything else is only passed through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import cache
from typing import Any

from pgmg.model.source import Parts, Reference, RefKind, TypeName
from pgmg.source import constants
from pgmg.source.grammar import SYSTEM, Tree, parts, pb, relation_parts, strings, type_name, unwrap

_Key = tuple[RefKind, Parts, tuple[TypeName, ...] | None]


_Handler = Callable[["Collector", Tree], object]


class _Shape(IntEnum):
    SKIP = 0  # numbers, strings, flags
    NODE = 1
    NODES = 2
    MESSAGE = 3


# What statements make or change themselves, and lists of names that are no references by their mere presence.
_OWN = {
    "CreateStmt": ("relation",),
    "CreateSeqStmt": ("sequence", "options"),
    "AlterSeqStmt": ("sequence", "options"),
    "ViewStmt": ("view",),
    "IntoClause": ("rel",),
    "CompositeTypeStmt": ("typevar",),
    "AlterTableStmt": ("relation",),
    "RenameStmt": ("relation", "object"),
    "AlterObjectSchemaStmt": ("relation", "object"),
    "AlterOwnerStmt": ("relation", "object"),
    "DropStmt": ("objects",),
    "AlterFunctionStmt": ("func",),
    "AlterPolicyStmt": ("table",),
    "LockingClause": ("locked_rels",),
    "ReindexStmt": ("relation",),
    "VacuumStmt": ("rels",),
    "ClusterStmt": ("relation",),
    "TriggerTransition": (),
}
_SILENT = frozenset(
    {"a_star", "param_ref", "integer", "float", "boolean", "string", "bit_string", "role_spec", "transaction_stmt"}
    | {"variable_set_stmt", "set_to_default", "a_const", "sqlvalue_function", "notify_stmt", "listen_stmt"}
)
_BETWEEN = frozenset({pb.AEXPR_BETWEEN, pb.AEXPR_NOT_BETWEEN, pb.AEXPR_BETWEEN_SYM, pb.AEXPR_NOT_BETWEEN_SYM})


@cache
def _shapes() -> dict[Any, _Shape]:
    """Tell for every field of every message whether to look inside."""
    shapes: dict[Any, _Shape] = {}
    for message in pb.DESCRIPTOR.message_types_by_name.values():
        own = _OWN.get(message.name, ())
        for field in message.fields:
            inner = field.message_type
            if inner is None or field.name in own:
                shapes[field] = _Shape.SKIP
            elif inner.name == "Node":
                shapes[field] = _Shape.NODES if field.is_repeated else _Shape.NODE
            else:
                shapes[field] = _Shape.SKIP if field.is_repeated else _Shape.MESSAGE
    return shapes


class Collector:
    """Collects the references of one statement, or of several that belong together.

    `hard` says what is added from now on; a reference that is found hard once is hard.
    """

    def __init__(self, *, hard: bool = True) -> None:
        self.hard = hard
        self._found: dict[_Key, tuple[bool, bool]] = {}
        self._ctes: list[str] = []
        self._levels: list[list[tuple[str, Parts, _Key]]] = []  # per query: alias, name, what it stands for
        self._shapes = _shapes()
        self._handlers = _handlers()
        self._messages = _message_handlers()

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
        if not name or name[0] == SYSTEM and len(name) > 1:
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

    # -- walking ------------------------------------------------------------------------------------

    def visit(self, node: Tree) -> None:
        """Look at a `Node`."""
        for field, inner in node.ListFields():
            handler = self._handlers[field]
            if handler is not None:
                handler(self, inner)

    def visit_all(self, nodes: Iterable[Tree]) -> None:
        """Look at a list of nodes."""
        for node in nodes:
            self.visit(node)

    def descend(self, message: Tree) -> None:
        """Look at everything in a message."""
        shapes, handlers = self._shapes, self._handlers
        for field, value in message.ListFields():
            shape = shapes[field]
            if shape is _Shape.SKIP:
                continue
            if shape is _Shape.NODES:
                for node in value:
                    for kind, inner in node.ListFields():
                        handler = handlers[kind]
                        if handler is not None:
                            handler(self, inner)
            elif shape is _Shape.NODE:
                self.visit(value)
            else:
                self.message(value)

    def message(self, message: Tree) -> None:
        """Look at a message that stands in no `Node`."""
        self._messages.get(message.DESCRIPTOR.name, Collector.descend)(self, message)

    # -- queries and their scopes -------------------------------------------------------------------

    def on_select_stmt(self, query: Tree) -> None:
        depth = len(self._ctes)
        if query.HasField("with_clause"):
            self.on_with_clause(query.with_clause)
        if query.op > pb.SETOP_NONE:
            self.on_select_stmt(query.larg)
            self.on_select_stmt(query.rarg)
        self._levels.append([])
        self._from(query.from_clause)
        for field, value in query.ListFields():
            if field.name in _QUERY_REST:
                if field.is_repeated:
                    self.visit_all(value)
                else:
                    self.visit(value)
        self._levels.pop()
        del self._ctes[depth:]

    def on_with_clause(self, clause: Tree) -> None:
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
                    self.visit_all(inner.args)
                case _:
                    self.visit(item)

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
                key = self.on_func_call(call.func_call)
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

    def on_column_ref(self, column: Tree) -> None:
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

    def on_insert_stmt(self, statement: Tree) -> None:
        self._change(statement, star=not statement.cols, aliases=("excluded",))

    def on_update_stmt(self, statement: Tree) -> None:
        self._change(statement, statement.from_clause)

    def on_delete_stmt(self, statement: Tree) -> None:
        self._change(statement, statement.using_clause)

    def on_merge_stmt(self, statement: Tree) -> None:
        self._change(statement, (statement.source_relation,))

    def _change(
        self, statement: Tree, sources: Iterable[Tree] = (), *, star: bool = False, aliases: tuple[str, ...] = ()
    ) -> None:
        depth = len(self._ctes)
        if statement.HasField("with_clause"):
            self.on_with_clause(statement.with_clause)
        self._levels.append([])
        relation = statement.relation
        name = relation_parts(relation)  # never a CTE
        key = self.add(RefKind.RELATION, name, star=star)
        self._scope(relation.alias.aliasname if relation.HasField("alias") else relation.relname, name, key)
        for alias in aliases:
            self._scope(alias, (), None)
        self._from(sources)
        for field, value in statement.ListFields():
            if field.name not in _CHANGE_DONE and self._shapes[field] is not _Shape.SKIP:
                if field.is_repeated:
                    self.visit_all(value)
                elif self._shapes[field] is _Shape.NODE:
                    self.visit(value)
                else:
                    self.message(value)
        self._levels.pop()
        del self._ctes[depth:]

    # -- names --------------------------------------------------------------------------------------

    def on_range_var(self, relation: Tree) -> None:
        """A relation outside of FROM is never a CTE."""
        self.add(RefKind.RELATION, relation_parts(relation))

    def on_func_call(self, call: Tree) -> _Key:
        name = parts(call.funcname)
        key = self.add(RefKind.ROUTINE, name)
        constants.in_call(self, name, call.args)
        self.descend(call)
        return key

    def on_type_name(self, tree: Tree) -> None:
        names = tree.names
        if len(names) > 1 and names[0].string.sval == SYSTEM:
            return
        if tree.pct_type:
            self.add(RefKind.RELATION, strings(names)[:-1][-2:])
        else:
            self.add(RefKind.TYPE, parts(names))

    def on_type_cast(self, cast: Tree) -> None:
        self.on_type_name(cast.type_name)
        if cast.arg.HasField("a_const"):
            constants.in_cast(self, cast)
        else:
            self.visit(cast.arg)

    def on_a_expr(self, operation: Tree) -> None:
        if operation.kind in _BETWEEN:
            self.add(RefKind.OPERATOR, (">=",))
            self.add(RefKind.OPERATOR, ("<=",))
        else:
            self.add(RefKind.OPERATOR, parts(operation.name))
        if operation.HasField("lexpr"):
            self.visit(operation.lexpr)
        if operation.HasField("rexpr"):
            self.visit(operation.rexpr)

    def on_sub_link(self, link: Tree) -> None:
        if link.oper_name:
            self.add(RefKind.OPERATOR, parts(link.oper_name))
        self.descend(link)

    def on_sort_by(self, sort: Tree) -> None:
        if sort.use_op:
            self.add(RefKind.OPERATOR, parts(sort.use_op))
        self.visit(sort.node)

    def on_collate_clause(self, clause: Tree) -> None:
        self.add(RefKind.COLLATION, parts(clause.collname))
        if clause.HasField("arg"):
            self.visit(clause.arg)

    def on_index_elem(self, element: Tree) -> None:
        """A column or expression of an index, a partition key, ON CONFLICT …"""
        if element.collation:
            self.add(RefKind.COLLATION, parts(element.collation))
        if element.opclass:
            self.add(RefKind.OPERATOR_CLASS, parts(element.opclass))
        if element.HasField("expr"):
            self.visit(element.expr)

    on_partition_elem = on_index_elem

    def on_constraint(self, constraint: Tree) -> None:
        for exclusion in constraint.exclusions:  # pairs of an index element and its operator
            _, operator = exclusion.list.items
            self.add(RefKind.OPERATOR, parts(operator.list.items))
        self.descend(constraint)

    def on_list(self, items: Tree) -> None:
        self.visit_all(items.items)

    def on_create_trig_stmt(self, trigger: Tree) -> None:
        self.add(RefKind.ROUTINE, parts(trigger.funcname), arguments=())
        self.descend(trigger)

    def on_object_with_args(self, routine: Tree) -> None:
        """Only its types: whether it is a routine or an operator, the statement around it knows."""
        self.descend(routine)


_QUERY_REST = frozenset(
    {"distinct_clause", "target_list", "where_clause", "group_clause", "having_clause", "window_clause"}
    | {"values_lists", "sort_clause", "limit_offset", "limit_count"}
)
_CHANGE_DONE = frozenset({"relation", "with_clause", "from_clause", "using_clause", "source_relation"})


@cache
def _handlers() -> dict[Any, _Handler | None]:
    """Give every field of `Node` its method; None where there is nothing to find."""
    return {
        field: None if field.name in _SILENT else getattr(Collector, f"on_{field.name}", Collector.descend)
        for field in pb.Node.DESCRIPTOR.fields
    }


@cache
def _message_handlers() -> dict[str, _Handler]:
    """Give every message that may stand outside of a `Node` its method."""
    return {
        field.message_type.name: handler
        for field in pb.Node.DESCRIPTOR.fields
        if (handler := getattr(Collector, f"on_{field.name}", None)) is not None
    }


def references_of(*trees: Tree, hard: bool = True) -> tuple[Reference, ...]:
    """Return what messages of a tree refer to."""
    collector = Collector(hard=hard)
    for tree in trees:
        collector.message(tree)
    return collector.references


def type_references(types: Iterable[Tree], collector: Collector) -> None:
    """Note the types of a list of `TypeName` messages."""
    for type_ in types:
        collector.add_type(type_name(type_))
