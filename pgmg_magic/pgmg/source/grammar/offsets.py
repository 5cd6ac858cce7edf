"""Turns offsets of characters and bytes into lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.naming.location import SourceLocation
from pgmg.model.secrets import masked_part, secret_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.errors import SourceError


_LINE_END = re.compile("\n")


class Located:
    """A text and the path it was read from."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    @cached_property
    def _secrets(self) -> tuple[tuple[int, int], ...]:
        return secret_spans(self.text)

    def location(self, offset: int) -> SourceLocation:
        """Return the line and column of a character, with the text of its line, secrets masked."""
        starts = self._line_starts
        number = bisect_right(starts, offset)
        begin = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return SourceLocation(self.path, number, offset - begin + 1, masked_part(self.text, begin, end, self._secrets))


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
