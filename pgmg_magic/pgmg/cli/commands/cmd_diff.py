"""`pgmg diff`: shows differences of SQL, or of the rows of views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, OBJECTS, PROJECT, ROW_OPTIONS, SPEECH, row_options

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "diff",
    OBJECTS,
    *ROW_OPTIONS,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg diff view.user_stats --rows",
)
def command_(call: Call, *, objects: tuple[str, ...], rows: bool, **compared: object) -> None:
    """Show the differences of SQL, or of rows.

    Between the applied state and the files; for drifted objects, between database and files. With --rows, the rows of
    views are compared as they are and as apply will leave them. Only reads; pending functions and types, and rights of
    owners, are had as temporary objects in a transaction that is rolled back.
    """
    chosen = row_options(compared, asked=rows)
    with project_context.open_project(call) as project:
        if rows:
            printer.rows(call, project.diff_rows(objects, chosen))
        else:
            printer.changes(call, project.diff(objects))
