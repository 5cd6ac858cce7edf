"""Statements, parentheses and items of lists among the tokens of a text; a look-up takes constant time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.sql_tokens import Sort, Token
from pgmg.model.secrets.nested import content

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPENING, _CLOSING = ("(", "["), (")", "]")
_ENDS_ITEM = frozenset({"AND", "OR", "THEN", "WHERE", "FROM", "PUBLICATION"})
_BEGINS_ITEM = frozenset({"SELECT", "RETURNING"})


def is_unclosed(token: Token) -> bool:
    """Whether a constant, quoted identifier or comment goes on to the end because nothing closes it."""
    quoted = token.sort in (Sort.STRING, Sort.QUOTED) or token.text.startswith("/*")
    return quoted and content(token)[1] == len(token.text)


class SecretLayout:
    """Tokens without comments; positions are indexes of them, and one beyond either end has neither word nor text.

    `statements` are pairs of positions: where a statement begins, and the semicolon (or the end) that ends it.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.statements: list[tuple[int, int]] = []
        self._around: list[int] = []  # of each token: the position of the parenthesis it stands in, or -1
        self._item_ends: list[int] = [0] * len(tokens)
        self._item_starts: list[int] = []
        self._ends: dict[int, int] = {}  # of each opening parenthesis: what closes it
        self._statement_ends: list[int] = []
        self._pair()

    def _pair(self) -> None:
        """Find all pairs in one pass from left to right; at a semicolon, open parentheses are given up."""
        stack: list[int] = []
        pending: list[list[int]] = [[]]  # of each nesting level, the tokens of the item that has not ended yet
        item_starts, start = [0], 0
        for position, token in enumerate(self.tokens):
            text = token.text
            if text == ";" or (text in _CLOSING and stack):
                while stack:
                    self._end_item(pending.pop(), position)
                    item_starts.pop()
                    self._ends[stack.pop()] = position
                    if text != ";":
                        break
            if text in (",", ";") or token.word in _ENDS_ITEM or (text in _CLOSING and not stack):
                self._end_item(pending[-1], position)
                pending[-1] = []
            if text == ";":
                self.statements.append((start, position))
                start = position + 1
            self._around.append(stack[-1] if stack else -1)
            self._item_starts.append(item_starts[-1])
            pending[-1].append(position)
            if text in (",", ";") or token.word in _BEGINS_ITEM:
                item_starts[-1] = position
            if text in _OPENING:
                stack.append(position)
                pending.append([])
                item_starts.append(position)
        self.statements.append((start, len(self.tokens)))
        for items in pending:
            self._end_item(items, len(self.tokens))
        for first, last in self.statements:
            self._statement_ends += [last] * (min(last + 1, len(self.tokens)) - first)

    def _end_item(self, positions: list[int], end: int) -> None:
        for position in positions:
            self._item_ends[position] = end

    def word(self, position: int) -> str:
        """The token's word in upper case, if it is one."""
        return self.tokens[position].word if 0 <= position < len(self.tokens) else ""

    def sign(self, position: int) -> str:
        """The token's text."""
        return self.tokens[position].text if 0 <= position < len(self.tokens) else ""

    def around(self, position: int) -> int:
        """Return the position of the parenthesis that a token stands in, or -1."""
        return self._around[position]

    def item_end(self, position: int) -> int:
        """Return the position of the comma, closing parenthesis, semicolon or word that ends an item of a list."""
        if position >= len(self.tokens):
            return len(self.tokens)
        return position if self.ends_item(position) else self._item_ends[position]

    def ends_item(self, position: int) -> bool:
        """Whether a token is one that ends items."""
        token = self.tokens[position]
        return token.text in (",", ";", *_CLOSING) or token.word in _ENDS_ITEM

    def item_start(self, position: int) -> int:
        """Return the position of what an item begins after."""
        return self._item_starts[position]

    def call_end(self, position: int) -> int:
        """Return the position of the parenthesis or semicolon that ends the arguments around a token."""
        if position >= len(self.tokens):
            return len(self.tokens)
        around = self._around[position]
        return self._statement_ends[position] if around < 0 else self._ends.get(around, len(self.tokens))

    def closing(self, opening: int) -> int:
        """Return the position of what closes a parenthesis."""
        return self._ends.get(opening, self._statement_ends[opening])
