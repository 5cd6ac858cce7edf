"""`pgmg plan`: shows the changes that apply would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.cli import error_report, plan_report, printer, project_context
from pgmg.cli.command import command
from pgmg.model.plans.compatibility import Compatibility
from pgmg.options import (
    EXIT_CODE,
    FAIL_ON,
    OUT,
    OUTPUT_GRAPH,
    PLAN_FORMAT,
    PLAN_SHAPE,
    PROJECT,
    READERS,
    REHEARSAL,
    REPORT,
    SPEECH,
)
from pgmg.rehearsed_plan import planned

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command(
    "plan",
    *PLAN_SHAPE,
    *REHEARSAL,
    READERS,
    OUT,
    EXIT_CODE,
    FAIL_ON,
    OUTPUT_GRAPH,
    PLAN_FORMAT,
    *REPORT,
    *PROJECT,
    *SPEECH,
    example="pgmg plan --out plan.json",
)
def command_(
    call: Call,
    *,
    drop_unmanaged: bool,
    rewrite_tables: bool,
    out: Path | None,
    exit_code: bool,
    fail_on: str | None,
    output_graph: Path | None,
    **more: Any,
) -> int:
    """Show the changes that apply would make.

    Nothing is written to the database. With --rehearse the plan is carried out on a copy of it, without rows, and the
    command exits with 1 where that does not prove the plan. With --format html or markdown, a report for whoever
    approves the plan; the HTML is one file that needs no network. Reports, and -v, ask who uses what changes.
    """
    report = {name: more.pop(name) for name in ("rows", "lineage")}
    plan_report.check_format(call, **report)
    drawing = None if output_graph is None else printer.drawing_for(output_graph)
    with project_context.open_project(call) as project:
        options = project_context.plan_options(project, drop_unmanaged=drop_unmanaged, rewrite_tables=rewrite_tables)
        asks = more["readers"] or call.report is not None or call.verbosity > 0
        plan = planned(project, options, more | {"readers": asks})
        extras = plan_report.extras(project, plan, **report)
        if output_graph is not None and drawing is not None:
            output_graph.write_bytes(drawing(project.graph()))
    if out is not None:
        from pgmg.saved_plans import save_plan

        save_plan(plan, out)
    printer.plan(call, plan, extras)
    if fail_on is not None and plan.compatibility.rank >= Compatibility(fail_on).rank:
        call.info(f"The plan is {plan.compatibility} for clients, and --fail-on {fail_on} is given.")
        return error_report.FAILED
    if plan.rehearsal is not None and not plan.rehearsal.proved:
        return error_report.FAILED
    return error_report.PENDING if exit_code and plan.differs else 0
