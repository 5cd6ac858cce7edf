"""Cuts SQL into tokens and statements without a grammar: for files that do not parse, and for rewriting by token.

The lexical rules are those of the PostgreSQL manual, 4.1. Positions are character offsets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sort(Enum):
    """What a token is."""

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


_LETTER = r"A-Za-z_\x80-\U0010ffff"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<line>--[^\n]*)
  | (?P<block>/\*)
  | (?P<dollar>\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z|\\\Z))
  | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z))
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
  | (?P<word>[{_LETTER}][{_LETTER}0-9$]*)
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
    return _closed_comment_end(text, position) or len(text)


def _closed_comment_end(text: str, position: int) -> int | None:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def _is_open_comment(text: str, token: Token) -> bool:
    """Say whether a comment hides the rest of the file because nobody closed it."""
    return (
        token.end == len(text)
        and token.text.startswith("/*")
        and _closed_comment_end(text, token.start + len("/*")) is None
    )


def _operator_end(text: str, start: int, end: int) -> int:
    """`=-1` is `=` and `-1`: only operators with certain characters may end in a sign."""
    while end - start > 1 and text[end - 1] in "+-" and not _MAY_END_IN_SIGN.search(text, start, end):
        end -= 1
    return end


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement, a psql meta-command, or a statement with the data that followed it.

    `start` and `end` are offsets of the statement itself, without comments around it and without its semicolon;
    `lead` is where the comments before it begin. `data` holds the lines after `COPY … FROM stdin;`.
    """

    lead: int
    start: int
    end: int
    meta: bool = False
    data: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """Cut a file at its semicolons the way psql does, minding parentheses, BEGIN ATOMIC and inline COPY data."""
    position = 0
    while position < len(text):
        piece, position = _piece(text, position)
        if piece is not None:
            yield piece


class _State:
    """What psql keeps track of inside one statement."""

    def __init__(self) -> None:
        self.parentheses = 0
        self.blocks = 0
        self.words: list[str] = []

    def see(self, token: Token) -> None:
        if token.text == "(":
            self.parentheses += 1
        elif token.text == ")":
            self.parentheses = max(0, self.parentheses - 1)
        elif word := token.word:
            if self._may_have_body():
                if (word == "ATOMIC" and self.words[-1:] == ["BEGIN"]) or (self.blocks and word == "CASE"):
                    self.blocks += 1
                elif self.blocks and word == "END":
                    self.blocks -= 1
            self.words.append(word)

    def _may_have_body(self) -> bool:
        return self.words[:1] == ["CREATE"] and bool({"FUNCTION", "PROCEDURE"} & set(self.words[1:4]))

    @property
    def reads_data(self) -> bool:
        return (
            self.words[:1] == ["COPY"]
            and any(pair == ("FROM", "STDIN") for pair in zip(self.words, self.words[1:], strict=False))
        )  # fmt: skip


def _piece(text: str, lead: int) -> tuple[Piece | None, int]:
    """Return the next piece, if any, and where to go on."""
    state = _State()
    start = end = None
    for token in tokens(text, lead):
        if token.sort is Sort.COMMENT and not _is_open_comment(text, token):
            continue
        if token.sort is Sort.BACKSLASH:
            if start is not None and end is not None:
                return Piece(lead, start, end), token.start
            stop = text.find("\n", token.start)
            stop = len(text) if stop < 0 else stop
            return Piece(lead, token.start, token.start + len(text[token.start : stop].rstrip()), meta=True), stop
        if token.text == ";" and not state.parentheses and not state.blocks:
            if start is None or end is None:
                return None, token.end
            if state.reads_data:
                data, after = _copy_data(text, token.end)
                return Piece(lead, start, end, data=data), after
            return Piece(lead, start, end), token.end
        state.see(token)
        start, end = token.start if start is None else start, token.end
    if start is None or end is None:
        return None, len(text)
    return Piece(lead, start, end), len(text)


def _copy_data(text: str, semicolon: int) -> tuple[str, int]:
    r"""Return the lines between the statement's own line and `\.`."""
    newline = text.find("\n", semicolon)
    if newline < 0:
        return "", len(text)
    begin = newline + 1
    closing = re.compile(r"^\\\.[ \t]*$", re.MULTILINE).search(text, begin)
    if closing is None:
        return text[begin:], len(text)
    return text[begin : closing.start()], closing.end()
