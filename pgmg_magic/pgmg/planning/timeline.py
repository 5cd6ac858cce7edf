"""Places every drop and every creation between the pending migrations (rules 7.2 to 7.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pgmg.model.facts import DomainFacts
from pgmg.model.names import ABOUT_PARENT, ROUTINES, Kind, ObjectName, migration_name
from pgmg.model.plan import ChangeKind, Learned
from pgmg.model.snapshot import Address
from pgmg.model.source import Effect, Migration
from pgmg.planning.fate import Fates
from pgmg.planning.groups import end_of_group, runs_alone, waits_for_migration
from pgmg.planning.kinds.base import InPlace, Remake
from pgmg.planning.kinds.constraints import made_with_domain
from pgmg.planning.resolve import Declared
from pgmg.planning.survey import Survey


@dataclass(slots=True)
class Slot:
    """What happens before one pending migration (or, in the last slot, after all of them)."""

    drops: dict[ObjectName, str] = field(default_factory=dict)
    makes: dict[ObjectName, str] = field(default_factory=dict)
    in_place: dict[ObjectName, str] = field(default_factory=dict)
    refreshes: dict[ObjectName, str] = field(default_factory=dict)
    as_it_was: set[ObjectName] = field(default_factory=set)
    """Objects to be made from the catalog's definition, because their new source may not hold yet."""


@dataclass(slots=True)
class Timeline:
    """One slot before each pending migration and one after the last."""

    slots: list[Slot]
    affected: list[dict[ObjectName, tuple[str, tuple[ObjectName, ...]]]]
    vanishing: set[ObjectName] = field(default_factory=set)
    """What goes with its owner instead of being dropped by name."""


