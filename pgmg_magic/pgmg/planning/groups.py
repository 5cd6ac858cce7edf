"""Where a plan falls into groups that commit by themselves, and what each of them must already hold (rule 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.source import Effect, Migration, StatementKind
from pgmg.planning.reach import SHAPE

if TYPE_CHECKING:
    from pgmg.model.names import ObjectName
    from pgmg.planning.compare.resolved import ResolvedProject


def runs_alone(migration: Migration) -> bool:
    """Say whether a migration cannot share a transaction (rule 9.2)."""
    return migration.no_transaction or any(s.kind is StatementKind.OUTSIDE for s in migration.statements)


def waits_for_migration(resolved: ResolvedProject, name: ObjectName, index: int) -> bool:
    """Say whether a declared object refers to something that a migration from `index` on makes or alters."""
    uses = {use.object for use in resolved.declared[name].uses}
    return any(
        other in uses
        for m in resolved.pending[index:]
        for a in m.alterations
        if a.effect in SHAPE | {Effect.CREATE}
        for other in resolved.resolver.altered(a)
    )


def end_of_group(resolved: ResolvedProject, name: ObjectName, index: int) -> int:
    """Return the slot in which an object is to follow what migration `index` altered.

    It is the last one of the migration's own group, for the next run would not know what this one made stale.
    """
    last = len(resolved.pending)
    if waits_for_migration(resolved, name, index + 1):
        return last
    return next((n for n in range(index + 1, last) if runs_alone(resolved.pending[n])), last)
