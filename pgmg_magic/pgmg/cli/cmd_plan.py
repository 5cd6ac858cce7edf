"""`pgmg plan`: shows the changes that apply would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import error_report, plan_report, printer, project_context
from pgmg.cli.command import command
from pgmg.model.compatibility import Compatibility
from pgmg.options import EXIT_CODE, FAIL_ON, OUT, OUTPUT_GRAPH, PLAN_FORMAT, PLAN_SHAPE, PROJECT, REPORT, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command(
    "plan",
    *PLAN_SHAPE,
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
    **asked: bool,
) -> int:
    """Show the changes that apply would make.

    Nothing is written to the database. With --format html or markdown, a report for whoever approves the plan; the
    HTML is one file that needs no network.
    """
    plan_report.check_format(call, **asked)
    drawing = None if output_graph is None else printer.drawing_for(output_graph)
    with project_context.open_project(call) as project:
        options = project_context.plan_options(project, drop_unmanaged=drop_unmanaged, rewrite_tables=rewrite_tables)
        plan = project.plan(options)
        extras = plan_report.extras(project, plan, **asked)
        if output_graph is not None and drawing is not None:
            output_graph.write_bytes(drawing(project.graph()))
    if out is not None:
        out.write_text(printer.saved_plan(plan) + "\n", encoding="utf-8")
    printer.plan(call, plan, extras)
    if fail_on is not None and plan.compatibility.rank >= Compatibility(fail_on).rank:
        call.info(f"The plan is {plan.compatibility} for clients, and --fail-on {fail_on} is given.")
        return error_report.FAILED
    return error_report.PENDING if exit_code and plan.differs else 0
