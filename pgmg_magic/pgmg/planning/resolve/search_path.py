"""Reads which schemas a search_path names: as files set it, and as it will be once migrations have run (rule 1.8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.database.snapshot import Snapshot


def path_with_new_schemas(snapshot: Snapshot, pending: Sequence[Migration]) -> tuple[str, ...]:
    """Return the search_path as it will be once pending migrations have made the schemas that it names."""
    server = snapshot.server
    made = {
        alteration.target.parts[-1]
        for migration in pending
        for alteration in migration.alterations
        if alteration.effect is Effect.CREATE and alteration.target.kind is Kind.SCHEMA
    }
    wanted = schemas_of(server.setting, server.user)
    if not made.intersection(wanted):
        return server.search_path
    return tuple(name for name in dict.fromkeys(wanted) if name in server.search_path or name in made)


def schemas_of(setting: str, user: str) -> tuple[str, ...]:
    """Return the schemas that a setting of search_path names, for a role of the name `user`."""
    named = (_unquoted(name) for name in setting.split(","))
    return tuple(user if name == "$user" else name for name in named if name)


def search_path_of(settings: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the search_path that SET statements leave in force, or None where they say nothing of it."""
    path: tuple[str, ...] | None = None
    for setting in settings:
        if found := re.match(
            r"\s*SET\s+(?:LOCAL\s+|SESSION\s+)?search_path\s*(?:=|\bTO\b)\s*(.*)", setting, re.IGNORECASE | re.DOTALL
        ):
            names = [_unquoted(name) for name in found.group(1).split(",")]
            path = tuple(name for name in names if name and name != "pg_catalog")
    return path


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        return name[1:-1].replace(name[0] * 2, name[0])
    return name.lower()
