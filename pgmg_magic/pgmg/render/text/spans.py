"""Text with meaning: lines of spans, from which plain and coloured output are both made, so that their words agree."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pgmg.render import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Role(Enum):
    """What a span is, for whoever has colours."""

    PLAIN = "plain"
    HEADING = "heading"
    MUTED = "muted"  # reasons, paths: what is read second
    MADE = "made"
    CHANGED = "changed"
    GONE = "gone"
    RUN = "run"
    KEPT = "kept"  # restored, adopted
    WARNING = "warning"
    SQL = "sql"
    ADDED = "added"  # in a difference
    REMOVED = "removed"
    HUNK = "hunk"


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    role: Role = Role.PLAIN


Line = tuple[Span, ...]
EMPTY: Line = ()


def span_line(*parts: str | Span) -> Line:
    """Make a line. Nothing reaches a reader but through here: control characters and passwords end here."""
    spans = (part if isinstance(part, Span) else Span(part) for part in parts)
    return tuple(Span(sanitize.sanitize_line(span.text), span.role) for span in spans if span.text)


def sql(text: str, indent: str = "") -> Iterator[Line]:
    """Make lines of a statement."""
    for row in sanitize.sanitize_block(text).rstrip().split("\n"):
        yield span_line(indent, Span(row, Role.SQL)) if row else EMPTY


def plain(lines: Iterable[Line]) -> str:
    """Return the words alone."""
    return "\n".join("".join(span.text for span in line) for line in lines)


def sections(*parts: Iterable[Line]) -> Iterator[Line]:
    """Join sections, an empty line between any two that are not empty."""
    first = True
    for part in parts:
        pending = not first
        for line in part:
            if pending:
                yield EMPTY
                pending = False
            yield line
            first = False
