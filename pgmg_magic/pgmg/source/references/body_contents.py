"""The contents of a PL/pgSQL body: SQL with its places, and what a reader meets on its way from block to block."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Self

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.source.grammar.lexer import Token


class Fragment(str):
    """SQL that a body holds, and where: for each piece of it its first character, that in the body, and its length.

    What belongs to no piece does not stand in the body: a SELECT before an expression, what a string constant says.
    """

    __slots__ = ("pieces",)
    pieces: tuple[tuple[int, int, int], ...]

    def __new__(cls, text: str, pieces: tuple[tuple[int, int, int], ...] = ()) -> Self:
        """Return a text with its pieces."""
        made = super().__new__(cls, text)
        made.pieces = pieces
        return made

    def within(self, before: str, after: str = "") -> Fragment:
        """Return it with other text around it."""
        moved = tuple((start + len(before), place, length) for start, place, length in self.pieces)
        return Fragment(f"{before}{self}{after}", moved)

    def place(self, offset: int) -> int:
        """Return where in the body a character stands; of one that is not in the body, where the text begins."""
        for start, place, length in self.pieces:
            if start <= offset < start + length:
                return place + offset - start
        return self.pieces[0][1] if self.pieces else 0

    def followed_by(self, other: Fragment) -> Fragment:
        """Return it with a space and another one after it."""
        moved = other.within(f"{self} ")
        return Fragment(moved, self.pieces + moved.pieces)


@dataclass(slots=True)
class Fragments:
    """The contents of a body: complete statements, expressions, type spellings, and strings given to EXECUTE."""

    statements: list[Fragment] = field(default_factory=list)
    expressions: list[Fragment] = field(default_factory=list)
    types: list[Fragment] = field(default_factory=list)


class BodyContents:
    """Collects the SQL of a body; a subclass may also listen to its blocks, variables and assignments."""

    def __init__(self) -> None:
        self.found = Fragments()

    def take_statement(self, text: Fragment, *, is_constant: bool = False) -> None:  # noqa: ARG002 - for listeners
        """Note a query or another SQL statement; `is_constant` is one that EXECUTE runs, which sees no variables."""
        self.found.statements.append(text)

    def take_expression(self, text: Fragment) -> None:
        """Note an expression, or several with commas in between."""
        self.found.expressions.append(text)

    def take_declaration(self, name: Token, type_: Fragment) -> None:  # noqa: ARG002
        """Note a variable."""
        self.found.types.append(type_)

    def take_alias(self, declaration: Fragment) -> None:
        """Note `name ALIAS FOR $1`."""

    def take_cursor(
        self,
        name: Token,  # noqa: ARG002
        parameters: list[tuple[Token, Fragment]],
        query: Fragment,
    ) -> None:
        """Note a declared cursor."""
        self.found.types += [type_ for _, type_ in parameters]
        self.found.statements.append(query)

    def take_targets(self, targets: Fragment, query: Fragment) -> None:
        """Note the variables that a query fills."""

    def take_unknown(self, targets: Fragment) -> None:
        """Note variables that get values of an unknown shape, from a dynamic query or a cursor."""

    def take_target(self, variable: Fragment) -> None:
        """Note a variable, or a field of one, that a value is assigned to."""

    def open_block(self) -> None:
        """Note a BEGIN."""

    def open_loop(self, variables: Fragment | None = None, source: Fragment | None = None) -> None:
        """Note a LOOP; with `variables` and no `source`, one that counts, else one over the rows of a cursor."""

    def open_rows(self, variables: Fragment, query: Fragment) -> None:
        """Note a LOOP over the rows of a query."""

    def open_condition(self) -> None:
        """Note an IF or a CASE."""

    def open_handlers(self) -> None:
        """Note an EXCEPTION: the conditions of its WHENs are no expressions."""

    @property
    def in_handlers(self) -> bool:
        """Whether a WHEN would be that of an exception, as far as somebody keeps count."""
        return False

    def close(self, word: str) -> None:
        """Note an END; `word` is LOOP, IF, CASE, or nothing for a block."""

    def take_label(self, name: Token) -> None:
        """Note a label."""

    def take_option(self, text: Fragment) -> None:
        """Note an option of the whole body, as `#variable_conflict use_column`."""
