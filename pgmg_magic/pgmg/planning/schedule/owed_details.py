"""Plans with objects that an earlier apply has dropped, and whose recreation it owes (rule 9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Closure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.catalog_details import CatalogDetails
    from pgmg.model.database.owed_objects import OwedObject


def with_owed(details: CatalogDetails, owed: Iterable[OwedObject]) -> CatalogDetails:
    """Return the details of the catalog as if the owed objects were in it: their definitions, and what they need."""
    found = list(owed)
    if not found:
        return details
    definitions = {**details.closure.definitions, **{one.address: one.definition for one in found}}
    needs = tuple(need for one in found for need in one.needs)
    return replace(details, closure=Closure(definitions, (*details.closure.dependencies, *needs)))
