"""Finds what reads by `*` a view that gets more columns in place: left alone, it would go on showing the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.model.plan import ChangeKind
from pgmg.planning.kinds.rules import AlterInPlace, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.catalog_details import CatalogDetails
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject

_READERS = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}


def read_anew(
    resolved: ResolvedProject,
    strategies: Mapping[ObjectName, Strategy],
    differences: Mapping[ObjectName, ObjectComparison],
    details: CatalogDetails,
) -> tuple[ObjectName, ...]:
    """Return live objects of unchanged source that have to be made or replaced from it, as what they read has grown."""
    grown = {
        name for name, strategy in strategies.items() if isinstance(strategy, AlterInPlace) and _grows(name, details)
    }
    found: dict[ObjectName, None] = {}
    size = 0
    while len(grown) != size:
        size = len(grown)
        for name, declared in resolved.declared.items():
            if name in grown or name.kind not in _READERS or name not in resolved.snapshot.objects:
                continue
            if not any(use.star and use.object in grown for use in declared.uses):
                continue
            if name in strategies:
                grown.add(name)  # replaced anyway
            elif differences[name].change in (None, ChangeKind.FORMATTING):
                grown.add(name)
                found[name] = None
    return tuple(found)


def _grows(name: ObjectName, details: CatalogDetails) -> bool:
    shape, live = details.shapes.get(name), details.facts.get(name)
    return (
        shape is not None
        and live is not None
        and shape.error is None
        and len(shape.columns) > len(live.values.get("columns", ()))
    )
