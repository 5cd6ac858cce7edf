"""Reads the statements inside a DO block, and says whether they are all that it may do to the schema."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Effect, ScopeKind
from pgmg.source.grammar.lexer import Sort, significant
from pgmg.source.grammar.offsets import Located
from pgmg.source.grammar.parser import option_text
from pgmg.source.grammar.statements import parse_text
from pgmg.source.kinds.base import option_nodes
from pgmg.source.migrations.alterations import alterations_of
from pgmg.source.migrations.statement_scopes import scopes_of
from pgmg.source.references.plpgsql import fragments

if TYPE_CHECKING:
    from pgmg.errors import SourceError
    from pgmg.model.sources.source import Alteration
    from pgmg.source.grammar.lexer import Token

_PRIVILEGES = frozenset({"GRANT", "REVOKE", "FOR", ",", "PRIVILEGES"})
"""The words before EXECUTE where it is a privilege."""
_AFTER_CONSTANT = frozenset({"INTO", "USING", "LOOP"})
_HIDES_MORE = frozenset(
    {
        "alter_extension_contents_stmt",
        "alter_extension_stmt",
        "call_stmt",
        "copy_stmt",
        "do_stmt",
        "execute_stmt",
        "variable_set_stmt",
    }
)
"""Statements that run others, that change what they do not name, or after which names mean other objects."""

_CONTAINERS = frozenset({Kind.EXTENSION, Kind.SCHEMA})
"""Kinds that take what they contain along when they are dropped, renamed or moved."""


@dataclass(frozen=True, slots=True)
class BlockReading:
    """The alterations in a block; not `is_complete` where it may do more: EXECUTE of an expression, CALL, DO."""

    alterations: tuple[Alteration, ...] = ()
    is_complete: bool = False


def read_block(sql: str) -> BlockReading:
    """Read a DO statement. Conditions are not evaluated: a statement in an IF may run, or not."""
    outer = parse_text(Located("block", sql), [])
    if len(outer) != 1 or outer[0].node != "do_stmt":
        return BlockReading()
    options = option_nodes(outer[0].tree.args)
    language = option_text(options["language"]).lower() if "language" in options else "plpgsql"
    if language != "plpgsql" or "as" not in options:
        return BlockReading()
    return _read_body(options["as"].arg.string.sval)


def _read_body(body: str) -> BlockReading:
    tokens = list(significant(body))
    is_complete = not any(_is_dynamic(tokens, number) for number, one in enumerate(tokens) if one.word == "EXECUTE")
    is_complete &= all(token.word != "SET_CONFIG" for token in tokens)
    found: list[Alteration] = []
    for text in fragments(body).statements:
        problems: list[SourceError] = []
        statements = parse_text(Located("block", text), problems)
        is_complete &= not problems and bool(statements)
        for one in statements:
            inner = list(alterations_of(one))
            found += inner
            is_complete &= not any(a.target.kind in _CONTAINERS and a.effect is not Effect.CREATE for a in inner)
            hides_more = one.node in _HIDES_MORE or any(
                s.kind in {ScopeKind.ANY, ScopeKind.OWNED} for s in scopes_of(one)
            )
            is_complete &= not hides_more
    return BlockReading(tuple(found), is_complete)


def _is_dynamic(tokens: list[Token], at: int) -> bool:
    """Say whether EXECUTE runs an expression rather than a constant, or is no privilege."""
    before = tokens[at - 1] if at else None
    if before is not None and (before.word or before.text) in _PRIVILEGES and not _is_loop(tokens, at):
        return False
    after = list(itertools.islice(tokens, at + 1, at + 3))
    if not after or after[0].sort is not Sort.STRING:
        return True
    return len(after) > 1 and after[1].text != ";" and after[1].word not in _AFTER_CONSTANT


def _is_loop(tokens: list[Token], at: int) -> bool:
    """Say whether EXECUTE stands in `FOR r IN EXECUTE` or `OPEN c FOR EXECUTE`."""
    return any(token.word == "OPEN" for token in tokens[max(at - 3, 0) : at])
