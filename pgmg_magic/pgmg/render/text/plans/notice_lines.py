"""The list of warnings at the end of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.sources.source import Notice


def warnings(notices: Sequence[Notice]) -> Iterator[Line]:
    """Return the warnings under a heading; nothing if there are none."""
    if not notices:
        return
    yield span_line(Span("Warnings:", Role.HEADING))
    for notice in notices:
        known = notice.where is None or notice.where in notice.message
        where = "" if known else f" ({notice.where})"
        yield span_line("  - ", Span(notice.message, Role.WARNING), Span(where, Role.MUTED))
