"""CREATE TYPE … AS ENUM, with the renames that `-- pgmg: rename 'old' to 'new'` asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import EnumFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.lexer import Sort, tokens
from pgmg.source.grammar.parser import parts, strings
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.refused_statements import refuse_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_LABEL = r"'((?:[^']|'')*)'"
_RENAME = re.compile(rf"(?:--|/\*)\s*pgmg:\s*rename\s+{_LABEL}\s+to\s+{_LABEL}", re.IGNORECASE)


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an enum."""
    name = parts(statement.tree.type_name)
    refuse_temporary_name(statement, name, "type")
    facts = EnumFacts(strings(statement.tree.vals), tuple(_renames(statement.with_comments())))
    yield Declaration(Target(Kind.TYPE, name), facts)


READERS: Readers = {"create_enum_stmt": read}


def _renames(text: str) -> Iterator[tuple[str, str]]:
    if "pgmg:" not in text:
        return
    for token in tokens(text):
        if token.sort is Sort.COMMENT and (found := _RENAME.match(token.text)):
            old, new = (label.replace("''", "'") for label in found.groups())
            yield old, new
