"""A history as text: who applied what, and how one object changed from version to version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import sanitize
from pgmg.render.text.plans.diff_lines import row_role, unified_texts
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.history_entries import AppliedSource, History, HistoryEntry, RestoredSource

_SHOWN = 8
"""Steps of an entry that are named without --verbose."""


def history_lines(history: History, verbose: int = 0) -> Iterator[Line]:
    """Yield the entries from the newest to the oldest."""
    if not history.entries:
        yield span_line("No history: nothing was applied since pgmg keeps one.")
    for entry in reversed(history.entries):
        yield span_line(Span(f"{entry.number}  {entry.at:%Y-%m-%d %H:%M:%S%z}", Role.HEADING), f"  {_who(entry)}")
        if entry.note:
            yield span_line(f"   Note: {sanitize.sanitize_line(sanitize.mask_secrets(entry.note))}")
        if history.object is None:
            yield from _steps(entry, verbose)
        for source in entry.sources:
            if source.object == history.object:
                yield from _difference(source)


def restoration_lines(found: RestoredSource) -> Iterator[Line]:
    """Yield how a file would change."""
    yield from _rows(found.before, found.after, found.path, f"{found.path} (as in entry {found.number})")


def difference(source: AppliedSource) -> list[str]:
    """Return how an entry changed an object, as the lines of a unified difference; passwords are masked."""
    return unified_texts(source.before, source.sql, f"{source.object} (before)", source.object)


def _who(entry: HistoryEntry) -> str:
    origin = "" if entry.applied_from is None else f"{entry.applied_from.described()}, "
    application = f", application {entry.application}" if entry.application else ""
    return sanitize.sanitize_line(f"{origin}role {entry.role}{application}")


def _steps(entry: HistoryEntry, verbose: int) -> Iterator[Line]:
    shown = entry.steps if verbose or len(entry.steps) <= _SHOWN else entry.steps[: _SHOWN - 1]
    for action, name in shown:
        yield span_line(f"   {action} {sanitize.sanitize_line(name)}")
    if len(shown) < len(entry.steps):
        yield span_line(Span(f"   … and {len(entry.steps) - len(shown)} more steps (-v lists them)", Role.MUTED))
    if not entry.steps:
        yield span_line(Span("   recorded without a step", Role.MUTED))


def _difference(source: AppliedSource) -> Iterator[Line]:
    if source.before == source.sql:
        yield span_line(Span("   as before", Role.MUTED))
    yield from _rows(source.before, source.sql, f"{source.object} (before)", source.object)


def _rows(before: str | None, after: str | None, old: str, new: str) -> Iterator[Line]:
    for row in unified_texts(before, after, old, new):
        yield span_line(Span(f"   {row}", row_role(row)))
