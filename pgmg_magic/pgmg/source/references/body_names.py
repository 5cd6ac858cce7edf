"""Reads a PL/pgSQL body for checks that execute nothing: its SQL, its variables, and fields of NEW and OLD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.grammar.lexer import significant
from pgmg.source.references.plpgsql import BodyReader

if TYPE_CHECKING:
    from pgmg.model.sources.source import Parts
    from pgmg.source.grammar.lexer import Token
    from pgmg.source.references.body_contents import Fragment

_ROWS = frozenset({"new", "old"})
_SELECT = "SELECT "


@dataclass(frozen=True, slots=True)
class BodyTexts:
    """The contents of a body.

    `variables` are in lower case. `row_fields` are `new` or `old`, a field of it and its offset, `column_types`
    relations and columns of `relation.column%TYPE`, with their offsets.
    """

    statements: tuple[Fragment, ...]
    variables: frozenset[str]
    row_fields: tuple[tuple[str, str, int], ...]
    column_types: tuple[tuple[Parts, str, int], ...]


def body_texts(body: str) -> BodyTexts:
    """Read a body; what is not PL/pgSQL has texts that are no SQL."""
    reader = _NameReader(body)
    reader.block()
    found = reader.found
    tokens = list(significant(body))
    fields = tuple(
        (tokens[n].text.lower(), _name(tokens[n + 2]), tokens[n + 2].start)
        for n in range(len(tokens) - 2)
        if tokens[n].text.lower() in _ROWS and tokens[n + 1].text == "."
    )
    statements = (*found.statements, *(text.within(_SELECT) for text in found.expressions))
    types = tuple(one for text in found.types for one in _column_type(text))
    return BodyTexts(statements, frozenset(reader.variables), fields, types)


def _column_type(text: Fragment) -> list[tuple[Parts, str, int]]:
    tokens = list(significant(text))
    for n, token in enumerate(tokens):
        if token.text == "%" and tokens[n + 1 : n + 2] and tokens[n + 1].word == "TYPE":
            names = [_name(one) for one in tokens[:n] if one.text != "."]
            if len(names) > 1:
                return [(tuple(names[:-1])[-2:], names[-1], text.place(tokens[n - 1].start))]
    return []


def _name(token: Token) -> str:
    return token.identifier or token.text


class _NameReader(BodyReader):
    def __init__(self, body: str) -> None:
        super().__init__(body)
        self.variables: set[str] = set()

    def take_declaration(self, name: Token, type_: Fragment) -> None:
        super().take_declaration(name, type_)
        self.variables.add(_name(name))

    def take_cursor(self, name: Token, parameters: list[tuple[Token, Fragment]], query: Fragment) -> None:
        super().take_cursor(name, parameters, query)
        self.variables.update(_name(one) for one, _ in parameters)

    def open_loop(self, variables: Fragment | None = None, source: Fragment | None = None) -> None:
        super().open_loop(variables, source)
        if variables is not None:
            self.variables.add(variables.strip('"').lower())
