"""Reads which privileges on rows and routines a statement cannot do without (manual, chapter 5.8).

Only what the server checks in any case is read: a part that it may fold away, such as a branch of CASE, needs nothing
for certain. So what is found is missing for sure if the role does not have it; more may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.grammar.parser import GrammarError, Tree, parse, pb, relation_parts, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pgmg.model.sources.source import Parts

ALL_COLUMNS = "*"


@dataclass(frozen=True, slots=True)
class RowAccess:
    """A privilege on a relation: on `columns`, on all of them (`*`), or, without any, on at least one of them."""

    relation: Parts
    privilege: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutineCall:
    """EXECUTE of a routine. `certain`: also of a strict one, as no argument can be null before it is called."""

    routine: Parts
    certain: bool


Access = RowAccess | RoutineCall


def accesses_of(sql: str) -> tuple[Access, ...]:
    """Return what one statement needs in any case; nothing for one that does not parse or is not about rows."""
    try:
        found = [access for raw in parse(sql).stmts for access in _Reader().of_statement(raw.stmt)]
    except (GrammarError, RecursionError):
        return ()
    return tuple(dict.fromkeys(found))


_CTES = ("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")
_ACTIONS = {pb.CMD_INSERT: "INSERT", pb.CMD_UPDATE: "UPDATE", pb.CMD_DELETE: "DELETE"}
_PSEUDO = frozenset({"excluded", "old", "new"})


class _Reader:
    """Reads one statement; `_ctes` are all names that WITH gives anywhere in it."""

    def __init__(self) -> None:
        self._ctes: set[str] = set()

    def of_statement(self, node: Tree) -> Iterator[Access]:
        self._ctes = {query.ctename for query in _messages(node, "CommonTableExpr")}
        yield from self._of_node(node)

    def _of_node(self, node: Tree) -> Iterator[Access]:
        kind, tree = unwrap(node)
        if kind in _CTES:
            yield from self._with(tree)
        reader: Callable[[Tree], Iterator[Access]] | None = {
            "select_stmt": self._select,
            "insert_stmt": self._insert,
            "update_stmt": self._update,
            "delete_stmt": self._delete,
            "merge_stmt": self._merge,
            "truncate_stmt": self._truncate,
            "copy_stmt": self._copy,
            "call_stmt": self._call,
        }.get(kind)
        if reader is not None:
            yield from reader(tree)

    def _with(self, tree: Tree) -> Iterator[Access]:
        """A query of WITH that changes rows runs in any case, one that nobody refers to not at all."""
        for node in tree.with_clause.ctes:
            query = node.common_table_expr.ctequery
            if unwrap(query)[0] != "select_stmt":
                yield from self._of_node(query)

    # -- statements -------------------------------------------------------------------------------------------

    def _select(self, tree: Tree) -> Iterator[Access]:
        yield from self._query(tree)
        if tree.op == pb.SETOP_NONE:
            for target in tree.target_list:
                yield from self._calls(target.res_target.val)

    def _insert(self, tree: Tree) -> Iterator[Access]:
        name = self._relation(tree.relation)
        if name is None:
            return
        target = _Target(name, tree.relation.alias.aliasname or tree.relation.relname)
        yield RowAccess(name, "INSERT", tuple(node.res_target.name for node in tree.cols))
        if unwrap(tree.select_stmt)[0] == "select_stmt":
            query = tree.select_stmt.select_stmt
            yield from self._with(query)
            yield from self._query(query)
            if query.op == pb.SETOP_NONE:
                values = [item for row in query.values_lists for item in row.list.items]
                for value in (*values, *(node.res_target.val for node in query.target_list)):
                    yield from self._calls(value)
        conflict = tree.on_conflict_clause
        if tree.HasField("on_conflict_clause"):
            elements = [node.index_elem.name for node in conflict.infer.index_elems if node.index_elem.name]
            if elements:
                yield RowAccess(name, "SELECT", tuple(elements))
            if conflict.target_list:
                yield RowAccess(name, "UPDATE", tuple(node.res_target.name for node in conflict.target_list))
            yield from target.reads([*(n.res_target.val for n in conflict.target_list), conflict.where_clause])
        yield from target.reads(node.res_target.val for node in _returning(tree))

    def _update(self, tree: Tree) -> Iterator[Access]:
        name = self._relation(tree.relation)
        if name is None:
            return
        target = _Target(name, tree.relation.alias.aliasname or tree.relation.relname, alone=not tree.from_clause)
        yield RowAccess(name, "UPDATE", tuple(node.res_target.name for node in tree.target_list))
        yield from self._relations(tree.from_clause)
        for node in tree.target_list:
            yield from self._calls(node.res_target.val)
        expressions = [node.res_target.val for node in (*tree.target_list, *_returning(tree))]
        yield from target.reads([*expressions, tree.where_clause])
        yield from self._sublinks([*expressions, tree.where_clause])

    def _delete(self, tree: Tree) -> Iterator[Access]:
        name = self._relation(tree.relation)
        if name is None:
            return
        target = _Target(name, tree.relation.alias.aliasname or tree.relation.relname, alone=not tree.using_clause)
        yield RowAccess(name, "DELETE")
        yield from self._relations(tree.using_clause)
        expressions = [*(node.res_target.val for node in _returning(tree)), tree.where_clause]
        yield from target.reads(expressions)
        yield from self._sublinks(expressions)

    def _merge(self, tree: Tree) -> Iterator[Access]:
        name = self._relation(tree.relation)
        if name is None:
            return
        for node in tree.merge_when_clauses:
            clause = node.merge_when_clause
            columns = (
                () if clause.command_type == pb.CMD_DELETE else tuple(n.res_target.name for n in clause.target_list)
            )
            if (privilege := _ACTIONS.get(clause.command_type)) is not None:
                yield RowAccess(name, privilege, columns)
        yield from self._relations([tree.source_relation])

    def _truncate(self, tree: Tree) -> Iterator[Access]:
        for node in tree.relations:
            if (name := self._relation(node.range_var)) is not None:
                yield RowAccess(name, "TRUNCATE")

    def _copy(self, tree: Tree) -> Iterator[Access]:
        if tree.is_from and not tree.filename and not tree.is_program:
            name = self._relation(tree.relation)
            if name is not None:
                yield RowAccess(name, "INSERT", strings(tree.attlist))

    def _call(self, tree: Tree) -> Iterator[Access]:
        yield RoutineCall(strings(tree.funccall.funcname), certain=True)

    # -- queries ----------------------------------------------------------------------------------------------

    def _query(self, tree: Tree) -> Iterator[Access]:
        """Yield what a query reads: of the only relation of a plain one its columns, else something of each."""
        if tree.op != pb.SETOP_NONE:
            yield from self._query(tree.larg)
            yield from self._query(tree.rarg)
            return
        yield from self._relations(tree.from_clause)
        expressions = [*(node.res_target.val for node in tree.target_list), tree.where_clause, tree.having_clause]
        expressions += [item for row in tree.values_lists for item in row.list.items]
        yield from self._sublinks(expressions)
        only = tree.from_clause[0] if len(tree.from_clause) == 1 else None
        if only is None or not only.HasField("range_var"):
            return
        relation = only.range_var
        if (name := self._relation(relation)) is not None:
            yield from _Target(name, relation.alias.aliasname or relation.relname).reads(expressions)
            if any(not node.locking_clause.locked_rels for node in tree.locking_clause):
                yield RowAccess(name, "UPDATE")

    def _relations(self, nodes: Iterable[Tree]) -> Iterator[Access]:
        """Yield something of each relation in FROM."""
        for node in nodes:
            kind, tree = unwrap(node)
            match kind:
                case "range_var":
                    if (name := self._relation(tree)) is not None:
                        yield RowAccess(name, "SELECT")
                case "join_expr":
                    yield from self._relations([tree.larg, tree.rarg])
                case "range_subselect":
                    yield from self._with(tree.subquery.select_stmt)
                    yield from self._query(tree.subquery.select_stmt)
                case _:
                    pass

    def _sublinks(self, nodes: Iterable[Tree]) -> Iterator[Access]:
        """Yield what subqueries read that are neither in a condition nor beside a constant that may decide."""
        for node in nodes:
            kind, tree = unwrap(node)
            if kind == "sub_link":
                yield from self._query(tree.subselect.select_stmt)
                yield from self._sublinks([tree.testexpr])
            elif kind == "a_expr" and not any(_may_be_null(one) for one in (tree.lexpr, tree.rexpr)):
                yield from self._sublinks([tree.lexpr, tree.rexpr])
            elif kind == "bool_expr" and all(_is_open(arg) for arg in tree.args):
                yield from self._sublinks(tree.args)

    def _calls(self, node: Tree) -> Iterator[Access]:
        """Yield the routines that an expression calls at its top, whatever becomes of the arguments."""
        kind, tree = unwrap(node)
        if kind == "type_cast":
            yield from self._calls(tree.arg)
        elif kind == "a_expr" and tree.kind == pb.AEXPR_OP:
            for one, other in ((tree.lexpr, tree.rexpr), (tree.rexpr, tree.lexpr)):
                if not _may_be_null(other):
                    yield from self._calls(one)
        elif kind == "func_call":
            yield RoutineCall(strings(tree.funcname), certain=not any(_may_be_null(arg) for arg in tree.args))

    def _relation(self, tree: Tree) -> Parts | None:
        if not tree.relname or tree.catalogname or (not tree.schemaname and tree.relname in self._ctes):
            return None
        return relation_parts(tree)


class _Target:
    """The relation whose columns a statement reads; `alone`: an unqualified name can mean nothing else."""

    def __init__(self, name: Parts, alias: str, *, alone: bool = True) -> None:
        self._name, self._alias, self._alone = name, alias, alone

    def reads(self, nodes: Iterable[Tree]) -> Iterator[Access]:
        """Yield SELECT on the columns that expressions name, those in subqueries left aside."""
        found = [column for node in nodes for column in self._columns(node)]
        if ALL_COLUMNS in found:
            yield RowAccess(self._name, "SELECT", (ALL_COLUMNS,))
        elif found:
            yield RowAccess(self._name, "SELECT", tuple(dict.fromkeys(found)))

    def _columns(self, message: Tree) -> Iterator[str]:
        if message.DESCRIPTOR.name == "ColumnRef":
            yield from self._column([unwrap(field) for field in message.fields])
        elif message.DESCRIPTOR.name != "SubLink":
            for field, value in message.ListFields():
                if field.message_type is not None:
                    for inner in value if field.is_repeated else [value]:
                        yield from self._columns(inner)
        else:
            yield from self._columns(message.testexpr)

    def _column(self, fields: list[tuple[str, Tree]]) -> Iterator[str]:
        names = [ALL_COLUMNS if kind == "a_star" else tree.sval for kind, tree in fields]
        match names:
            case [name] if self._alone and name == self._alias:
                return  # a column of that name, or the whole row
            case [name] if self._alone:
                yield name
            case [alias, name] if alias == self._alias and alias not in _PSEUDO:
                yield name
            case _:
                return


def _returning(tree: Tree) -> list[Tree]:
    return list(tree.returning_clause.exprs)


def _messages(message: Tree, name: str) -> Iterator[Tree]:
    """Yield all messages of a type within one."""
    if message.DESCRIPTOR.name == name:
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from _messages(inner, name)


def _may_be_null(node: Tree) -> bool:
    """Say whether an expression may be known to be null before anything runs: all but constants and columns."""
    kind, tree = unwrap(node)
    if kind == "a_const":
        return bool(tree.isnull)
    return kind not in ("", "column_ref", "sub_link")


def _is_open(node: Tree) -> bool:
    """Say whether a condition cannot be known before anything runs: a subquery, or a comparison with a column."""
    kind, tree = unwrap(node)
    if kind == "sub_link":
        return True
    operands = [unwrap(one)[0] for one in (tree.lexpr, tree.rexpr)] if kind == "a_expr" else []
    return "column_ref" in operands and not any(_may_be_null(one) for one in (tree.lexpr, tree.rexpr))
