"""Finds the relations, columns, routines and types that a statement of a client uses, with PostgreSQL's grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.sources.source import RefKind
from pgmg.source.columns.scope_walker import QueryScope, QueryScopes, ScopeWalker
from pgmg.source.grammar.parser import SYSTEM, GrammarError, Tree, parse, pb, relation_parts, strings, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

if TYPE_CHECKING:
    from pgmg.model.sources.source import Parts
    from pgmg.source.columns.scope_walker import ScopeEntry, Shapes

WHOLE = "*"
"""Stands for all columns, as `*` and a row alone read them."""
_USING = frozenset(
    {
        "call_stmt",
        "copy_stmt",
        "create_table_as_stmt",
        "declare_cursor_stmt",
        "delete_stmt",
        "insert_stmt",
        "lock_stmt",
        "merge_stmt",
        "prepare_stmt",
        "select_stmt",
        "truncate_stmt",
        "update_stmt",
    }
)
"""Statements that use what there is; all others define something, or concern the session."""
_PARAMETER = re.compile(r"(?<![\w$])\$\d+")


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name in a statement: of a relation, alone or with one of its columns (`*`: all), of a routine, of a type.

    `arguments` is how many a call has. Where not `is_certain`, the column may be that of something else in FROM.
    """

    kind: RefKind
    parts: Parts
    column: str | None = None
    arguments: int | None = None
    is_certain: bool = True


def used_names(sql: str, shapes: Shapes) -> tuple[NameUse, ...] | None:
    """Return what statements use; None where the text cannot be read, as one that is cut off.

    `shapes` tells the columns of relations. Parameters may stand where the grammar wants a constant, as the server
    writes them into `pg_stat_statements` (`interval $1`). Statements that define objects use nothing.
    """
    for text in dict.fromkeys((sql, _PARAMETER.sub("'1'", sql))):
        try:
            return _used(text, shapes)
        except (GrammarError, TooDeepError):
            continue
    return None


@deep_recursion(lambda sql, _: length(sql))
def _used(sql: str, shapes: Shapes) -> tuple[NameUse, ...]:
    reader = _UseReader(shapes)
    for raw in parse(sql).stmts:
        kind, statement = unwrap(raw.stmt)
        if kind in _USING and not (kind == "create_table_as_stmt" and statement.objtype == pb.OBJECT_MATVIEW):
            reader.read(raw.stmt, ())
    return tuple(reader.found)


class _UseReader(ScopeWalker):
    def __init__(self, shapes: Shapes) -> None:
        super().__init__(shapes)
        self.found: dict[NameUse, None] = {}

    def _add(self, entry: ScopeEntry, column: str, *, is_certain: bool = True) -> None:
        if entry.is_renamed and column != WHOLE:
            column, is_certain = WHOLE, False  # one of them
        if entry.parts:
            self.found[NameUse(RefKind.RELATION, entry.parts, column, is_certain=is_certain)] = None

    def read(self, message: Tree, scopes: QueryScopes) -> None:
        if message.DESCRIPTOR.name == "SortBy" and scopes and _bare_name(message.node) in scopes[0].outputs:
            return  # ORDER BY takes a column of the result before one of FROM
        super().read(message, scopes)

    def relation(self, relation: Tree) -> None:
        self.found[NameUse(RefKind.RELATION, relation_parts(relation))] = None

    def target(self, target: Tree, relation: Tree) -> None:
        self.found[NameUse(RefKind.RELATION, relation_parts(relation), target.name)] = None

    def other(self, name: str, message: Tree, scopes: QueryScopes, /) -> None:
        match name:
            case "FuncCall":
                parts = strings(message.funcname)[-2:]
                self.found[NameUse(RefKind.ROUTINE, parts, arguments=len(message.args))] = None
            case "TypeName" if message.names and message.names[0].string.sval != SYSTEM:
                self.found[NameUse(RefKind.TYPE, strings(message.names)[-2:])] = None
            case "InsertStmt" if not message.cols:
                self._add(scopes[0].entries[0], WHOLE)
            case "IndexElem" if message.name and scopes and scopes[0].entries:  # ON CONFLICT (…)
                self._add(scopes[0].entries[0], message.name)
            case "JoinExpr" if scopes:
                self._join(message, scopes[0])
            case "CopyStmt" if message.HasField("relation"):
                for column in strings(message.attlist) or (WHOLE,):
                    self.found[NameUse(RefKind.RELATION, relation_parts(message.relation), column)] = None
            case _:
                pass

    def _join(self, join: Tree, scope: QueryScope) -> None:
        for entry in scope.entries:
            if join.is_natural:
                self._add(entry, WHOLE, is_certain=False)
            for column in strings(join.using_clause):
                if entry.shape is None or entry.shape.columns is None or column in entry.shape.columns:
                    self._add(entry, column)

    def column(self, reference: Tree, scopes: QueryScopes) -> None:
        *qualifier, last = reference.fields
        alias = qualifier[-1].string.sval if qualifier else None
        if last.HasField("a_star"):
            self._star(alias, scopes)
        elif alias is None:
            self._bare(last.string.sval, scopes)
        else:
            for entry in _called(alias, scopes):
                self._add(entry, last.string.sval)

    def _star(self, alias: str | None, scopes: QueryScopes) -> None:
        entries = _called(alias, scopes) if alias is not None else scopes[0].entries if scopes else ()
        for entry in entries:
            self._add(entry, WHOLE)

    def _bare(self, name: str, scopes: QueryScopes) -> None:
        """Find whose column a name is: of the innermost query that has one; a row, where nothing has a column so."""
        is_certain = True
        for scope in scopes:
            owners = [e for e in scope.entries if e.shape is not None and name in (e.shape.columns or ())]
            for entry in owners:
                self._add(entry, name, is_certain=is_certain and len(owners) == 1)
            if owners:
                return
            unknown = [e for e in scope.entries if e.shape is None or e.shape.columns is None]
            for entry in unknown:
                self._add(entry, name, is_certain=False)
            is_certain = is_certain and not unknown
        for entry in _called(name, scopes):
            self._add(entry, WHOLE)


def _called(alias: str, scopes: QueryScopes) -> tuple[ScopeEntry, ...]:
    """Return what an alias means: the innermost query that has it decides."""
    found = (tuple(entry for entry in scope.entries if entry.alias == alias) for scope in scopes)
    return next(filter(None, found), ())


def _bare_name(node: Tree) -> str | None:
    kind, tree = unwrap(node)
    if kind != "column_ref" or len(tree.fields) > 1 or not tree.fields[0].HasField("string"):
        return None
    return str(tree.fields[0].string.sval)
