"""Keeps the up section of migrations written for goose and dbmate (rule 1.1)."""

from __future__ import annotations

import re
from itertools import takewhile

from pgmg.source.grammar.lexer import Sort, tokens

_MARK = re.compile(
    r"^[ \t]*--[ \t]*(?:\+goose[ \t]+(?P<goose>up|down|statementbegin|statementend|envsub[ \t]+\w+|no[ \t]+transaction)"
    r"|migrate:(?P<dbmate>up|down)(?=[ \t]*$|[ \t]+\w+:))(?!\w).*$",
    re.IGNORECASE | re.MULTILINE,
)
_NO_TRANSACTION = re.compile(
    r"--[ \t]*(?:pgmg:[ \t]*no-transaction|\+goose[ \t]+no[ \t]+transaction"
    r"|migrate:up\b.*\btransaction:[ \t]*false)\b",
    re.IGNORECASE,
)
BUILT_IN_PRIVILEGES = "-- pgmg: built-in-privileges"
_BUILT_IN_PRIVILEGES = re.compile(r"--[ \t]*pgmg:[ \t]*built-in-privileges\b", re.IGNORECASE)
_STATEMENT_LINE = re.compile(r"^(?![ \t]*--).+$", re.MULTILINE)


def up_section(text: str) -> str:
    """Return the text with everything that undoes blanked out; comments stay, and lines keep their numbers."""
    if "+goose" not in text and "migrate:" not in text.lower():
        return text
    marks = [(found.start(), found.end(), _mark(found)) for found in _MARK.finditer(text)]
    if not any(mark in ("up", "down") for _, _, mark in marks):
        return text
    kept: list[str] = []
    position, up = 0, False
    for start, end, mark in marks:
        kept += [_section(text[position:start], up=up), text[start:end]]
        position, up = end, {"up": True, "down": False}.get(mark, up)
    kept.append(_section(text[position:], up=up))
    return "".join(kept)


def no_transaction(text: str) -> bool:
    """Tell whether the comments that a migration begins with ask for no transaction (rule 9.2)."""
    return _begins_with(_NO_TRANSACTION, text)


def built_in_privileges(text: str) -> bool:
    """Tell whether a migration is to run before declared default privileges are set: it states all privileges."""
    return _begins_with(_BUILT_IN_PRIVILEGES, text)


def _begins_with(directive: re.Pattern[str], text: str) -> bool:
    comments = takewhile(lambda token: token.sort is Sort.COMMENT, tokens(text))
    return any(directive.match(comment.text) for comment in comments)


def _mark(found: re.Match[str]) -> str:
    return (found["goose"] or found["dbmate"] or "").lower()


def _section(text: str, *, up: bool) -> str:
    return text if up else _STATEMENT_LINE.sub(lambda line: " " * len(line.group()), text)
