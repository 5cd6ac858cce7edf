"""`pgmg status`: shows project and database on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, PROJECT, SPEECH

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "status",
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg status --environment staging",
)
def command_(call: Call) -> None:
    """Show project and database on one screen.

    Connection, applied and pending migrations, objects by kind, changes, drift and warnings.
    """
    with project_context.open_project(call) as project:
        status = project.status()
    printer.status(call, status)
