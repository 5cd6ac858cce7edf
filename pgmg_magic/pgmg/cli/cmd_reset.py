"""`pgmg reset`: takes everything away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.errors import RefusedChange
from pgmg.options import ALL, FORMAT, PROJECT, SPEECH, YES

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "reset",
    ALL,
    YES,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg reset --yes",
)
def command_(call: Call, *, all: bool, yes: bool) -> None:  # noqa: A002 - the option's name
    """Drop every managed object and forget all state.

    With --all the user schemas are emptied, tables and their data included. You are shown what would be dropped and
    asked, unless --yes; without a terminal and without --yes it refuses.
    """
    if not yes and not call.interactive:
        raise RefusedChange("reset drops what is in the database, and nobody is here to ask", hint="pgmg reset --yes")
    with project_context.open_project(call) as project:
        if not yes:
            statements = project.reset(everything=all, dry_run=True)
            call.info("\n".join(f"  {statement};" for statement in statements) or "  nothing is there to drop")
            what = "Drop all this, with all data," if all else "Drop all this and forget all state"
            call.confirm(f"{what} in {project.server}?")
        done = project.reset(everything=all)
    printer.reset(call, done)
