"""`pgmg reset`: drops all managed objects and pgmg's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.errors import RefusedChange
from pgmg.options import ALL, FORMAT, INCLUDING, PROJECT, SPEECH, YES

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "reset",
    ALL,
    INCLUDING,
    YES,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg reset --yes",
)
def command_(call: Call, *, all: bool, including: tuple[str, ...], yes: bool) -> None:  # noqa: A002 - the option's name
    """Drop every managed object and pgmg's records.

    With --all, empty the user schemas, including tables and their data. The statements are shown and you are asked,
    unless --yes; without a terminal, --yes is required. Other projects in the same database are left alone: --all
    refuses where it finds one, unless each is named by its state schema with --including. Objects that the setting
    ignore covers stay, with their records.
    """
    from pgmg.render.text.results.reset_lines import reset_preview

    if not yes and not call.interactive:
        raise RefusedChange("reset drops objects, and without a terminal it cannot ask", hint="`pgmg reset --yes`")
    with project_context.open_project(call) as project:
        if not yes:
            planned = project.reset(everything=all, including=including, dry_run=True)
            call.info("\n".join(reset_preview(planned, max(call.verbosity, 0))))
            question = "Drop all this, including all data," if all else "Drop all this and pgmg's records"
            call.confirm(f"{question} in {project.server}?")
        done = project.reset(everything=all, including=including)
    printer.reset(call, done)