class _Simulation:
    """Walks through the pending migrations and keeps track of what exists."""

    def __init__(self, survey: Survey, fates: Fates, learned: Learned) -> None:
        self.survey, self.fates, self.learned = survey, fates, learned
        self.web = fates.web
        self.slots = [Slot() for _ in range(len(survey.pending) + 1)]
        self.affected: list[dict[ObjectName, tuple[str, tuple[ObjectName, ...]]]] = []
        self.vanishing: set[ObjectName] = set()
        self.old = set(survey.snapshot.objects) | {d.name for d in self.web.definitions.values()}
        self.new: set[ObjectName] = set()
        self.lost: dict[ObjectName, None] = {}
        self.addresses = {d.name: a for a, d in self.web.definitions.items()}

    def run(self) -> Timeline:
        for index, migration in enumerate(self.survey.pending):
            self._before(index, migration)
            self._through(migration)
        self._after()
        return Timeline(self.slots, self.affected, self.vanishing)

    # -- one migration ------------------------------------------------------------------------------

    def _before(self, index: int, migration: Migration) -> None:
        slot, reach = self.slots[index], self.fates.reaches[index]
        reasons: dict[ObjectName, tuple[str, tuple[ObjectName, ...]]] = {}
        above = self.web.above(reach.roots)
        for address, explicit in above.items():
            name = self.web.name(address)
            if name in self.old:
                reasons[name] = self._why(address, reach.roots, above)
                self._drop(name, slot, reasons[name][0], explicit=explicit)
        for name in self._made_early_but_affected(reach.altered):
            reasons[name] = ("depends on modified tables", reach.altered)
            self._drop(name, slot, reasons[name][0], explicit=True)
        for name in self._in_the_way(migration):
            self._drop(name, slot, f"no longer declared, and in the way of {migration.name}", explicit=True)
        self._restore_in_time(migration, slot)
        needed = self._needed(index)
        for name in needed:
            self._remake_early(name, index, migration)
        for name in needed:
            self._make_early(name, index, migration, reasons)
        if runs_alone(migration) or migration_name(migration.name) in self.learned.alone:
            self._mend(index, slot)
        for name, because in reach.refreshed.items():
            if name in self.old and name not in self.lost:
                self.slots[end_of_group(self.survey, name, index)].refreshes.setdefault(name, "its `*` is read anew")
                reasons.setdefault(name, ("depends on modified tables", because))
        self.affected.append({n: r for n, r in reasons.items() if n not in self.vanishing})

    def _why(
        self, address: Address, roots: Iterable[Address], above: Iterable[Address]
    ) -> tuple[str, tuple[ObjectName, ...]]:
        roots, above = dict.fromkeys(roots), set(above)
        if address in roots:
            return "depends on modified tables", tuple(self._because(address))
        nearest = next((link.on for link in self.web.needs(address) if link.on in above), None)
        shown = self.web.name(nearest).bare if nearest is not None else "modified tables"
        return f"depends on {shown}", (self.web.name(nearest),) if nearest is not None else ()

    def _because(self, address: Address) -> list[ObjectName]:
        for reach in self.fates.reaches:
            if reach.roots.get(address):
                return list(reach.roots[address])
        return []

    def _drop(self, name: ObjectName, slot: Slot, reason: str, *, explicit: bool) -> None:
        if explicit:
            slot.drops.setdefault(name, reason)
        else:
            self.vanishing.add(name)
        self.old.discard(name)
        self.new.discard(name)
        self.lost[name] = None

    def _made_early_but_affected(self, altered: tuple[ObjectName, ...]) -> list[ObjectName]:
        """Return what was made before this migration and refers to what it alters (rule 7.3)."""
        found: dict[ObjectName, None] = {}
        gone = set(altered)
        grown = True
        while grown:
            grown = False
            for name in self.new - found.keys():
                declared = self.survey.declared.get(name)
                if declared is None or name.kind in ABOUT_PARENT:
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
                parents = self.survey.resolver.altered(alteration)
                found += [n for n in self.old if n.parent in parents and self.fates.deleted(n)]
            if alteration.effect is not Effect.CREATE:
                continue
            for made in self.survey.resolver.altered(alteration):
                found += [
                    n
                    for n in self.old
                    if (n.schema, n.name) == (made.schema, made.name) and n != made and self.fates.deleted(n)
                ]
        return sorted(set(found))

    def _needed(self, index: int) -> list[ObjectName]:
        """Return declared objects that a migration uses and that are not there, with what they need themselves."""
        wanted: dict[ObjectName, None] = {}
        migration = self.survey.pending[index]
        queue = [use.object for use in self.survey.needs[index]]
        missed = [on for name, on in self.learned.waits if name.kind is Kind.MIGRATION and name.name == migration.name]
        queue += missed
        made_here = {
            n for a in migration.alterations if a.effect is not Effect.TOUCH for n in self.survey.resolver.altered(a)
        }
        while queue:
            name = queue.pop()
            declared = self.survey.declared.get(name)
            if declared is None or name in wanted or name in self.new:
                continue
            if name not in missed and (name in made_here or self._made_later(name, index)):
                continue
            wanted[name] = None
            queue += [use.object for use in declared.uses if use.hard or self._is_bodily(declared, use.object)]
        return list(wanted)

    def _is_bodily(self, declared: Declared, used: ObjectName) -> bool:
        """A body may call declared functions and read declared views; they come along where they can."""
        return declared.name.kind in ROUTINES and used in self.survey.declared and used.kind is not Kind.TABLE

    def _made_later(self, name: ObjectName, index: int) -> bool:
        """Say whether a migration still to come makes it, rather than renaming or dropping the one there is first."""
        effects = (
            a.effect
            for m in self.survey.pending[index:]
            for a in m.alterations
            if a.effect is not Effect.TOUCH and not a.if_exists and name in self.survey.resolver.altered(a)
        )
        return next(effects, None) is Effect.CREATE

    def _make_early(
        self,
        name: ObjectName,
        index: int,
        migration: Migration,
        reasons: dict[ObjectName, tuple[str, tuple[ObjectName, ...]]],
    ) -> None:
        slot = self.slots[index]
        if name in self.old:
            verdict = self.fates.verdicts.get(name)
            changes = isinstance(verdict, InPlace) and bool(verdict.statements)
            if changes and not waits_for_migration(self.survey, name, index):
                slot.in_place[name] = f"{migration.name} needs it"
                self.new.add(name)
            return
        if name in reasons and name in self.lost and name in slot.drops:
            return  # dropped because of this very migration: it cannot be there before it
        slot.makes[name] = f"{migration.name} needs it"
        self.new.add(name)
        self.lost.pop(name, None)

    def _remake_early(self, name: ObjectName, index: int, migration: Migration) -> None:
        """Drop what has to be made again before the migration can come to depend on it."""
        address = self.addresses.get(name)
        remade = isinstance(self.fates.verdicts.get(name), Remake) and name in self.old
        if address is None or not remade or waits_for_migration(self.survey, name, index):
            return
        reason = f"{migration.name} needs {name.bare}"
        for other, explicit in self.web.above([address], self.fates.spare).items():
            if self.web.name(other) in self.old:
                self._drop(self.web.name(other), self.slots[index], reason, explicit=explicit)

    def _restore_in_time(self, migration: Migration, slot: Slot) -> None:
        """Bring back what nobody declared before a migration renames what its definition speaks of."""
        for name in [n for n in self.lost if n not in self.survey.declared and n not in slot.drops]:
            address = self.addresses.get(name)
            if address is None or self.fates.deleted(name) or self._owner_deleted(name):
                continue
            needs = {self.web.name(link.on) for link in self.web.needs(address)}
            if not needs & self.lost.keys() and needs & self._moved(migration):
                slot.makes[name] = f"restored before {migration.name}"
                self.lost.pop(name)
                self.old.add(name)

    def _moved(self, migration: Migration) -> set[ObjectName]:
        effects = (Effect.RENAME, Effect.RENAME_COLUMN, Effect.SET_SCHEMA)
        alterations = (a for a in migration.alterations if a.effect in effects)
        return {name for alteration in alterations for name in self.survey.resolver.altered(alteration)}

    def _mend(self, index: int, slot: Slot) -> None:
        """Before a migration that commits by itself, all that was dropped comes back (rule 9.2)."""
        for name in [n for n in self.lost if n not in slot.drops and not self.fates.deleted(n)]:
            slot.makes[name] = "a group makes again what it dropped"
            difference = self.fates.differences.get(name)
            if difference is None or difference.change is None or self._holds_already(name, index):
                self.new.add(name)
            else:
                slot.as_it_was.add(name)
                self.old.add(name)
        for name in slot.makes:
            self.lost.pop(name, None)

    def _holds_already(self, name: ObjectName, index: int) -> bool:
        """Say whether a changed object finds all that its new source needs before the last migration has run."""
        there = self.old | self.new | self.lost.keys()
        needed = [use.object for use in self.survey.declared[name].uses if use.object in self.survey.declared]
        return all(n in there for n in needed) and not waits_for_migration(self.survey, name, index)

    def _through(self, migration: Migration) -> None:
        """Take note of what the migration itself makes, moves and drops (rule 7.4)."""
        for alteration in migration.alterations:
            was = self.survey.resolver.altered(alteration)
            if alteration.effect is Effect.CREATE:
                self._there(was)
            if alteration.effect in (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA):
                became = self.survey.resolver.became(alteration)
                self._there(new for old, new in zip(was, became, strict=False) if old in self.old | self.new)
                self.old.difference_update(was)
                self.new.difference_update(was)

    def _there(self, names: Iterable[ObjectName]) -> None:
        for name in names:
            if name in self.survey.declared:
                self.old.add(name)
                self.new.discard(name)

    # -- the last slot --------------------------------------------------------------------------------

    def _after(self) -> None:
        slot = self.slots[-1]
        self.old |= set(self.learned.made)
        code = self.web.above(self.fates.roots, self.fates.spare)
        for address, explicit in code.items():
            name = self.web.name(address)
            if name in self.old:
                self._drop(name, slot, self._code_reason(address, code), explicit=explicit)
        for name in self._made_early_but_affected(tuple(slot.drops)):
            self._drop(name, slot, "depends on what is made again", explicit=True)
        for name in self.survey.declared:
            if name.kind in ABOUT_PARENT or name.kind is Kind.DEFAULT_PRIVILEGES:
                continue
            self._settle(name, slot)
        for name in self.lost:
            if name in self.survey.declared or self.fates.deleted(name) or self._owner_deleted(name):
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
        if name in self.survey.snapshot.objects or difference.change is not ChangeKind.NEW:
            verdict = self.fates.verdicts.get(name)
            if isinstance(verdict, InPlace) and verdict.statements:
                slot.in_place.setdefault(name, verdict.reason)
        if name not in self.fates.made_by_migrations or name in slot.in_place:
            return
        if name in self.learned.refused:
            self._drop(name, slot, "the server does not take the change in place", explicit=True)
            slot.makes[name] = self._make_reason(name, difference.change)
            self.lost.pop(name, None)
        else:
            slot.in_place[name] = "a migration made it"

    def _late_in_place(self, name: ObjectName, slot: Slot) -> None:
        if any(name in earlier.makes for earlier in self.slots) and name in slot.in_place:
            del slot.in_place[name]

    def _owner_deleted(self, name: ObjectName) -> bool:
        address = self.addresses.get(name)
        if address is None:
            return True
        return any(self.fates.deleted(self.web.name(link.on)) for link in self.web.needs(address))

    def _made_with_owner(self, name: ObjectName) -> bool:
        """Say whether making something else makes it too: an index by its constraint, a constraint by its domain."""
        address, domain = self.addresses.get(name), name.parent
        if address is not None and any(link.internal for link in self.web.needs(address)):
            return True
        if name.kind is not Kind.CONSTRAINT or domain is None or domain.kind is not Kind.DOMAIN:
            return False
        declared = self.survey.declared.get(domain)
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
        return f"depends on {self.web.name(nearest).bare}" if nearest is not None else ""

    def _make_reason(self, name: ObjectName, change: ChangeKind | None) -> str:
        match change:
            case ChangeKind.NEW | ChangeKind.MODIFIED | ChangeKind.DRIFTED | ChangeKind.MISSING | ChangeKind.ADOPTED:
                return change.value
            case _:
                for slot in self.slots:
                    if name in slot.drops:
                        return f"made again: {slot.drops[name]}"
                return "made again with what it stood on"


def timeline(survey: Survey, fates: Fates, learned: Learned) -> Timeline:
    """Return when each object is dropped, made, or changed in place."""
    return _Simulation(survey, fates, learned).run()
