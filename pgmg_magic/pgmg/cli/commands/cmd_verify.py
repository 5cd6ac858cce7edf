"""`pgmg verify`: says what of a report or saved plan is still true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import error_report, printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, PROJECT, REPORT_FILE, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command("verify", REPORT_FILE, FORMAT, *PROJECT, *SPEECH, example="pgmg verify plan.html")
def command_(call: Call, *, report: Path) -> int:
    """Say what of a report or saved plan is still true.

    REPORT is what `pgmg plan` wrote with --format html or markdown, or with --out. Names the files, migrations,
    records, objects, server and steps that have changed since. Exits with 3 where anything has. Your database is only
    read.
    """
    from pgmg.verifier import verify

    with project_context.open_project(call) as project:
        found = verify(project, report)
    printer.verification(call, found)
    return 0 if found.holds else error_report.PENDING
