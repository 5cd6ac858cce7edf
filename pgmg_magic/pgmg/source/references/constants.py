"""Reads names out of string constants that the server resolves: `'app.t'::regclass`, `nextval('s')` (rule 2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.sources.source import Parts, RefKind
from pgmg.source.grammar.lexer import Sort, significant
from pgmg.source.grammar.parser import SYSTEM, GrammarError, Tree, arguments, parse, parts, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.source.references.scopes import Collector

_CASTS = {
    "regclass": RefKind.RELATION,
    "regproc": RefKind.ROUTINE,
    "regprocedure": RefKind.ROUTINE,
    "regtype": RefKind.TYPE,
    "regoper": RefKind.OPERATOR,
    "regoperator": RefKind.OPERATOR,
    "regcollation": RefKind.COLLATION,
    "regconfig": RefKind.TEXT_SEARCH,
    "regdictionary": RefKind.TEXT_SEARCH,
    "regnamespace": RefKind.SCHEMA,
}
# Functions whose first argument, given as a plain constant, is a relation that the server looks up and records.
_OF_RELATIONS = frozenset(
    {"nextval", "currval", "setval", "pg_relation_size", "pg_table_size", "pg_total_relation_size", "pg_indexes_size"}
    | {"pg_get_viewdef", "pg_get_indexdef", "pg_sequence_last_value", "pg_relation_filepath"}
)
# … and of text search: looked up, but which of their forms is meant depends on the other arguments.
_OF_TEXT_SEARCH = frozenset(
    {"to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"}
    | {"ts_headline", "ts_lexize", "json_to_tsvector", "jsonb_to_tsvector", "ts_debug"}
)


def in_cast(collector: Collector, cast: Tree) -> None:
    """Note what a constant that is cast to one of the `reg…` types names."""
    names = strings(cast.type_name.names)
    kind = _CASTS.get(names[-1])
    if kind is None or (len(names) > 1 and names[0] != SYSTEM) or not cast.arg.a_const.HasField("sval"):
        return
    text = cast.arg.a_const.sval.sval
    if names[-1] in ("regprocedure", "regoperator"):
        _typed(collector, kind, text)
    elif names[-1] == "regtype":
        _type(collector, text)
    elif names[-1] == "regoper":
        collector.add(kind, tuple(text.rsplit(".", 1)))
    else:
        collector.add(kind, identifiers(text))


def in_call(collector: Collector, name: Parts, args: Sequence[Tree]) -> None:
    """Note what the constant first argument of a known function names."""
    if (len(name) > 1 and name[0] != SYSTEM) or not args:
        return
    function = name[-1]
    if function in _OF_RELATIONS:
        kind, hard = RefKind.RELATION, None
    elif function == "to_regclass":
        kind, hard = RefKind.RELATION, False
    elif function in _OF_TEXT_SEARCH and len(args) > 1:
        kind, hard = RefKind.TEXT_SEARCH, False
    else:
        return
    if args[0].HasField("a_const") and args[0].a_const.HasField("sval"):
        collector.add(kind, identifiers(args[0].a_const.sval.sval), hard=hard)


def identifiers(text: str) -> Parts:
    """Split a qualified name as the server's input functions do; empty where it is none."""
    found: list[str] = []
    for n, token in enumerate(significant(text)):
        if n % 2:
            if token.text != ".":
                return ()
        elif token.sort is Sort.WORD:
            found.append(token.text.lower())
        elif token.sort is Sort.QUOTED and len(token.text) > 1:
            found.append(token.text[1:-1].replace('""', '"'))
        else:
            return ()
    return tuple(found)[-2:]


def _typed(collector: Collector, kind: RefKind, text: str) -> None:
    word = "FUNCTION" if kind is RefKind.ROUTINE else "OPERATOR"
    try:
        statement = parse(f"DROP {word} {text}").stmts[0].stmt.drop_stmt
    except GrammarError:
        return
    for node in statement.objects:
        routine = node.object_with_args
        collector.add(kind, parts(routine.objname), arguments=arguments(routine))
        collector.descend(routine)


def _type(collector: Collector, text: str) -> None:
    try:
        select = parse(f"SELECT NULL::{text}").stmts[0].stmt.select_stmt
    except GrammarError:
        return
    collector.visit_all(select.target_list)
