"""Notices what is declared with a name that another object has taken while migrations ran (rules 4.3, 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pgmg.planning.demands.dependencies import wholes_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pgmg.model.database.catalog_details import Dependency
    from pgmg.model.database.snapshot import Address, LiveObject, Snapshot
    from pgmg.model.naming.names import ObjectName

_Known = TypeVar("_Known")


def shadowed_objects(before: Snapshot, now: Snapshot) -> dict[Address, ObjectName]:
    """Return objects that are still there under another name, because one that was not theirs stands in their place."""
    places = {name.name_key: live.address for name, live in now.objects.items()}
    return {
        live.address: name
        for name, live in before.objects.items()
        if live.address in now.by_address and places.get(name.name_key, live.address) != live.address
    }


def users_of_old_object(
    moved: Mapping[Address, ObjectName],
    dependencies: Iterable[Dependency],
    before: Snapshot,
    now: Snapshot,
    managed: Collection[ObjectName],
    created_later: Collection[ObjectName],
) -> dict[Address, tuple[LiveObject, ObjectName]]:
    """Return managed objects that still depend on an object that has another name now, with the name they were to use.

    What is `created_later`, or replaced, uses the names as they are now.
    """
    dependencies = tuple(dependencies)
    owners = wholes_of(dependencies)
    found: dict[Address, tuple[LiveObject, ObjectName]] = {}
    for dependency in dependencies:
        name = _of_whole(dependency.referenced, moved, owners)
        user = _of_whole(dependency.dependent, before.by_address, owners)
        if name is None or user is None or user.address not in now.by_address:
            continue
        is_managed = str(user.name) in before.state or user.name in managed
        if is_managed and user.name not in created_later:
            found.setdefault(user.address, (user, name))
    return found


def _of_whole(address: Address, known: Mapping[Address, _Known], owners: Mapping[Address, Address]) -> _Known | None:
    """Return what is known of an address, or of what it is a part of: a view, for its rule."""
    while address not in known and address in owners:
        address = owners[address]
    return known.get(address)
