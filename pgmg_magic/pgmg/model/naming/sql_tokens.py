"""Cuts SQL into tokens without a grammar, so that it works on any text (PostgreSQL manual, 4.1: Lexical Structure)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sort(Enum):
    """The kind of a token."""

    WORD = auto()  # keyword or identifier
    QUOTED = auto()  # "identifier"
    STRING = auto()  # '…', E'…', $$…$$, …
    NUMBER = auto()
    PARAMETER = auto()  # $1
    OPERATOR = auto()
    PUNCTUATION = auto()
    COMMENT = auto()
    BACKSLASH = auto()  # begins a psql meta-command
    OTHER = auto()


class Token(NamedTuple):
    """A piece of SQL: `text` is what stands between the offsets `start` and `end`."""

    sort: Sort
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The text in upper case if it is a word, else nothing: what keywords are compared with."""
        return self.text.upper() if self.sort is Sort.WORD else ""

    @property
    def identifier(self) -> str | None:
        """The name that the text stands for if it is a word or a quoted identifier (PostgreSQL manual, 4.1.1)."""
        if self.sort is Sort.QUOTED:
            return self.text[1:-1].replace('""', '"')
        return self.text.lower() if self.sort is Sort.WORD else None


_NO_LETTER = r"\[-^`{-\x7f"
"""After Z, what begins no name; all that is not ASCII does. A set of what is wanted takes milliseconds to compile."""
_FIRST, _NEXT, _NEXT_OF_WORD = rf"[^\x00-@{_NO_LETTER}]", rf"[^\x00-/:-@{_NO_LETTER}]", rf"[^\x00-#%-/:-@{_NO_LETTER}]"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<line>--[^\n]*)
  | (?P<block>/\*)
  | (?P<dollar>\$(?:{_FIRST}{_NEXT}*)?\$)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z|\\\Z))
  | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z))
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
  | (?P<word>{_FIRST}{_NEXT_OF_WORD}*)
  | (?P<parameter>\$\d+)
  | (?P<number>0[xXoObB][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
  | (?P<punctuation>::|:=|\.\.|[(),;.\[\]:])
  | (?P<operator>(?:(?!--|/\*)[+\-*/<>=~!@\#%^&|`?])+)
  | (?P<backslash>\\)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SORTS = {
    "line": Sort.COMMENT,
    "block": Sort.COMMENT,
    "dollar": Sort.STRING,
    "escaped": Sort.STRING,
    "string": Sort.STRING,
    "quoted": Sort.QUOTED,
    "word": Sort.WORD,
    "parameter": Sort.PARAMETER,
    "number": Sort.NUMBER,
    "punctuation": Sort.PUNCTUATION,
    "operator": Sort.OPERATOR,
    "backslash": Sort.BACKSLASH,
    "other": Sort.OTHER,
}
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_MAY_END_IN_SIGN = re.compile(r"[~!@#%^&|`?]")


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens from `start` on, comments included. Never fails: what is not closed goes on to the end."""
    position, length = start, len(text)
    while position < length:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:  # cannot be: `other` takes anything
            return
        group, end = found.lastgroup, found.end()
        if group == "space":
            position = end
            continue
        if group == "block":
            end = _comment_end(text, end)
        elif group == "dollar":
            closing = text.find(found.group(), end)
            end = length if closing < 0 else closing + len(found.group())
        elif group == "operator":
            end = _operator_end(text, position, end)
        yield Token(_SORTS[group], text[position:end], position, end)
        position = end


def significant(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens that are not comments."""
    return (token for token in tokens(text, start) if token.sort is not Sort.COMMENT)


def _comment_end(text: str, position: int) -> int:
    return closed_comment_end(text, position) or len(text)


def closed_comment_end(text: str, position: int) -> int | None:
    """Return where a block comment ends whose content begins at `position`; None where it is not closed."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def _operator_end(text: str, start: int, end: int) -> int:
    """`=-1` is `=` and `-1`: only operators with certain characters may end in a sign."""
    while end - start > 1 and text[end - 1] in "+-" and not _MAY_END_IN_SIGN.search(text, start, end):
        end -= 1
    return end
