"""`pgmg new`: creates the next migration file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.cli import project_context
from pgmg.cli.command import command
from pgmg.errors import ConfigError, UsageError
from pgmg.options import CODE_DIR, CONFIG, ENVIRONMENT, MIGRATIONS_DIR, SPEECH, Argument
from pgmg.source.migrations import numbering

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "new",
    Argument("name", "NAME", required=True),
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
    folder = project_context.load_settings(call).migrations_dir
    if folder is None:
        raise ConfigError("No migrations folder is configured", hint="set migrations_dir in pgmg.toml")
    slug = numbering.slug(name)
    if not slug:
        raise UsageError(f"{name!r} contains no letter or digit for a file name")
    existing = [entry.name for entry in folder.iterdir() if entry.suffix == ".sql"]
    path = folder / numbering.next_name(existing, slug, datetime.now(UTC))
    with path.open("x", encoding="utf-8") as file:
        file.write(f"-- {' '.join(name.split())}\n\n")
    call.result(str(Path(os.path.relpath(path))))
