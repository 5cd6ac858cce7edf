"""Notices what a CASCADE in a migration took along that nobody had foreseen (rules 4.5, 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.applying.error_text import names_object
from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.model.plan import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.snapshot import LiveObject, Snapshot

_ALONE = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}
_ON_RELATION = frozenset({Kind.TRIGGER, Kind.POLICY, Kind.RULE})


def unexpected_drops(
    before: Snapshot, now: Snapshot, group: Iterable[Step], plan: Iterable[Step]
) -> tuple[LiveObject, ...]:
    """Return what was there before the group and is gone, although no step drops it and no migration names it."""
    texts = ["\n".join(step.statements) for step in group if step.migration is not None]
    dropped = {step.object for step in plan if step.action is Action.DROP}
    addresses, names = now.by_address, now.objects
    return tuple(
        live
        for name, live in before.objects.items()
        if live.address not in addresses
        and name not in names
        and name not in dropped
        and live.extension is None
        and _is_of_its_own(name, now)
        and not any(names_object(text, name) for text in texts)
    )


def _is_of_its_own(name: ObjectName, now: Snapshot) -> bool:
    """Say whether an object does not simply go with its table."""
    return name.kind in _ALONE or (name.kind in _ON_RELATION and name.parent in now.objects)
