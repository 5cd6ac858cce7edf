"""Finds definitions that a pending migration outdates before they are used: it renames what they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.source import Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.names import ObjectName
    from pgmg.planning.resolve.resolver import Resolver

_MOVES = (Effect.RENAME, Effect.RENAME_COLUMN, Effect.SET_SCHEMA)


def moved(migration: Migration, resolver: Resolver) -> set[ObjectName]:
    """Return what a migration renames, or has a column of renamed; under the names before it."""
    alterations = (a for a in migration.alterations if a.effect in _MOVES)
    return {name for alteration in alterations for name in resolver.altered(alteration)}


def outdated_by(needs: Iterable[ObjectName], earlier: Iterable[Migration], resolver: Resolver) -> Migration | None:
    """Return the first of the migrations that moves something of what a definition needs."""
    needed = set(needs)
    return next((migration for migration in earlier if needed & moved(migration, resolver)), None)
