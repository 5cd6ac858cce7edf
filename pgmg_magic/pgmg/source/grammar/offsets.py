"""Turns offsets into places: lines and columns that people count, from the bytes that the grammar counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.location import SourceLocation
from pgmg.source.grammar.rewriting import masked_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.errors import SourceError


class Located:
    """A text and the path it was read from."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    def location(self, offset: int) -> SourceLocation:
        """Return the place of a character, with its line, passwords masked."""
        begin = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = masked_line(self.text, begin, len(self.text) if end < 0 else end)
        number = self.text.count("\n", 0, offset) + 1
        return SourceLocation(self.path, number, offset - begin + 1, line)


def characters(text: str, offsets: Iterable[int]) -> Iterator[int]:
    """Turn ascending byte offsets into character offsets, in one pass over the text."""
    if text.isascii():
        yield from offsets
        return
    data = text.encode()
    byte = character = 0
    for offset in offsets:
        character += len(data[byte:offset].decode(errors="ignore"))
        byte = offset
        yield character


def in_order(problems: Iterable[SourceError]) -> tuple[SourceError, ...]:
    """Return the problems of one file from top to bottom, each once."""
    each = {(problem.where, problem.message): problem for problem in problems}
    return tuple(sorted(each.values(), key=_position))


def _position(problem: SourceError) -> tuple[int, int]:
    where = problem.where
    return (0, 0) if where is None else (where.line or 0, where.column or 0)
