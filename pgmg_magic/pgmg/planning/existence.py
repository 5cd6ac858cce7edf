"""What exists at one moment between the pending migrations, and what happens then (rules 7.2 to 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Learned
    from pgmg.model.snapshot import Address
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fate import Fates
    from pgmg.planning.web import Web


@dataclass(slots=True)
class Slot:
    """What happens before one pending migration (or, in the last slot, after all of them)."""

    drops: dict[ObjectName, str] = field(default_factory=dict)
    makes: dict[ObjectName, str] = field(default_factory=dict)
    in_place: dict[ObjectName, str] = field(default_factory=dict)
    refreshes: dict[ObjectName, str] = field(default_factory=dict)
    as_it_was: set[ObjectName] = field(default_factory=set)
    """Objects to be made from the catalog's definition, because their new source may not hold yet."""


class Existence:
    """What exists while the migrations are walked through: in its old form, in its new one, or not at the moment."""

    def __init__(self, resolved: ResolvedProject, fates: Fates, learned: Learned) -> None:
        self.resolved, self.fates, self.learned = resolved, fates, learned
        self.web: Web = fates.web
        self.slots = [Slot() for _ in range(len(resolved.pending) + 1)]
        self.vanishing: set[ObjectName] = set()
        self.old = set(resolved.snapshot.objects) | {d.name for d in self.web.definitions.values()}
        self.new: set[ObjectName] = set()
        self.lost: dict[ObjectName, None] = {}
        self.unwelcome: set[ObjectName] = set()
        """What the migration to come has no place for, whether it is there or not."""
        self.addresses: dict[ObjectName, Address] = {d.name: a for a, d in self.web.definitions.items()}

    def drop(self, name: ObjectName, slot: Slot, reason: str, *, explicit: bool) -> None:
        """Drop it in a slot, or let it go with its owner where it cannot be dropped by name."""
        if explicit:
            slot.drops.setdefault(name, reason)
        else:
            self.vanishing.add(name)
        self.old.discard(name)
        self.new.discard(name)
        self.lost[name] = None

    def owner_deleted(self, name: ObjectName) -> bool:
        """Say whether something that it needs is deleted for good."""
        address = self.addresses.get(name)
        if address is None:
            return True
        needs = (self.web.name(link.on) for link in self.web.speaks_of(address))
        return any(self.fates.deleted(name) and not self.resolved.overloads(name) for name in needs)
