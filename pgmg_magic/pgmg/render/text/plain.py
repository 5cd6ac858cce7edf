"""Plans, results, statuses and differences as plain text: the shape of the original tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.text.spans import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.events import ApplyResult
    from pgmg.model.plan import Change, Plan
    from pgmg.model.row_questions import Preview, RowDifference
    from pgmg.model.status_report import Status


def plan_text(plan: Plan, verbose: int = 0) -> str:
    """Return a plan as text. With `verbose` 1 each step shows its SQL and why, with 2 also what depends on what."""
    from pgmg.render.text.plan_lines import plan_lines

    return plain(plan_lines(plan, verbose))


def result_text(result: ApplyResult, verbose: int = 0) -> str:
    """Return what an apply did as text; with `verbose` 1 also how long each step took."""
    from pgmg.render.text.result_lines import result_lines

    return plain(result_lines(result, verbose))


def status_text(status: Status) -> str:
    """Return a status as text, one screen of it."""
    from pgmg.render.text.status_lines import status_lines

    return plain(status_lines(status))


def diff_text(changes: Sequence[Change]) -> str:
    """Return a unified difference of the SQL of each changed object."""
    from pgmg.render.text.diff_lines import diff_lines

    return plain(diff_lines(changes))


def rows_text(found: Sequence[RowDifference]) -> str:
    """Return what a change does to the rows of views."""
    from pgmg.render.text.row_lines import rows_lines

    return plain(rows_lines(found))


def preview_text(preview: Preview) -> str:
    """Return the first rows of a view."""
    from pgmg.render.text.row_lines import preview_lines

    return plain(preview_lines(preview))
