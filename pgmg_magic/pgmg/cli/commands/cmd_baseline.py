"""`pgmg baseline`: records migrations as applied without running them, and corrects single records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.errors import UsageError
from pgmg.model.results.record_changes import RecordChanges
from pgmg.options import FORMAT, MIGRATION, PROJECT, RECORD_CHANGES, SPEECH, YES

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call
    from pgmg.project import Project


@command(
    "baseline",
    MIGRATION,
    *RECORD_CHANGES,
    YES,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg baseline 007_add_orders_table.sql",
)
def command_(
    call: Call,
    *,
    name: str | None,
    only: tuple[str, ...],
    rename: tuple[tuple[str, str], ...],
    forget: tuple[str, ...],
    accept_edit: tuple[str, ...],
    yes: bool,
) -> None:
    """Record migrations as applied without running them.

    All pending migrations, or those up to NAME, for a database that already has their tables. They are listed first;
    on a terminal you are asked. The options correct single records instead and leave all others as they are.
    """
    changes = RecordChanges(only, rename, forget, accept_edit)
    if name is not None and not changes.is_empty:
        raise UsageError(f"NAME and an option are given: {name} means all migrations up to it.", hint="--only NAME")
    with project_context.open_project(call) as project:
        if not changes.is_empty:
            _correct(call, project, changes, yes=yes)
            return
        pending = project.pending(name)
        if pending:
            listed = "\n".join(f"  - {migration}" for migration in pending)
            call.info(f"Migrations to record as applied, without running them:\n{listed}")
            if call.interactive and not yes:
                call.confirm("Record them?")
        recorded = project.baseline(name) if pending else ()
    printer.baseline(call, recorded)


def _correct(call: Call, project: Project, wanted: RecordChanges, *, yes: bool) -> None:
    """Show what becomes of the records, ask, and change them."""
    from pgmg.render.text.results.record_lines import intentions

    planned = project.change_records(wanted, dry_run=True)
    if not planned.is_empty:
        listed = "\n".join(f"  - {line}" for line in intentions(planned))
        call.info(f"Nothing is run. In {project.server}:\n{listed}")
        if call.interactive and not yes:
            call.confirm("Change the records?")
    printer.record_changes(call, project.change_records(wanted) if not planned.is_empty else planned)
