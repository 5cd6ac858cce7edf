"""Folders, roles and dumps of random projects."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psycopg

from tests.property.world import APP, BOSS, READER

_ALIASES = re.compile(r"""(?<=\(\) )("?)b\1\([^()]*\)""")
_CASTS = re.compile(r"""\(*'x'(?:::[a-z" ]+(?:\(\d+\))?\)*)+""")


def create_roles(admin: psycopg.Connection) -> None:
    """Create the roles of random projects, unless another worker has done so."""
    for role, option in ((APP, ""), (READER, ""), (BOSS, "SUPERUSER")):
        make = f"CREATE ROLE {role} {option}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
        admin.execute(f"DO $$ BEGIN {make} END $$")


def write(root: Path, files: dict[str, str]) -> None:
    """Write the files of a project in the place of those that it had."""
    for folder in ("migrations", "sql"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def told_anew(texts: dict[str, str]) -> dict[str, str]:
    """Leave out of a dump what only shows the past: aliases of a function's rows, and casts in undeclared defaults."""
    plain = {key: _ALIASES.sub("b", text) for key, text in texts.items()}
    return {key: _CASTS.sub("'x'", text) if key.lower().startswith("table") else text for key, text in plain.items()}
