"""`pgmg new`: creates the next migration file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.cli import project_context
from pgmg.cli.command import command
from pgmg.options import CODE_DIR, CONFIG, ENVIRONMENT, MIGRATIONS_DIR, NEW_NAME, SPEECH
from pgmg.source.migrations.new_file import create_migration

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "new",
    NEW_NAME,
    MIGRATIONS_DIR,
    CODE_DIR,
    CONFIG,
    ENVIRONMENT,
    *SPEECH,
    example='pgmg new "add orders table"',
)
def command_(call: Call, *, name: str) -> None:
    """Create the next migration file.

    It is numbered in the style of the existing files; its path is printed.
    """
    path = create_migration(project_context.load_settings(call).migrations_dir, name)
    call.result(str(Path(os.path.relpath(path))))
