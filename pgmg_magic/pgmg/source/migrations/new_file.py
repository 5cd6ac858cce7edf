"""Creates the next migration file of a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgmg.errors import ConfigError, UsageError
from pgmg.source.migrations import numbering

if TYPE_CHECKING:
    from pathlib import Path


def create_migration(folder: Path | None, name: str, sql: str = "") -> Path:
    """Create the next migration file, numbered in the style of the existing ones, and return its path.

    It begins with `name` as a comment; `sql` follows.

    Raises:
        ConfigError: no folder is configured.
        UsageError: the name contains no letter or digit.
    """
    if folder is None:
        raise ConfigError("No migrations folder is configured", hint="set migrations_dir in pgmg.toml")
    slug = numbering.slug(name)
    if not slug:
        raise UsageError(f"{name!r} contains no letter or digit for a file name")
    existing = [entry.name for entry in folder.iterdir() if entry.suffix == ".sql"]
    path = folder / numbering.next_name(existing, slug, datetime.now(UTC))
    with path.open("x", encoding="utf-8") as file:
        file.write(f"-- {' '.join(name.split())}\n\n{sql}")
    return path
