"""Rows of data as an aligned text table; NULL differs from every text, long values are cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.render import sanitize
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.model.results.row_questions import Value

_WIDEST = 40
_NUMBER = re.compile(r"-?\d[\d.,]*(?:e[+-]?\d+)?\Z")
_NULL = "NULL"


def shown(value: Value) -> tuple[str, Role]:
    """Return a value's text and colour: NULL without quotes, the empty text and the text `NULL` in quotes."""
    if value is None:
        return _NULL, Role.MUTED
    if value in ("", _NULL):
        return f'"{value}"', Role.PLAIN
    return value, Role.PLAIN


def is_number(values: Iterable[Value]) -> bool:
    """Say whether all values of a column are numbers, which are right-aligned."""
    found = [value for value in values if value is not None]
    return bool(found) and all(_NUMBER.match(value) for value in found)


def grid(headers: Sequence[str], rows: Sequence[Sequence[tuple[str, Role]]], indent: str = "  ") -> Iterator[Line]:
    """Return a header line and a line per row, columns aligned."""
    cells = [[(_cut(text), role) for text, role in row] for row in rows]
    titles = [_cut(header) for header in headers]
    widths = [max([len(titles[n]), *(len(row[n][0]) for row in cells)]) for n in range(len(titles))]
    right = [
        is_number(None if text == _NULL else text for text in (row[n][0] for row in cells)) for n in range(len(titles))
    ]
    yield _line(indent, [(title, Role.MUTED) for title in titles], widths, right)
    for row in cells:
        yield _line(indent, row, widths, right)


def values(rows: Iterable[Sequence[Value]]) -> list[list[tuple[str, Role]]]:
    """Return rows of values as rows of cells."""
    return [[shown(value) for value in row] for row in rows]


def _line(indent: str, row: Sequence[tuple[str, Role]], widths: Sequence[int], right: Sequence[bool]) -> Line:
    spans: list[str | Span] = [indent]
    last = len(row) - 1
    for number, (text, role) in enumerate(row):
        padding = " " * (widths[number] - len(text))
        if right[number]:
            spans += [padding, Span(text, role)]
        else:
            spans += [Span(text, role), padding if number < last else ""]
        spans.append("  " if number < last else "")
    return span_line(*spans)


def _cut(text: str) -> str:
    text = sanitize.sanitize_line(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
