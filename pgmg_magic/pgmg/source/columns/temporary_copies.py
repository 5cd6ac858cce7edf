"""Writes declared objects as temporary ones, so that a question can be asked of them before they are applied."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import quote
from pgmg.model.naming.sql_tokens import Sort, Token, significant
from pgmg.model.sources.facts import RoutineFacts, ViewFacts
from pgmg.source.columns.body_renaming import rename_body
from pgmg.source.columns.renaming import RenamingError, rename
from pgmg.source.grammar.parser import parse, pb, unwrap
from pgmg.source.grammar.recursion import deep_recursion
from pgmg.source.grammar.tree_equality import same_tree
from pgmg.source.references.plpgsql import constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.sources.source import SourceObject
    from pgmg.source.columns.renaming import NewNames

_SCHEMA = "pg_temp"
_READ_AS_OWNER = frozenset({"security_invoker", "security_barrier"})
_INTRODUCED_BY = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE", "TYPE", "DOMAIN"})
_NAMES = {  # the field that holds the name of what a statement creates
    "create_function_stmt": "funcname",
    "define_stmt": "defnames",
    "create_enum_stmt": "type_name",
    "create_range_stmt": "type_name",
    "create_domain_stmt": "domainname",
}


@deep_recursion(lambda source, _name, _new_names: len(source.sql))
def temporary(source: SourceObject, name: str, new_names: NewNames) -> str:
    """Return the statement that creates a view, routine or type as a temporary object with this name.

    A materialized view becomes a view. Names of other temporary objects are replaced in it, and in the body of a
    routine in SQL or PL/pgSQL.

    Raises:
        GrammarError: the grammar does not accept the statement.
        RenamingError: a name cannot be replaced, or the kind of object cannot be temporary.
        TooDeepError: the statement is nested too deeply.
    """
    match source.facts:
        case ViewFacts() as view:
            return _view(view, name, new_names)
        case RoutineFacts() as routine:
            return _named(_with_body(rename(source.sql, new_names), routine, new_names), name)
        case _ if source.target.kind in (Kind.AGGREGATE, Kind.TYPE, Kind.DOMAIN):
            return _named(rename(source.sql, new_names), name)
        case _:
            raise RenamingError(f"a {source.target.kind.sql_keyword} cannot be created as a temporary object")


def _view(view: ViewFacts, name: str, new_names: NewNames) -> str:
    columns = f" ({', '.join(map(quote, view.columns))})" if view.columns else ""
    kept = ", ".join(f"{option} = {value}" for option, value in view.options if option in _READ_AS_OWNER)
    options = f" WITH ({kept})" if kept else ""
    return f"CREATE TEMPORARY VIEW {quote(name)}{columns}{options} AS\n{rename(view.query, new_names)}"


def _named(sql: str, name: str) -> str:
    """Return a statement that creates another name, in the schema of temporary objects."""
    tokens = list(significant(sql))
    first = next(n for n, token in enumerate(tokens) if token.word in _INTRODUCED_BY) + 1
    last = first
    while tokens[last + 1].text == ".":
        last += 2
    made = f"{sql[: tokens[first].start]}{_SCHEMA}.{quote(name)}{sql[tokens[last].end :]}"
    wanted = parse(sql)
    kind, tree = unwrap(wanted.stmts[0].stmt)
    new = (_SCHEMA, name)
    if kind == "composite_type_stmt":
        tree.typevar.catalogname, tree.typevar.schemaname, tree.typevar.relname = "", *new
        tree.typevar.relpersistence = "p"
    else:
        field = getattr(tree, _NAMES[kind])
        del field[:]
        field.extend([pb.Node(string=pb.String(sval=part)) for part in new])
    if not same_tree(parse(made), wanted):
        raise RenamingError("the statement with another name would be read differently")
    return made


def _with_body(sql: str, routine: RoutineFacts, new_names: NewNames) -> str:
    """Return the statement with names replaced in its body, if that is a string."""
    if routine.body is None:
        return sql
    body = rename_body(routine.language, routine.body, new_names)
    if body == routine.body:
        return sql
    string = _body_string(list(significant(sql)), routine.body)
    tag = "$pgmg$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"{sql[: string.start]}{tag}{body}{tag}{sql[string.end :]}"


def _body_string(tokens: Sequence[Token], body: str) -> Token:
    """Return the string constant that is the body."""
    found = [
        token
        for before, token in itertools.pairwise(tokens)
        if before.word == "AS" and token.sort is Sort.STRING and constant(token.text) == body
    ]
    if len(found) != 1:
        raise RenamingError("its body is written in a way that cannot be replaced")
    return found[0]
