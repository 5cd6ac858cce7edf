"""Chooses what some files declare, with what that needs: all other changes are left for another time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.plan import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison


def outside_of(paths: Collection[str], comparison: Comparison) -> tuple[ObjectComparison, ...]:
    """Return the changes that neither these files declare, or declared before, nor what they declare needs."""
    changed = {d.name: d for d in comparison.differences if d.change is not None}
    kept = _with_needs(_own(paths, changed.values(), comparison), changed.keys(), comparison)
    return tuple(difference for name, difference in changed.items() if name not in kept)


def declared_in(paths: Collection[str], comparison: Comparison) -> frozenset[ObjectName]:
    """Return what files declare."""
    declared = comparison.resolved.declared
    return frozenset(name for name, one in declared.items() if one.source.location.path in paths)


def _own(paths: Collection[str], changed: Iterable[ObjectComparison], comparison: Comparison) -> frozenset[ObjectName]:
    deleted = (d.name for d in changed if d.change is ChangeKind.DELETED and d.row is not None and d.row.path in paths)
    return declared_in(paths, comparison).union(deleted)


def _with_needs(
    names: Iterable[ObjectName], changed: Collection[ObjectName], comparison: Comparison
) -> set[ObjectName]:
    """Add changed objects that these use, directly or through other changed ones."""
    declared = comparison.resolved.declared
    found = set(names)
    queue = list(found)
    for name in queue:
        used = [use.object for use in declared[name].uses] if name in declared else []
        if name.parent is not None:
            used.append(name.parent)
        fresh = [other for other in used if other in changed and other not in found]
        found.update(fresh)
        queue += fresh
    return found
