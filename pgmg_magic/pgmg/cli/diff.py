"""`pgmg diff`: shows differences as SQL."""

from __future__ import annotations

from pgmg.cli import opening, showing
from pgmg.cli.call import Call
from pgmg.cli.command import command
from pgmg.options import FORMAT, OBJECTS, PROJECT, SPEECH


@command(
    "diff",
    OBJECTS,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg diff view.user_stats",
)
def command_(call: Call, *, objects: tuple[str, ...]) -> None:
    """Show differences as SQL.

    From what was applied to the source; where the database drifted, from what it has to the source.
    """
    with opening.open_project(call) as project:
        changes = project.diff(objects)
    showing.changes(call, changes)
