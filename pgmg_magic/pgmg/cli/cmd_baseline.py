"""`pgmg baseline`: records migrations as applied without running them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, PROJECT, SPEECH, YES, Argument

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "baseline",
    Argument("name", "[NAME]"),
    YES,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg baseline 007_add_orders_table.sql",
)
def command_(call: Call, *, name: str | None, yes: bool) -> None:
    """Record migrations as applied without running them.

    All pending migrations, or those up to NAME, for a database that already has their tables. They are listed first;
    on a terminal you are asked.
    """
    with project_context.open_project(call) as project:
        pending = project.pending(name)
        if pending:
            listed = "\n".join(f"  - {migration}" for migration in pending)
            call.info(f"Migrations to record as applied, without running them:\n{listed}")
            if call.interactive and not yes:
                call.confirm("Record them?")
        recorded = project.baseline(name) if pending else ()
    printer.baseline(call, recorded)
