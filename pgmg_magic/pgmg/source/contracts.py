"""Reads `-- pgmg: contract`, which pins the interface of the object that the statement below it declares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, TYPES, Kind
from pgmg.source.grammar.lexer import Sort, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.sources.source import SourceObject
    from pgmg.source.grammar.statements import ParsedStatement

PINNED_KINDS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW, *ROUTINES, *TYPES})
"""Kinds with an interface that clients compile against."""

_CONTRACT = re.compile(r"(?:--|/\*)\s*pgmg:\s*contract\s*(?:\*/)?\Z", re.IGNORECASE)
_HINT = "Write `-- pgmg: contract` on the line above the statement that creates a view, a routine or a type."


def pins(statement: ParsedStatement, declared: Sequence[SourceObject]) -> bool:
    """Say whether a statement's comments pin what it declares.

    Raises:
        RefusedStatement: that has no interface.
    """
    if not _is_asked(statement):
        return False
    for one in declared:
        if one.target.kind not in PINNED_KINDS:
            kind = one.target.kind.sql_keyword
            raise statement.refused(f"`pgmg: contract` pins an interface, and a {kind.lower()} has none", _HINT)
    return True


def refuse_misplaced(statement: ParsedStatement) -> None:
    """Refuse a pin above a statement that declares nothing.

    Raises:
        RefusedStatement: there is one.
    """
    if _is_asked(statement):
        raise statement.refused("`pgmg: contract` stands above a statement that declares no object", _HINT)


def _is_asked(statement: ParsedStatement) -> bool:
    if "pgmg:" not in statement.located.text:
        return False
    text = statement.with_comments()
    return "pgmg:" in text and any(
        token.sort is Sort.COMMENT and _CONTRACT.match(token.text.rstrip()) is not None for token in tokens(text)
    )
