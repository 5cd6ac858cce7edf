r"""Tells line ends of a file from carriage returns that belong to a constant, and spells those so that they stay.

A file whose lines all end in CRLF says the same as the file with LF: git and editors turn one into the other.
In a file with both, a carriage return within a constant was put there, as in the body of a function that the database
holds with CRLF.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.source.grammar.lexer import Sort, pieces, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONE_LF = re.compile(r"(?<!\r)\n")
_CONSTANTS = frozenset({Sort.STRING, Sort.QUOTED})
_WIDTH = 80
_PREFIX = re.compile(r"[eEbBxXnN]|[uU]&")


def with_line_feeds(text: str) -> str:
    """Return the text of a file with LF line ends; a file that has them in other places keeps its constants."""
    if "\r" not in text:
        return text
    if _LONE_LF.search(text) is None:
        return _plain(text)
    return "".join(_without_returns(text))


def _without_returns(text: str) -> Iterator[str]:
    position = 0
    for piece in pieces(text):
        for token in tokens(text[: piece.end], piece.start) if "\r" in text[piece.start : piece.end] else ():
            if token.sort in _CONSTANTS and "\r" in token.text:
                yield _plain(text[position : token.start])
                yield token.text
                position = token.end
    yield _plain(text[position:])


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def like(text: str, present: str) -> str:
    """Return a text with LF line ends as it is written to a file that holds `present`."""
    is_crlf = "\r\n" in present and _LONE_LF.search(present) is None
    return _LONE_LF.sub("\r\n", text) if is_crlf else text


def spelled(sql: str) -> str:
    r"""Return a statement of the server's whose carriage returns nobody takes for line ends.

    Constants and names get escapes (`E'\r'`, `U&"\000D"`). A body between dollars stays as it is: it is for people to
    read, and what is before and after it ends its lines in LF.
    """
    if "\r" not in sql:
        return sql
    found, position = [], 0
    for token in tokens(sql):
        if token.sort in _CONSTANTS and "\r" in token.text:
            found += [_plain(sql[position : token.start]), _escaped(token.text)]
            position = token.end
    return "".join([*found, _plain(sql[position:])])


def _escaped(constant: str) -> str:
    if constant.startswith("$"):
        return constant
    prefix = found.group().upper() if (found := _PREFIX.match(constant)) else ""
    if prefix == "E":
        return _with_escapes(constant)
    if prefix == "U&":
        return constant.replace("\r", r"\000D")
    inner = constant.replace("\\", "\\\\")
    return "U&" + inner.replace("\r", r"\000D") if constant.startswith('"') else "E" + _with_escapes(inner)


def _with_escapes(constant: str) -> str:
    """Write carriage returns as escapes, and the line feeds behind them where few lines are worth no line each."""
    short = constant.replace("\r\n", r"\r\n") if len(constant) < _WIDTH else constant
    return short.replace("\r", r"\r")
