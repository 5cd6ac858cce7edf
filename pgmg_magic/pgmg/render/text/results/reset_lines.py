"""Says what a reset executes, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.reset_report import ResetReport

_SHOWN = 10
"""Ignored objects listed without --verbose."""


def reset_preview(report: ResetReport, verbose: int = 0) -> Iterator[str]:
    """Yield the lines before the question."""
    yield from (f"  {statement};" for statement in report.statements)
    if not report.statements:
        yield "  nothing to drop"
    yield from _ignored(report, verbose)


def reset_lines(report: ResetReport, verbose: int = 0) -> Iterator[str]:
    """Yield the lines of the result."""
    records = "pgmg's other records removed" if report.ignored else "pgmg's records removed"
    yield f"Reset: {labels.count(len(report.statements), 'statement')} executed, {records}."
    yield from _ignored(report, verbose)


def _ignored(report: ResetReport, verbose: int) -> Iterator[str]:
    if not report.ignored:
        return
    yield f"Left alone: {labels.count(len(report.ignored), 'object')}, by the setting ignore in pgmg.toml"
    shown = report.ignored if verbose or len(report.ignored) <= _SHOWN else report.ignored[: _SHOWN - 1]
    yield from (f"  - {name}" for name in shown)
    if len(shown) < len(report.ignored):
        yield f"  … and {len(report.ignored) - len(shown)} more (-v lists them)"
