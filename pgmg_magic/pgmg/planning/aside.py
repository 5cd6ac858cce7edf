"""Puts aside what an earlier pending migration made and what is in the way of a later step (rules 4.5, 8.1).

Built from nothing, a database has no catalog entry of it yet: only the server says that it is in the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.names import BLOCKING_KINDS, ObjectName
from pgmg.model.source import Effect, Target
from pgmg.planning.existence import Existence

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgmg.model.plan import Learned
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fate import Fates

_LEAVES = (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA)


@dataclass(slots=True)
class SetAside:
    """What migrations made and is dropped for a while, with what it uses; by slot, what goes and what comes back."""

    uses: dict[ObjectName, tuple[ObjectName, ...]] = field(default_factory=dict)
    drops: list[dict[ObjectName, str]] = field(default_factory=list)
    returns: list[dict[ObjectName, str]] = field(default_factory=list)


class Aside(Existence):
    """What goes aside, and comes back as soon as all that it uses is there."""

    def __init__(self, resolved: ResolvedProject, fates: Fates, learned: Learned) -> None:
        super().__init__(resolved, fates, learned)
        self.aside = SetAside(
            drops=[{} for _ in self.slots],
            returns=[{} for _ in self.slots],
        )
        self._away: dict[ObjectName, None] = {}

    def put_aside(self, index: int) -> None:
        """Drop what was found to be in the way in this slot; bring back what is not, if it lacks nothing any more."""
        last = index == len(self.resolved.pending)
        about = "" if last else self.resolved.pending[index].name
        hindering = self._hindering([target for migration, target in self.learned.born if migration == about], index)
        for name in hindering:
            if name not in self._away:
                self.aside.drops[index][name] = f"in the way of {about or 'what changes'}"
                self._away[name] = None
        self.aside.uses |= hindering
        for name in list(self._away):
            lacks = name in hindering or any(used in self.lost or used in self._away for used in self.aside.uses[name])
            if last or not lacks:
                self.aside.returns[index][name] = "as the migration made it"
                del self._away[name]

    def _hindering(self, targets: Collection[Target], index: int) -> dict[ObjectName, tuple[ObjectName, ...]]:
        """Return what was found in the way, and what was made upon it, with what each uses; users come last."""
        found: dict[ObjectName, tuple[ObjectName, ...]] = {}
        for name, (target, uses) in self._made_before(index).items() if targets else ():
            if target in targets or not found.keys().isdisjoint(uses):
                found[name] = uses
        return found

    def _made_before(self, index: int) -> dict[ObjectName, tuple[Target, tuple[ObjectName, ...]]]:
        """Return what migrations before a slot make and leave, in their order, with what it uses."""
        resolver = self.resolved.resolver
        found: dict[ObjectName, tuple[Target, tuple[ObjectName, ...]]] = {}
        for migration in self.resolved.pending[:index]:
            for statement in migration.statements:
                for alteration in statement.alterations:
                    about = resolver.altered(alteration)
                    if alteration.effect in _LEAVES:
                        became = dict(zip(about, resolver.became(alteration), strict=False))
                        known = {name: found.pop(name) for name in about if name in found}
                        found |= {became[name]: what for name, what in known.items() if name in became}
                    if alteration.effect is Effect.CREATE and alteration.target.kind in BLOCKING_KINDS:
                        uses = tuple(use.object for use in resolver.uses(statement.references))
                        found[about[0]] = (alteration.target, uses)
        return found
