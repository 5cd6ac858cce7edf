"""The objects that DROP … CASCADE would drop, as rows of `pg_depend` tell (PostgreSQL manual, 5.15)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Dependency, DependencyType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.database.snapshot import Address


def cascade(
    dependencies: Iterable[Dependency], seeds: Mapping[Address, str], names: Mapping[Address, str]
) -> dict[Address, str]:
    """Return all addresses that are dropped with the seeds, each with the name of what it depends on.

    `seeds` and `names` are names by address; an address without one, such as a row type, bears that of its own cause.
    """
    following: dict[Address, list[Address]] = defaultdict(list)
    for one in dependencies:
        if one.type is not DependencyType.EXTENSION:
            following[one.referenced].append(one.dependent)
        if one.type is DependencyType.INTERNAL:  # a part is dropped with its whole, and the whole with its part
            following[one.dependent].append(one.referenced)
    found = dict(seeds)
    queue = list(found)
    while queue:
        address = queue.pop()
        cause = seeds.get(address) or names.get(address) or found[address]
        for other in following[address]:
            if other not in found:
                found[other] = cause
                queue.append(other)
    return found
