"""Rewrites a declaration so that it creates a stand-in in `pg_temp`, of which the server can be asked the wording."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pgmg.model.naming.quoting import quote
from pgmg.model.naming.sql_tokens import Token, significant
from pgmg.model.sources.stand_in import StandIn
from pgmg.source.grammar.lexer import pieces
from pgmg.source.grammar.parser import GrammarError, Tree, parse, pb, strings, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length
from pgmg.source.grammar.tree_equality import same_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgmg.model.sources.source import Parts

_SCHEMA = "pg_temp"
_ON_RELATIONS = {
    "rule_stmt": "relation",
    "create_policy_stmt": "table",
    "create_trig_stmt": "relation",
    "index_stmt": "relation",
    "alter_table_stmt": "relation",
}
"""Statements about objects on a relation, with the field that names the relation."""
_IN_SCHEMAS = {
    "create_domain_stmt": "domainname",
    "create_function_stmt": "funcname",
    "define_stmt": "defnames",
    "create_range_stmt": "type_name",
    "alter_tsconfiguration_stmt": "cfgname",
    "create_stats_stmt": "defnames",
}
"""Statements about objects with a schema of their own, with the field that names the object."""


def stand_in(sql: str) -> StandIn | None:
    """Return the statements that create a stand-in of the same name; None where there can be none.

    `sql` declares one object: its CREATE statement, and the statements that add to it.
    """
    try:
        return _stand_in(sql)
    except (GrammarError, TooDeepError):
        return None


@deep_recursion(length)
def _stand_in(sql: str) -> StandIn | None:
    statements: list[str] = []
    relation: str | None = None
    for piece in pieces(sql):
        text = sql[piece.start : piece.end]
        kind, tree = unwrap(parse(text).stmts[0].stmt)
        about = _relation(kind, tree)
        if about is not None:
            parts = tuple(filter(None, (about.schemaname, about.relname)))
            relation = ".".join(map(quote, parts))
            text = _moved(text, parts, _move_relation)
        if kind in _IN_SCHEMAS:
            text = _moved(text, strings(getattr(tree, _IN_SCHEMAS[kind])), _move_object)
        elif about is None:
            return None
        statements.append(text)
    return StandIn(tuple(statements), relation)


def _relation(kind: str, tree: Tree) -> Tree | None:
    if kind == "create_stats_stmt":
        return tree.relations[0].range_var
    return getattr(tree, _ON_RELATIONS[kind]) if kind in _ON_RELATIONS else None


def _move_relation(kind: str, tree: Tree) -> None:
    relation = _relation(kind, tree)
    assert relation is not None
    relation.schemaname, relation.catalogname = _SCHEMA, ""


def _move_object(kind: str, tree: Tree) -> None:
    name = getattr(tree, _IN_SCHEMAS[kind])
    last = strings(name)[-1]
    del name[:]
    name.extend([pb.Node(string=pb.String(sval=part)) for part in (_SCHEMA, last)])


def _moved(sql: str, parts: Parts, move: Callable[[str, Tree], None]) -> str:
    """Return the statement with a name moved to `pg_temp`; all else stays as its author wrote it.

    Raises:
        GrammarError: no place in the text is that of the name.
    """
    wanted = parse(sql)
    move(*unwrap(wanted.stmts[0].stmt))
    for start, end in _places(list(significant(sql)), parts):
        moved = f"{sql[:start]}{_SCHEMA}.{quote(parts[-1])}{sql[end:]}"
        with suppress(GrammarError):
            if same_tree(parse(moved), wanted):
                return moved
    raise GrammarError("the name is written in a way that cannot be replaced", None)


def _places(tokens: Sequence[Token], parts: Parts) -> Iterator[tuple[int, int]]:
    """Yield where a text has these names with dots between them."""
    size = 2 * len(parts) - 1
    for first in range(len(tokens) - size + 1):
        found = tokens[first : first + size]
        dotted = all(token.text == "." for token in found[1::2])
        if dotted and all(_name(token) == part for token, part in zip(found[::2], parts, strict=True)):
            yield found[0].start, found[-1].end


def _name(token: Token) -> str:
    text = token.text
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()
