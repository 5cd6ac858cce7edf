"""`pgmg restore`: writes an earlier source of an object back into its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.errors import RefusedChange, UsageError
from pgmg.options import FORMAT, OBJECT, PROJECT, SPEECH, TO_ENTRY, YES

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "restore",
    replace(OBJECT, required=True),
    TO_ENTRY,
    YES,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg restore view.user_stats --to 12",
)
def command_(call: Call, *, object: str, to: str | None, yes: bool) -> None:  # noqa: A002 - the argument's name
    """Write an earlier source back into a file.

    It is the one that the object had at a time, or after entry N of the history. The difference is shown and you are
    asked, unless --yes; without a terminal, --yes is required. The database is only read: the next apply brings the
    object to what the file says.
    """
    from pgmg.history import read_restoration, write_restoration

    if to is None:
        raise UsageError("restore needs a time or a number", hint="--to N; `pgmg history OBJECT` lists them")
    if not yes and not call.interactive:
        raise RefusedChange("restore changes a file, and without a terminal it cannot ask", hint="Add --yes.")
    with project_context.open_project(call) as project:
        found = read_restoration(project, object, to)
        if not yes and not found.is_done:
            printer.restoration_question(call, found)
            call.confirm(f"Write this to {found.path}?")
        write_restoration(project, found)
    printer.restoration(call, found)
