"""Notices what is declared with a name that another object has taken while migrations ran (rules 4.3, 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pgmg.planning.web import owners_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.catalog_details import Dependency
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Step
    from pgmg.model.snapshot import Address, LiveObject, Snapshot

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
    plan: Iterable[Step],
) -> dict[Address, tuple[LiveObject, ObjectName]]:
    """Return what was declared over an object that has moved and still stands on it, with the name that it speaks of.

    What a step makes or replaces has been read with the names as they are now.
    """
    touched = {step.object for step in plan}
    dependencies = tuple(dependencies)
    owners = owners_of(dependencies)
    found: dict[Address, tuple[LiveObject, ObjectName]] = {}
    for dependency in dependencies:
        name = _of_whole(dependency.referenced, moved, owners)
        user = _of_whole(dependency.dependent, before.by_address, owners)
        if name is None or user is None or user.address not in now.by_address:
            continue
        if str(user.name) in before.state and user.name not in touched:
            found.setdefault(user.address, (user, name))
    return found


def _of_whole(address: Address, known: Mapping[Address, _Known], owners: Mapping[Address, Address]) -> _Known | None:
    """Return what is known of an address, or of what it is a part of: a view, for its rule."""
    while address not in known and address in owners:
        address = owners[address]
    return known.get(address)
