"""`pgmg apply`: executes a new or a saved plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg import saved_plans
from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import DRY_RUN, FORMAT, NOTE, PLAN_FILE, PLAN_SHAPE, PROJECT, RESUME, SPEECH, TIMEOUTS, YES

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command(
    "apply",
    PLAN_FILE,
    YES,
    DRY_RUN,
    RESUME,
    NOTE,
    *PLAN_SHAPE,
    *TIMEOUTS,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg apply",
)
def command_(
    call: Call,
    *,
    plan_file: Path | None,
    yes: bool,
    dry_run: bool,
    resume: str | None,
    note: str | None,
    **shape: bool,
) -> None:
    """Bring the database to the state of the project.

    On a terminal the plan is shown and you are asked once; elsewhere it is applied without a question. A saved
    PLAN.json is compared with a new plan and refused if anything has changed since.
    """
    from pgmg.planning.compare.change_consent import check_consent
    from pgmg.planning.risk.risk_consent import check_allowed

    asks = call.interactive and not yes and not dry_run
    with project_context.open_project(call) as project:
        options = project_context.plan_options(project, **shape)
        given = shape | {"recreate": call.overrides.get("recreate")}
        plan = None
        if plan_file is not None:
            plan = saved_plans.plan_again(project, plan_file, given)
        elif asks or dry_run:
            plan = project.plan(options)
        if plan is not None and dry_run:
            printer.dry_run(call, plan)
            call.info("Dry run: nothing was changed.")
            return
        if plan is not None and asks and plan.steps:
            check_consent(plan)  # refuse before asking
            check_allowed(plan, project.settings.allow)
            printer.question(call, plan)
            call.confirm("Apply these changes?")
        with printer.progress(call) as listener:
            result = project.apply(plan, options=options, listener=listener, yes=yes, resume=resume, note=note)
    printer.result(call, result)
