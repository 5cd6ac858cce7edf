"""`pgmg rehearse`: carries a plan out on a copy of the database and says what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg import saved_plans
from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, PLAN_FILE, PLAN_SHAPE, PROJECT, SAMPLED_ROWS, SCRATCH, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command(
    "rehearse",
    PLAN_FILE,
    SAMPLED_ROWS,
    SCRATCH,
    *PLAN_SHAPE,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg rehearse plan.json",
)
def command_(
    call: Call,
    *,
    plan_file: Path | None,
    rows: int | None,
    scratch: str | None,
    drop_unmanaged: bool,
    rewrite_tables: bool,
) -> int:
    """Carry a plan out on a copy of the database.

    The copy has the schema, and with --rows N a sample of the rows. For each step the locks, rewrites and duration are
    measured; afterwards nothing may be left to do. Exits with 1 where the plan is not proved. Your database is only
    read, and sampled rows are removed with the copy.
    """
    from pgmg.rehearsal import rehearse

    with project_context.open_project(call) as project:
        options = project_context.plan_options(project, drop_unmanaged=drop_unmanaged, rewrite_tables=rewrite_tables)
        given = {
            "drop_unmanaged": drop_unmanaged,
            "rewrite_tables": rewrite_tables,
            "recreate": call.overrides.get("recreate"),
        }
        plan = project.plan(options) if plan_file is None else saved_plans.plan_again(project, plan_file, given)
        rehearsal = rehearse(project, plan, scratch, rows)
    printer.rehearsal(call, rehearsal)
    return 0 if rehearsal.proved else 1
