"""Places every drop and every creation between the pending migrations (rules 7.2 to 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.facts import DomainFacts
from pgmg.model.names import (
    BLOCKING_KINDS,
    DECLARATIVE_KINDS,
    PROPERTY_KINDS,
    ROUTINES,
    Kind,
    ObjectName,
    migration_name,
)
from pgmg.model.plan import ChangeKind, Learned
from pgmg.model.snapshot import Address
from pgmg.model.source import Alteration, Effect, Migration
from pgmg.planning.aside import SetAside
from pgmg.planning.early import Early
from pgmg.planning.groups import end_of_group, runs_alone
from pgmg.planning.kinds.constraints import made_with_domain
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.taken import taken_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.course import Course
    from pgmg.planning.existence import Slot
    from pgmg.planning.fate import Fates


@dataclass(slots=True)
class Timeline:
    """One slot before each pending migration and one after the last."""

    slots: list[Slot]
    affected: list[dict[ObjectName, tuple[str, tuple[ObjectName, ...]]]]
    vanishing: set[ObjectName] = field(default_factory=set)
    """What goes with its owner instead of being dropped by name."""
    aside: SetAside = field(default_factory=SetAside)


class _Walk(Early):
    """Walks through the pending migrations."""

    def __init__(self, resolved: ResolvedProject, fates: Fates, learned: Learned) -> None:
        super().__init__(resolved, fates, learned)
        self.affected: list[dict[ObjectName, tuple[str, tuple[ObjectName, ...]]]] = []

    def run(self) -> Timeline:
        for index, migration in enumerate(self.resolved.pending):
            self._before(index, migration)
            self._through(migration, self.fates.courses[index].copy())
        self._after()
        return Timeline(self.slots, self.affected, self.vanishing, self.aside)

    # -- one migration ------------------------------------------------------------------------------

    def _before(self, index: int, migration: Migration) -> None:
        self.put_aside(index)
        slot, reach = self.slots[index], self.fates.reaches[index]
        reasons: dict[ObjectName, tuple[str, tuple[ObjectName, ...]]] = {}
        above = self.web.above(reach.roots)
        self.unwelcome = {self.web.name(address) for address in above}
        for address, explicit in above.items():
            name = self.web.name(address)
            if name in self.old:
                reasons[name] = self._why(address, reach.roots, above)
                self.drop(name, slot, reasons[name][0], explicit=explicit)
        hindering = self._made_early_but_hindering(migration)
        for name in (*hindering, *self._made_early_but_affected((*reach.altered, *hindering))):
            reasons[name] = ("depends on modified tables", reach.altered)
            self.drop(name, slot, reasons[name][0], explicit=True)
        for name in self._in_the_way(migration):
            self.drop(name, slot, f"no longer declared, and in the way of {migration.name}", explicit=True)
        self.prepare(index, reasons)
        if runs_alone(migration) or migration_name(migration.name) in self.learned.alone:
            self.mend(index, slot)
        for name, because in reach.refreshed.items():
            if name in self.old and name not in self.lost:
                self.slots[end_of_group(self.resolved, name, index)].refreshes.setdefault(name, "its `*` is read anew")
                reasons.setdefault(name, ("depends on modified tables", because))
        self.affected.append({n: r for n, r in reasons.items() if n not in self.vanishing})

    def _why(
        self, address: Address, roots: Iterable[Address], above: Iterable[Address]
    ) -> tuple[str, tuple[ObjectName, ...]]:
        roots, above = dict.fromkeys(roots), set(above)
        if address in roots:
            return "depends on modified tables", tuple(self._because(address))
        nearest = next((link.on for link in self.web.needs(address) if link.on in above), None)
        shown = self.web.name(nearest).display_name if nearest is not None else "modified tables"
        return f"depends on {shown}", (self.web.name(nearest),) if nearest is not None else ()

    def _because(self, address: Address) -> list[ObjectName]:
        for reach in self.fates.reaches:
            if reach.roots.get(address):
                return list(reach.roots[address])
        return []

    def _made_early_but_hindering(self, migration: Migration) -> list[ObjectName]:
        """Return what was made again before this migration, although its like was found to be in the way."""
        found = (Address(*address) for name, address in self.learned.hindered if name == migration.name)
        return [
            name
            for address in found
            if address in self.web.definitions and (name := self.web.name(address)) in self.new
        ]

    def _made_early_but_affected(self, altered: tuple[ObjectName, ...]) -> list[ObjectName]:
        """Return what was made before this migration and refers to what it alters (rule 7.3)."""
        found: dict[ObjectName, None] = {}
        gone = set(altered)
        grown = True
        while grown:
            grown = False
            for name in self.new - found.keys():
                declared = self.resolved.declared.get(name)
                if declared is None or name.kind in PROPERTY_KINDS:
                    continue
                if any(u.hard and u.object in gone for u in declared.uses) and name.kind not in ROUTINES:
                    found[name] = None
                    gone.add(name)
                    grown = True
        return sorted(found)

    def _in_the_way(self, migration: Migration) -> list[ObjectName]:
        """Return deleted objects whose place, or whose table, a migration takes: a view that becomes a table."""
        found: list[ObjectName] = []
        for alteration in migration.alterations:
            if alteration.effect in (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA):
                parents = self.resolved.resolver.altered(alteration)
                found += [n for n in self.old if n.parent in parents and self.fates.deleted(n)]
            if alteration.effect is not Effect.CREATE:
                continue
            for made in self.resolved.resolver.altered(alteration):
                found += [
                    n
                    for n in self.old
                    if (n.schema, n.name) == (made.schema, made.name) and n != made and self.fates.deleted(n)
                ]
        return sorted(set(found))

    def _through(self, migration: Migration, course: Course) -> None:
        """Take note of what the migration itself makes, moves and drops (rule 7.4); `course` is where it begins."""
        for alteration in migration.alterations:
            was = self.resolved.resolver.altered(alteration)
            self._goes_along(alteration, was, course)
            course.take(alteration)
            if alteration.effect is Effect.CREATE:
                self._there(was)
            if alteration.effect in (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA):
                became = self.resolved.resolver.became(alteration)
                self._there(new for old, new in zip(was, became, strict=False) if old in self.old | self.new)
                self.old.difference_update(set(was) - self._moved_on(alteration, was))
                self.new.difference_update(was)

    def _moved_on(self, alteration: Alteration, was: Iterable[ObjectName]) -> set[ObjectName]:
        """Return what nobody declared and is there under another name; the plan calls it by the one that it knows."""
        if alteration.effect is Effect.DROP:
            return set()
        return {
            n for n in was if n.kind in BLOCKING_KINDS and n not in self.resolved.declared and not self.fates.deleted(n)
        }

    def _goes_along(self, alteration: Alteration, was: Iterable[ObjectName], course: Course) -> None:
        """What hangs on a table or column that the migration drops is not there to be dropped later."""
        for address in taken_with(alteration, was, course, self.web):
            self.old.discard(self.web.name(address))

    def _there(self, names: Iterable[ObjectName]) -> None:
        for name in names:
            if name in self.resolved.declared:
                self.old.add(name)
                self.new.discard(name)

    # -- the last slot --------------------------------------------------------------------------------

    def _after(self) -> None:
        self.put_aside(len(self.resolved.pending))
        slot = self.slots[-1]
        self.old |= set(self.learned.made)
        # what a migration needed anew is there, and so is what stood on it
        roots = [address for address in self.fates.roots if self.web.name(address) in self.old]
        code = self.web.above(roots, self.fates.spare)
        for address, explicit in code.items():
            name = self.web.name(address)
            if name in self.old:
                self.drop(name, slot, self._code_reason(address, code), explicit=explicit)
        for name in self._made_early_but_affected(tuple(slot.drops)):
            self.drop(name, slot, "depends on what is made again", explicit=True)
        stirred = (
            (set(self.resolved.declared) - self.old) | self.fates.strategies.keys() | self.fates.made_by_migrations
        )
        for name in [name for name in self.resolved.declared if name in stirred]:
            if name.kind not in DECLARATIVE_KINDS:
                self._settle(name, slot)
        for name in self.lost:
            if name in self.resolved.declared or self.fates.deleted(name) or self.owner_deleted(name):
                continue
            if not self._made_with_owner(name):
                slot.makes.setdefault(name, "restored as it was")
        for name in self.new:
            self._late_in_place(name, slot)

    def _settle(self, name: ObjectName, slot: Slot) -> None:
        difference = self.fates.differences[name]
        if name in self.new:
            return
        if name not in self.old:
            slot.makes[name] = self._make_reason(name, difference.change)
            self.lost.pop(name, None)
            return
        if name in self.resolved.snapshot.objects or difference.change is not ChangeKind.NEW:
            strategy = self.fates.strategies.get(name)
            if isinstance(strategy, AlterInPlace) and strategy.statements:
                slot.in_place.setdefault(name, strategy.reason)
        if name not in self.fates.made_by_migrations or name in slot.in_place:
            return
        if name in self.learned.refused:
            self.drop(name, slot, "the server does not take the change in place", explicit=True)
            slot.makes[name] = self._make_reason(name, difference.change)
            self.lost.pop(name, None)
        else:
            slot.in_place[name] = "a migration made it"

    def _late_in_place(self, name: ObjectName, slot: Slot) -> None:
        if any(name in earlier.makes for earlier in self.slots) and name in slot.in_place:
            del slot.in_place[name]

    def _made_with_owner(self, name: ObjectName) -> bool:
        """Say whether making something else makes it too: an index by its constraint, a constraint by its domain."""
        address, domain = self.addresses.get(name), name.parent
        if address is not None and any(link.internal for link in self.web.needs(address)):
            return True
        if name.kind is not Kind.CONSTRAINT or domain is None or domain.kind is not Kind.DOMAIN:
            return False
        strategy = self.fates.strategies.get(domain)
        if isinstance(strategy, AlterInPlace) and name.name in strategy.redefines:
            return True
        declared = self.resolved.declared.get(domain)
        if declared is None:
            return domain in self.lost
        sources = (declared.source, self.fates.previous.get(domain))
        facts = [s.facts for s in sources if s is not None and isinstance(s.facts, DomainFacts)]
        said = any(name.name in made_with_domain(domain.name, f) for f in facts)
        return said and any(domain in slot.makes for slot in self.slots)

    def _code_reason(self, address: Address, code: dict[Address, bool]) -> str:
        if address in self.fates.roots:
            return self.fates.roots[address]
        nearest = next((link.on for link in self.web.needs(address) if link.on in code), None)
        return f"depends on {self.web.name(nearest).display_name}" if nearest is not None else ""

    def _make_reason(self, name: ObjectName, change: ChangeKind | None) -> str:
        match change:
            case ChangeKind.NEW | ChangeKind.MODIFIED | ChangeKind.DRIFTED | ChangeKind.MISSING | ChangeKind.ADOPTED:
                return change.value
            case _:
                for slot in self.slots:
                    if name in slot.drops:
                        return f"made again: {slot.drops[name]}"
                return "made again with what it stood on"


def timeline(resolved: ResolvedProject, fates: Fates, learned: Learned) -> Timeline:
    """Return when each object is dropped, made, or changed in place."""
    return _Walk(resolved, fates, learned).run()
