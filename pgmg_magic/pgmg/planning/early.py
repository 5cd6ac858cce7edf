"""Brings about, before a migration runs, what it finds there: what it uses, what its rows meet (rule 7.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.names import ROUTINES, Kind, ObjectName, migration_name
from pgmg.model.source import Effect, Migration
from pgmg.planning.aside import Aside
from pgmg.planning.groups import waits_for_migration
from pgmg.planning.kinds.rules import AlterInPlace, RecreateObject
from pgmg.planning.outdated import moved, outdated_by

if TYPE_CHECKING:
    from pgmg.model.snapshot import Address
    from pgmg.planning.existence import Slot
    from pgmg.planning.resolve.declared import Declared

Reasons = Mapping[ObjectName, tuple[str, tuple[ObjectName, ...]]]
_MEET_ROWS = frozenset({Kind.COLUMN_DEFAULT, Kind.CONSTRAINT, Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.INDEX})
"""What a table has that rows written to it meet."""


class Early(Aside):
    """What happens in the slots before migrations, beyond drops for their sake."""

    def prepare(self, index: int, reasons: Reasons) -> None:
        """Make, replace or restore what a pending migration needs; `reasons` are of drops for this very migration."""
        migration = self.resolved.pending[index]
        self._restore_in_time(index, migration)  # while they can still come back under the old names
        needed = self._needed(index)
        early: list[Address] = []
        for name in needed:
            self._remake(name, index, migration, early)
        for name in needed:
            self._make(name, index, migration, reasons)
        self._put_back(early, index, migration)
        self._restore_in_time(index, migration, {self.web.name(address) for address in early})

    def _needed(self, index: int) -> list[ObjectName]:
        """Return declared objects that a migration uses and that are not there, with what they need themselves."""
        wanted: dict[ObjectName, None] = {}
        migration = self.resolved.pending[index]
        queue = [use.object for use in self.resolved.needs[index]]
        for name in self._spoken_of(index, migration) & self.lost.keys() - self.resolved.declared.keys():
            address = self.addresses.get(name)
            queue += [self.web.name(link.on) for link in self.web.needs(address)] if address is not None else []
        missed = self._waited_for(migration)
        queue += missed
        made_here = {
            n
            for a in migration.alterations
            if not a.effect.keeps_dependents_valid
            for n in self.resolved.resolver.altered(a)
        }
        while queue:
            name = queue.pop()
            declared = self.resolved.declared.get(name)
            if declared is None or name in wanted or name in self.new:
                continue
            if name not in missed and (name in made_here or self._made_later(name, index)):
                continue
            wanted[name] = None
            queue += [use.object for use in declared.uses if use.hard or self._is_bodily(declared, use.object)]
        return list(wanted)

    def _waited_for(self, migration: Migration) -> set[ObjectName]:
        """Return what the server found to be missing."""
        return {on for name, on in self.learned.waits if name == migration_name(migration.name)}

    def _is_bodily(self, declared: Declared, used: ObjectName) -> bool:
        """A body may call declared functions and read declared views; they come along where they can."""
        return declared.name.kind in ROUTINES and used in self.resolved.declared and used.kind is not Kind.TABLE

    def _made_later(self, name: ObjectName, index: int) -> bool:
        """Say whether a migration still to come makes it, rather than renaming or dropping the one there is first."""
        effects = (
            a.effect
            for m in self.resolved.pending[index:]
            for a in m.alterations
            if not a.effect.keeps_dependents_valid and not a.if_exists and name in self.resolved.resolver.altered(a)
        )
        return next(effects, None) is Effect.CREATE

    def _make(
        self,
        name: ObjectName,
        index: int,
        migration: Migration,
        reasons: Reasons,
    ) -> None:
        slot = self.slots[index]
        if name in self.old:
            strategy = self.fates.strategies.get(name)
            changes = isinstance(strategy, AlterInPlace) and bool(strategy.statements)
            if changes and not waits_for_migration(self.resolved, name, index):
                slot.in_place[name] = f"{migration.name} needs it"
                self.new.add(name)
            return
        if name in reasons and name in self.lost and name in slot.drops:
            return  # dropped because of this very migration: it cannot be there before it
        slot.makes[name] = f"{migration.name} needs it"
        self.new.add(name)
        self.lost.pop(name, None)

    def _remake(self, name: ObjectName, index: int, migration: Migration, early: list[Address]) -> None:
        """Drop what has to be made again, or gives way to it, before the migration can come to depend on it."""
        if waits_for_migration(self.resolved, name, index):
            return
        if name in self.old:
            roots = (
                [name] if name in self.addresses and isinstance(self.fates.strategies.get(name), RecreateObject) else []
            )
        else:
            roots = self._given_up_for(name)
        reason = f"{migration.name} needs {name.display_name}"
        for other, explicit in self.web.above([self.addresses[n] for n in roots], self.fates.spare).items():
            if self.web.name(other) in self.old:
                self.drop(self.web.name(other), self.slots[index], reason, explicit=explicit)
                early.append(other)

    def _put_back(self, early: list[Address], index: int, migration: Migration) -> None:
        """What a table had comes back at once where it can: the rows that the migration writes are to meet it."""
        for address in reversed(early):
            name = self.web.name(address)
            if name.kind not in _MEET_ROWS or name not in self.lost or self.owner_deleted(name):
                continue
            if any(
                self.web.name(link.on) in self.lost for link in self.web.needs(address) if not self._replaced(link.on)
            ):
                continue
            if name in self.resolved.declared and waits_for_migration(self.resolved, name, index):
                continue
            self.slots[index].makes[name] = f"back before {migration.name}"
            self.lost.pop(name)
            (self.new if name in self.resolved.declared else self.old).add(name)

    def _replaced(self, address: Address) -> bool:
        """Say whether a deleted routine has another signature by now."""
        return any(name in self.new | self.old for name in self.resolved.overloads(self.web.name(address)))

    def _given_up_for(self, name: ObjectName) -> list[ObjectName]:
        """Return the old signatures of a routine: beside the new one, they could make a call ambiguous."""
        return [n for n in self.addresses if n.overloads(name) and n in self.old and self.fates.deleted(n)]

    def _restore_in_time(self, index: int, migration: Migration, early: Collection[ObjectName] = ()) -> None:
        """Bring back what nobody declared before a migration speaks of it, or renames what its definition speaks of.

        What the migration itself has no place for stays away; not so what went `early`, for something that it uses.
        """
        slot, spoken = self.slots[index], self._spoken_of(index, migration)
        away = slot.drops.keys() | self.unwelcome
        for name in [n for n in self.lost if n not in self.resolved.declared and (n in early or n not in away)]:
            address = self.addresses.get(name)
            if address is None or self.fates.deleted(name) or self.owner_deleted(name):
                continue
            needs = {self.web.name(link.on) for link in self.web.needs(address)}
            if needs & self.lost.keys():
                continue
            if name in spoken or name in self.learned.soon or needs & moved(migration, self.resolved.resolver):
                slot.makes[name] = f"restored before {migration.name}"
                self.lost.pop(name)
                self.old.add(name)

    def _spoken_of(self, index: int, migration: Migration) -> set[ObjectName]:
        """Return what a migration uses or alters, constraints and defaults of tables included."""
        found = {use.object for use in self.resolved.needs[index]} | self._waited_for(migration)
        for alteration in migration.alterations:
            altered = self.resolved.resolver.altered(alteration)
            found.update(altered)
            if alteration.member is not None:
                kinds = (Kind.CONSTRAINT, Kind.COLUMN_DEFAULT)
                parents = (*altered, *(replace(name, kind=Kind.TABLE) for name in altered))
                found.update(ObjectName(kind, alteration.member, parent=name) for name in parents for kind in kinds)
        return found

    def mend(self, index: int, slot: Slot) -> None:
        """Before a migration that commits by itself, all that was dropped comes back (rule 9.2)."""
        lost = [n for n in self.lost if n not in slot.drops and not self.fates.deleted(n)]
        late = self._in_no_words(lost, index)
        for name in lost:
            if name in late:
                continue
            slot.makes[name] = "a group makes again what it dropped"
            if self._in_new_words(name, index):
                self.new.add(name)
            else:
                slot.as_it_was.add(name)
                self.old.add(name)
        for name in slot.makes:
            self.lost.pop(name, None)

    def _in_new_words(self, name: ObjectName, index: int) -> bool:
        difference = self.fates.differences.get(name)
        return difference is None or difference.change is None or self._holds_already(name, index)

    def _in_no_words(self, lost: list[ObjectName], index: int) -> set[ObjectName]:
        """Return declared objects that come back later: their new source does not hold yet, their old words no more.

        What is upon them waits as well. Nobody declared some of that: then all are tried in their old words.
        """
        found: set[ObjectName] = set()
        for name in lost:
            address = self.addresses.get(name)
            if address is None or self._in_new_words(name, index):
                continue
            needs = {self.web.name(link.on) for link in self.web.needs(address)}
            if outdated_by(needs, self.resolved.pending[:index], self.resolved.resolver):
                found |= {self.web.name(above) for above in self.web.above([address])} & set(lost)
        return found if found <= self.resolved.declared.keys() else set()

    def _holds_already(self, name: ObjectName, index: int) -> bool:
        """Say whether a changed object finds all that its new source needs before the last migration has run."""
        there = self.old | self.new | self.lost.keys()
        needed = [use.object for use in self.resolved.declared[name].uses if use.object in self.resolved.declared]
        return all(n in there for n in needed) and not waits_for_migration(self.resolved, name, index)
