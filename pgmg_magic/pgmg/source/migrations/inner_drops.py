"""Finds what a DO block drops by name, in statements that stand in it or in constant strings given to EXECUTE."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pgmg.model.sources.source import Effect
from pgmg.source.grammar.lexer import Sort, significant
from pgmg.source.grammar.offsets import Located
from pgmg.source.grammar.statements import parse_text
from pgmg.source.migrations.alterations import alterations_of
from pgmg.source.references.plpgsql import fragments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import Kind
    from pgmg.model.sources.source import Statement


def drops_within(statement: Statement) -> Iterator[tuple[Kind, str]]:
    """Yield kind and name of what a statement drops by name, itself or within a block."""
    for alteration in statement.alterations:
        if alteration.effect is Effect.DROP and alteration.target.parts:
            yield alteration.target.kind, alteration.target.parts[-1]
    for sql in _inner_statements(statement.sql):
        for parsed in parse_text(Located("block", sql), []):
            for alteration in alterations_of(parsed):
                if alteration.effect is Effect.DROP and alteration.target.parts:
                    yield alteration.target.kind, alteration.target.parts[-1]


def _inner_statements(sql: str) -> Iterator[str]:
    found = list(significant(sql))
    if not found or found[0].word != "DO":
        return
    for token in found:
        if token.sort is Sort.STRING and token.text.startswith("$"):
            body = token.text[token.text.index("$", 1) + 1 : token.text.rindex("$", 0, -1)]
            yield from fragments(body).statements
            yield from _executed(body)


def _executed(body: str) -> Iterator[str]:
    """Yield constant strings right after EXECUTE."""
    tokens = list(significant(body))
    for first, second in itertools.pairwise(tokens):
        if first.word == "EXECUTE" and second.sort is Sort.STRING and second.text.startswith("'"):
            yield second.text[1:-1].replace("''", "'")
