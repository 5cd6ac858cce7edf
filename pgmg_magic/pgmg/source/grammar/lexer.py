"""Cuts SQL into statements without a grammar: for files that do not parse. Positions are character offsets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

from pgmg.model.naming.sql_tokens import Sort, Token, closed_comment_end, significant, tokens

__all__ = ["Piece", "Sort", "Token", "identifiers", "pieces", "significant", "tokens"]


def _is_open_comment(text: str, token: Token) -> bool:
    """Say whether a comment hides the rest of the file because nobody closed it."""
    return (
        token.end == len(text)
        and token.text.startswith("/*")
        and closed_comment_end(text, token.start + len("/*")) is None
    )


def flat_comments(text: str) -> str:
    """Return a text of the same length whose comments hold no comments."""
    return "".join(_flat_pieces(text))


def _flat_pieces(text: str) -> Iterator[str]:
    position = 0
    for token in tokens(text):
        if token.sort is Sort.COMMENT and token.text.startswith("/*"):
            closed = closed_comment_end(text, token.start + len("/*")) is not None
            inner = token.text[2:-2] if closed else token.text[2:]
            yield text[position : token.start + 2]
            inner = inner.replace("*/", "  ").replace("/*", "  ")
            yield f"{inner[:-1]} " if inner.endswith("/") else inner  # the end would read /*/
            position = token.end - 2 if closed else token.end
    yield text[position:]


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
    """The state that psql keeps inside one statement."""

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


_OPENING = re.compile(r"(?:[bBeExXnN]|[uU]&)?'|\$[^$]*\$")


def identifiers(text: str) -> frozenset[str]:
    """Return every word and quoted identifier of a text, those within its strings included (bodies of functions).

    Words are folded to lower case, as the server does. Keywords are among them.
    """
    found: set[str] = set()
    queue = [text]
    for part in queue:
        for token in significant(part):
            match token.sort:
                case Sort.WORD:
                    found.add(token.text.lower())
                case Sort.QUOTED:
                    found.add(token.text.strip('"').replace('""', '"'))
                case Sort.STRING:
                    opening = _OPENING.match(token.text)
                    inside = token.text[opening.end() if opening else 0 :].rstrip("'").replace("''", "'")
                    if inside and len(inside) < len(part):
                        queue.append(inside)
                case _:
                    pass
    return frozenset(found)
