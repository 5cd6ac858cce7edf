"""Arranges a unified difference in two columns: before and after."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TextRow = tuple[str, str]
"""A line of a difference: `added`, `removed`, `hunk` or `same`, and its text, which begins with the diff mark."""


class LinePair(NamedTuple):
    """A line of each side; None where a side has no line."""

    left: TextRow | None
    right: TextRow | None


def sides(rows: Sequence[TextRow]) -> tuple[LinePair, ...]:
    """Return the lines of both sides in pairs, without diff marks; () if only one side has changed lines."""
    kinds = {kind for kind, _ in rows}
    return tuple(_paired(rows)) if {"added", "removed"} <= kinds else ()


def _paired(rows: Sequence[TextRow]) -> Iterator[LinePair]:
    removed: list[TextRow] = []
    added: list[TextRow] = []
    for kind, text in (*rows, ("end", "")):
        if kind == "removed" and not added:
            removed.append((kind, text[1:]))
        elif kind == "added":
            added.append((kind, text[1:]))
        else:
            yield from (LinePair(left, right) for left, right in zip_longest(removed, added))
            removed, added = [(kind, text[1:])] if kind == "removed" else [], []
            if kind == "same":
                yield LinePair((kind, text[1:]), (kind, text[1:]))
            elif kind == "hunk":
                yield LinePair((kind, text), None)
