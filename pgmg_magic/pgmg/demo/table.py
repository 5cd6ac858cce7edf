"""Rows as the text table that psql prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the rows under their headings; numbers stand to the right, NULL is empty."""
    found = [tuple(row) for row in rows]
    cells = [["" if value is None else str(value) for value in row] for row in found]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    right = [bool(found) and not isinstance(found[0][n], str | None) for n in range(len(columns))]

    def line(texts: Sequence[str]) -> str:
        padded = (t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, widths, right, strict=True))
        return f" {' | '.join(padded)}".rstrip()

    heading = " " + " | ".join(name.center(width) for name, width in zip(columns, widths, strict=True))
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([heading.rstrip(), f"-{rule}-", *(line(row) for row in cells)])
