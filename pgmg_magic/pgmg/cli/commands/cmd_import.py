"""`pgmg import`: writes project files for what an existing database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import error_report, printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, IMPORT, OBJECTS, PROJECT, SPEECH, import_options

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command("import", OBJECTS, *IMPORT, FORMAT, *PROJECT, *SPEECH, example="pgmg import --baseline")
def command_(
    call: Call,
    *,
    objects: tuple[str, ...],
    dry_run: bool,
    **chosen: object,
) -> int:
    """Write project files for what the database holds.

    One file an object below the code folder, recorded as applied, so that the next plan is empty. --baseline also
    writes tables, sequences, schemas and extensions as the first migration, recorded as applied. Files that exist are
    not overwritten; what cannot be declared is listed.
    """
    from pgmg.importing import Importer

    with project_context.open_project(call) as project:
        report = Importer(project.settings, project.connect, call.info).run(
            import_options(objects, chosen), dry_run=dry_run
        )
    printer.imported(call, report)
    return 0 if report.proof.holds else error_report.UNPROVED
