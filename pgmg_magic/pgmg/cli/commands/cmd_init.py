"""`pgmg init`: creates a project, or the missing parts of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli.command import command
from pgmg.config.new_project import create_project
from pgmg.options import CODE_DIR, MIGRATIONS_DIR, SPEECH

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "init",
    MIGRATIONS_DIR,
    CODE_DIR,
    *SPEECH,
    example="pgmg init",
)
def command_(call: Call) -> None:
    """Write a commented pgmg.toml and the folders.

    In the current folder; existing files are not changed. The folder .pgmg/ of the embedded server is added to
    .gitignore; the JSON Schema in it, for editors, is written again each time.
    """
    call.result("\n".join(create_project(call.overrides)))
    call.info('Next: pgmg new "first tables", then write views and functions in the code folder, then pgmg plan.')
