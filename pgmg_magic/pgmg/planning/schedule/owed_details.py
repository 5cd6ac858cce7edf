"""Plans with objects that an earlier apply has dropped, and whose recreation it owes (rule 9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Closure
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.model.database.catalog_details import CatalogDetails
    from pgmg.model.database.owed_objects import OwedObject
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.lifetimes import Lifetimes


def with_owed(details: CatalogDetails, owed: Iterable[OwedObject]) -> CatalogDetails:
    """Return the details of the catalog as if the owed objects were in it: their definitions, and what they need."""
    found = list(owed)
    if not found:
        return details
    definitions = {**details.closure.definitions, **{one.address: one.definition for one in found}}
    needs = tuple(need for one in found for need in one.needs)
    return replace(details, closure=Closure(definitions, (*details.closure.dependencies, *needs)))


def absent_between_commits(context: PlanContext, lifetimes: Lifetimes) -> Iterator[Notice]:
    """Say of which objects readers find nothing from one commit of the plan to another."""
    statements = context.timeline.statements
    for key, ids in lifetimes.owed.items():
        names = sorted({context.timeline.state(key.point).name_of(id_).display_name for id_ in ids})
        if not names:
            continue
        said = f"{names[0]} does" if len(names) == 1 else f"{', '.join(names)} do"
        if key.point < len(statements):
            when = f"while {statements[key.point].source.name} runs: the transaction before it drops what blocks it"
        else:
            when = "from the commit of the last migration to the next one"
        yield Notice("absent-between-commits", f"{said} not exist {when}.")
