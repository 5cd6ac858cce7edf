"""Plans, results, statuses and differences as plain text, in the format of the original tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.text.spans import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.plans.plan import Change, Plan
    from pgmg.model.plans.rehearsal import Rehearsal
    from pgmg.model.results.events import ApplyResult
    from pgmg.model.results.query_result import QueryPlan, QueryResult
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.row_questions import Preview, RowDifference
    from pgmg.model.results.status_report import Status


def plan_text(plan: Plan, verbose: int = 0) -> str:
    """Return a plan as text. `verbose` 1 adds SQL and reasons to each step, 2 the dependencies."""
    from pgmg.render.text.plans.plan_lines import plan_lines

    return plain(plan_lines(plan, verbose))


def result_text(result: ApplyResult, verbose: int = 0) -> str:
    """Return the result of an apply as text; `verbose` 1 adds each step's duration."""
    from pgmg.render.text.results.result_lines import result_lines

    return plain(result_lines(result, verbose))


def status_text(status: Status, verbose: int = 0) -> str:
    """Return a status as text that fits one screen."""
    from pgmg.render.text.results.status_lines import status_lines

    return plain(status_lines(status, verbose))


def diff_text(changes: Sequence[Change]) -> str:
    """Return the unified difference of each changed object's SQL."""
    from pgmg.render.text.plans.diff_lines import diff_lines

    return plain(diff_lines(changes))


def rehearsal_text(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as text."""
    from pgmg.render.text.plans.rehearsal_lines import rehearsal_lines

    return plain(rehearsal_lines(rehearsal))


def rows_text(found: Sequence[RowDifference]) -> str:
    """Return the row differences of views as text."""
    from pgmg.render.text.results.row_lines import rows_lines

    return plain(rows_lines(found))


def preview_text(preview: Preview) -> str:
    """Return the first rows of a view."""
    from pgmg.render.text.results.row_lines import preview_lines

    return plain(preview_lines(preview))


def query_text(result: QueryResult) -> str:
    """Return the first rows of a query."""
    from pgmg.render.text.results.query_lines import query_lines

    return plain(query_lines(result))


def query_plan_text(plan: QueryPlan) -> str:
    """Return a query plan as a tree."""
    from pgmg.render.text.results.query_lines import query_plan_lines

    return plain(query_plan_lines(plan))


def refresh_text(done: Sequence[Refreshed]) -> str:
    """Return a line for each materialized view that was refreshed."""
    how = {True: ", readable meanwhile", False: ""}
    lines = [f"Refreshed {one.object.display_name}{how[one.concurrently]}: {one.duration_ms:.0f} ms" for one in done]
    return "\n".join(lines) or "There are no materialized views."
