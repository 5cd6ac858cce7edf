"""Reports about a plan: what they contain besides the plan, and their text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgmg.errors import UsageError
from pgmg.model.naming.names import Kind

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call
    from pgmg.model.plans.plan import Plan
    from pgmg.project import Project
    from pgmg.render.plan_content import ReportExtras

_VIEWS = (Kind.VIEW, Kind.MATERIALIZED_VIEW)


def check_format(call: Call, *, rows: bool, lineage: bool) -> None:
    """Refuse options of reports where no report is made.

    Raises:
        UsageError: there is no `--format html` or `--format markdown`.
    """
    if (rows or lineage) and call.report is None:
        option, other = ("--rows", ", or call `pgmg diff --rows`") if rows else ("--lineage", "")
        raise UsageError(f"{option} of a plan needs a report", hint=f"Add --format html{other}.")


def extras(project: Project, plan: Plan, *, rows: bool, lineage: bool) -> ReportExtras | None:
    """Return the answers that are asked for; None where there is nothing to ask."""
    if not rows and not lineage:
        return None
    from pgmg.render.plan_content import ReportExtras

    views = [f"{change.object}.*" for change in plan.changes if change.object.kind in _VIEWS and change.after]
    return ReportExtras(
        rows=project.diff_rows() if rows else None,
        lineage=project.graph(views) if lineage and views else None,
    )


def plan_report(form: str, plan: Plan, extras: ReportExtras | None) -> str:
    """Return a plan as a report in the format `markdown` or `html`."""
    if form == "markdown":
        from pgmg.render.markdown.plan_markdown import plan_markdown

        return plan_markdown(plan, extras=extras).rstrip("\n")
    from pgmg.render.html.report_html import report_html
    from pgmg.render.plan_content import ReportExtras

    return report_html(plan, extras or ReportExtras(), datetime.now(UTC)).rstrip("\n")
