"""Lines of spans with roles: plain text, terminal colours and HTML are all rendered from them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pgmg.render import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Role(Enum):
    """A span's role, which decides its colour."""

    PLAIN = "plain"
    HEADING = "heading"
    MUTED = "muted"  # reasons, paths
    CREATED = "created"
    CHANGED = "changed"
    DROPPED = "dropped"
    MIGRATION = "migration"
    RESTORED = "restored"  # and adopted
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
    """Return a line. All text that is displayed passes here: control characters are escaped, passwords masked."""
    spans = (part if isinstance(part, Span) else Span(part) for part in parts)
    return tuple(Span(sanitize.sanitize_line(span.text), span.role) for span in spans if span.text)


def sql(text: str, indent: str = "") -> Iterator[Line]:
    """Return a statement as lines."""
    for row in sanitize.sanitize_block(text).rstrip().split("\n"):
        yield span_line(indent, Span(row, Role.SQL)) if row else EMPTY


def plain(lines: Iterable[Line]) -> str:
    """Return lines as plain text."""
    return "\n".join("".join(span.text for span in line) for line in lines)


def sections(*parts: Iterable[Line]) -> Iterator[Line]:
    """Join sections with an empty line between those that are not empty."""
    first = True
    for part in parts:
        pending = not first
        for line in part:
            if pending:
                yield EMPTY
                pending = False
            yield line
            first = False
