"""`pgmg history`: what was applied when, by whom and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, OBJECT, PROJECT, SPEECH

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command("history", OBJECT, FORMAT, *PROJECT, *SPEECH, example="pgmg history view.user_stats")
def command_(call: Call, *, object: str | None) -> None:  # noqa: A002 - the argument's name
    """Show what was applied when and by whom.

    Each entry names the role, the checkout and the commit. With OBJECT only what changed it, with the difference from
    version to version. --format json has all sources.
    """
    from pgmg.history import read_history

    with project_context.open_project(call) as project:
        found = read_history(project, object)
    printer.history(call, found)
