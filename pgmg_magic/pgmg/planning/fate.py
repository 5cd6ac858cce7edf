"""Decides what happens to each object: changed in place, made again, dropped, restored, or refused (rules 3 to 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.names import DECLARATIVE_KINDS, PROPERTY_KINDS, ROUTINES, Kind, ObjectName
from pgmg.model.plan import Action, ChangeKind, Learned, PlanOptions
from pgmg.model.snapshot import Address
from pgmg.model.source import Effect, Migration, SourceObject
from pgmg.planning.compare.attachments import LiveAttachments
from pgmg.planning.compare.resolved import ResolvedProject, previous_source
from pgmg.planning.course import Course, courses
from pgmg.planning.growth import read_anew
from pgmg.planning.kinds import choose_strategy
from pgmg.planning.kinds.rules import AlterInPlace, ColumnUse, ObjectDiff, RecreateObject, Refuse, Strategy
from pgmg.planning.reach import RETYPE_HINDERS, Reach, reach
from pgmg.planning.renewed import Renewed, renewed
from pgmg.planning.taken import taken_away
from pgmg.planning.web import Web
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.catalog_details import CatalogDetails, DriftEvidence
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.resolve.declared import Use

_JUDGED = frozenset({ChangeKind.MODIFIED, ChangeKind.DRIFTED, ChangeKind.ADOPTED})


@dataclass(slots=True)
class Fates:
    """All decisions. `dropped` maps what goes because of the code to whether it must be dropped by name."""

    web: Web
    differences: Mapping[ObjectName, ObjectComparison]
    changed: tuple[ObjectComparison, ...]
    """Those about which something is to be done."""
    courses: tuple[Course, ...]
    """What is called what before each pending migration, and after the last."""
    attachments: LiveAttachments
    """The comments, owners and privileges that the database has."""
    strategies: dict[ObjectName, Strategy] = field(default_factory=dict)
    previous: dict[ObjectName, SourceObject] = field(default_factory=dict)
    roots: dict[Address, str] = field(default_factory=dict)
    dropped: dict[Address, bool] = field(default_factory=dict)
    spare: frozenset[tuple[Address, Address]] = frozenset()
    reaches: tuple[Reach, ...] = ()
    anew: Renewed = field(default_factory=Renewed)
    """Names that mean another object once pending migrations have run."""
    taken: frozenset[Address] = frozenset()
    """What pending migrations take away."""
    made_by_migrations: frozenset[ObjectName] = frozenset()
    lost_by_replacement: Mapping[ObjectName, tuple[str, ...]] = field(default_factory=dict)
    """What CREATE OR REPLACE takes away from a routine, as statements that restore it."""

    def deleted(self, name: ObjectName) -> bool:
        """Say whether the object is no longer declared."""
        difference = self.differences.get(name)
        return difference is not None and difference.change is ChangeKind.DELETED


def decide(
    resolved: ResolvedProject,
    found: Sequence[ObjectComparison],
    evidence: DriftEvidence,
    details: CatalogDetails,
    options: PlanOptions,
    learned: Learned,
) -> Fates:
    """Decide everything that does not depend on order.

    Raises:
        RefusedChange: a change cannot be made, or not without being told to.
    """
    stations = courses(resolved.snapshot.addresses, resolved.resolver, resolved.pending)
    web = Web(details.closure, resolved.snapshot.by_address, stations[-1].dropped)
    changed = tuple(d for d in found if d.change is not None)
    attachments = LiveAttachments.of(resolved.declared, resolved.snapshot, evidence, resolved.expected)
    fates = Fates(web, {d.name: d for d in found}, changed, stations, attachments)
    live = resolved.snapshot.by_address
    extended = details.extension_dependents.items()
    fates.lost_by_replacement = {live[address].name: said for address, said in extended if address in live}
    fates.made_by_migrations = _made_by_migrations(resolved, learned)
    hindered = {m.name: _hindered(m.name, learned, web) for m in resolved.pending}
    fates.anew = renewed(resolved.pending, resolved.resolver, resolved.snapshot.objects, resolved.declared)
    fates.taken = taken_away(resolved.pending, stations, resolved.resolver, web)
    fates.reaches = tuple(
        reach(
            m, web, resolved.resolver, resolved.declared, course, options.recreate, fates.anew,
            _used_by(m, needs, learned), hindered[m.name], learned.refused,
        )
        for m, course, needs in zip(resolved.pending, fates.courses, resolved.needs, strict=False)
    )  # fmt: skip
    _judge_all(fates, resolved, details, options, learned)
    refusals = {name: strategy for name, strategy in fates.strategies.items() if isinstance(strategy, Refuse)}
    if refusals:
        raise RefusedChange(
            "\n\n".join(v.message for v in refusals.values()),
            hint="\n".join(v.hint for v in refusals.values()),
            blame=tuple(refusals),
        )
    for name in read_anew(resolved, fates.strategies, fates.differences, details):
        fates.strategies[name] = _anew(name, resolved, learned)
    _find_roots(fates, resolved, learned)
    _spread(fates, resolved)
    return fates


def _used_by(migration: Migration, needs: Iterable[Use], learned: Learned) -> set[ObjectName]:
    waits = {on for name, on in learned.waits if name.kind is Kind.MIGRATION and name.name == migration.name}
    return {use.object for use in needs} | waits


def _anew(name: ObjectName, resolved: ResolvedProject, learned: Learned) -> Strategy:
    if name.kind is Kind.MATERIALIZED_VIEW or name in learned.refused:
        return RecreateObject("its `*` is read anew")
    return AlterInPlace(Action.REPLACE, (or_replace(resolved.declared[name].source.sql),), "its `*` is read anew")


def _hindered(migration: str, learned: Learned, web: Web) -> list[Address]:
    """Return what was found in a migration's way, unless an earlier group has made it again since."""
    found = (Address(*address) for name, address in learned.hindered if name == migration)
    return [address for address in found if address in web.definitions]


def _made_by_migrations(resolved: ResolvedProject, learned: Learned) -> frozenset[ObjectName]:
    """Return declared objects that a pending migration itself creates, alters or drops (rule 7.4)."""
    found = set(learned.made)
    for migration in resolved.pending:
        for alteration in migration.alterations:
            if not alteration.effect.keeps_dependents_valid:
                names = (*resolved.resolver.altered(alteration), *resolved.resolver.became(alteration))
                found.update(n for n in names if n in resolved.declared)
    return frozenset(found)


# -- in place or again --------------------------------------------------------------------------


def _judge_all(
    fates: Fates,
    resolved: ResolvedProject,
    details: CatalogDetails,
    options: PlanOptions,
    learned: Learned,
) -> None:
    remade: set[ObjectName] = {d.name for d in fates.changed if d.change in (ChangeKind.DELETED, ChangeKind.MISSING)}
    for affected in fates.reaches:
        remade |= {fates.web.name(a) for a in fates.web.above(affected.roots)}
        remade |= set(affected.altered)
    for difference in _by_use(fates):
        name = difference.name
        always = name.kind in DECLARATIVE_KINDS
        if difference.declared is None or (difference.change not in _JUDGED and not (always and difference.change)):
            continue
        before = previous_source(difference)
        if before is not None:
            fates.previous[name] = before
        if name in fates.made_by_migrations and difference.live is None:
            continue
        strategy = choose_strategy(_case(difference, before, remade, fates, resolved, details, options, learned))
        if name in learned.refused and isinstance(strategy, AlterInPlace) and name.kind not in PROPERTY_KINDS:
            strategy = RecreateObject("the server does not take the change in place")
        if isinstance(strategy, Refuse) and name in fates.made_by_migrations:
            continue  # judged after the migration (rule 7.4)
        if isinstance(strategy, RecreateObject):
            remade.add(name)
        fates.strategies[name] = strategy
    for difference in fates.changed:
        if difference.change is ChangeKind.DELETED and (before := previous_source(difference)) is not None:
            fates.previous[difference.name] = before


def _by_use(fates: Fates) -> list[ObjectComparison]:
    """Put what is used before what uses it, as far as there is no cycle; what does not change need not be there."""
    pool = fates.differences
    done: dict[ObjectName, ObjectComparison] = {}

    for start in fates.changed:
        stack = [(start.name, False)]
        on_way: set[ObjectName] = set()
        while stack:
            name, finished = stack.pop()
            if finished:
                done.setdefault(name, pool[name])
                continue
            if name in done or name in on_way:
                continue
            on_way.add(name)
            stack.append((name, True))
            declared = pool[name].declared
            if declared is not None:
                stack.extend((use.object, False) for use in declared.uses if use.object in pool)
    return list(done.values())


def _case(  # noqa: PLR0913, PLR0917 - one call gathers all that a kind may ask for
    difference: ObjectComparison,
    before: SourceObject | None,
    remade: set[ObjectName],
    fates: Fates,
    resolved: ResolvedProject,
    details: CatalogDetails,
    options: PlanOptions,
    learned: Learned,
) -> ObjectDiff:
    assert difference.declared is not None
    assert difference.change is not None
    name, source = difference.name, difference.declared.source
    known = details.facts.get(name)
    address = difference.live.address if difference.live else None
    return ObjectDiff(
        name=name,
        source=source,
        change=difference.change,
        live=difference.live,
        argument_type=lambda type_: resolved.resolver.argument_type(type_, source.settings),
        column_type=lambda type_: resolved.resolver.column_type(type_, source.settings),
        facts=known.values if known else {},
        previous=before,
        shape=details.shapes.get(name),
        upstream=any(use.object in remade and use.hard for use in difference.declared.uses),
        column_uses=_column_uses(address, name, fates, resolved) if address else (),
        definition=fates.web.definitions.get(address) if address else None,
        attachments=fates.attachments,
        vanished=frozenset(column for other, column in learned.vanished if other == name),
        version_num=resolved.snapshot.server.version_num,
        altered_by_migration=name in fates.made_by_migrations,
        options=options,
    )


def _column_uses(address: Address, type_: ObjectName, fates: Fates, resolved: ResolvedProject) -> tuple[ColumnUse, ...]:
    """Return the table columns that hold values of a type, directly or inside other types.

    They are those, and are called, as pending migrations leave them: all, or those before the first that needs the
    type. What a migration itself makes of the type is none of this.
    """
    early = (n for n, needs in enumerate(resolved.needs) if any(use.object == type_ for use in needs))
    course = fates.courses[0 if type_ in fates.made_by_migrations else next(early, -1)]
    web, found, queue, seen = fates.web, [], [address], {address}
    while queue:
        current = queue.pop()
        for link in web.dependents(current):
            name = web.name(link.dependent)
            if name.kind is Kind.TABLE and link.own_column is not None:
                now = course.column_now(name, link.dependent, link.own_column)
                if now is not None:
                    found.append(ColumnUse(*now, link.own_type or "", current != address))
            elif name.kind in (Kind.TYPE, Kind.DOMAIN) and link.dependent not in seen:
                seen.add(link.dependent)
                queue.append(link.dependent)
    return tuple(sorted(found, key=lambda use: (str(use.table), use.column)))


# -- what goes ------------------------------------------------------------------------------------


def _find_roots(fates: Fates, resolved: ResolvedProject, learned: Learned) -> None:
    live = resolved.snapshot.objects
    taken = _taken_by_migrations(resolved)
    for name, strategy in fates.strategies.items():
        if isinstance(strategy, RecreateObject) and name in live:
            fates.roots[live[name].address] = strategy.reason
        if isinstance(strategy, AlterInPlace) and strategy.shakes and name in live:
            for address in _shaken_by_conversion(live[name].address, fates.web):
                fates.roots.setdefault(address, f"{name.display_name} is converted")
    for difference in fates.changed:
        if difference.change is ChangeKind.DELETED and difference.live is not None and difference.name not in taken:
            fates.roots[difference.live.address] = "no longer declared"
        if difference.change is ChangeKind.NEW and difference.name.kind in ROUTINES:
            for address in _users_of_overloads(difference.name, fates, resolved):
                fates.roots.setdefault(address, f"{difference.name.display_name} is a new overload")
    for name, other in learned.dropped_with:
        if Address(*other) in fates.web.definitions:
            fates.roots.setdefault(Address(*other), f"depends on {name.display_name}")


def _taken_by_migrations(resolved: ResolvedProject) -> set[ObjectName]:
    """Return what pending migrations themselves drop, rename or move: nothing is left to drop after them."""
    effects = (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA)
    alterations = (a for m in resolved.pending for a in m.alterations if a.effect in effects)
    return {name for alteration in alterations for name in resolved.resolver.altered(alteration)}


def _shaken_by_conversion(address: Address, web: Web) -> list[Address]:
    """Return what stands in the way while a type's table columns are converted: its users, and the columns' views."""
    found = []
    for link in web.dependents(address):
        name = web.name(link.dependent)
        if name.kind is not Kind.TABLE:
            found += [link.dependent] if not web.vanishes(link.dependent, address) else []
            continue
        found += [
            other.dependent
            for other in web.dependents(link.dependent)
            if other.column == link.own_column and web.name(other.dependent).kind in RETYPE_HINDERS
        ]
    return found


def _users_of_overloads(name: ObjectName, fates: Fates, resolved: ResolvedProject) -> list[Address]:
    """Return declared views and routines that call another overload of a new routine's name (rule 5.3)."""
    users = []
    for other, live in resolved.snapshot.objects.items():
        if other.overloads(name):
            users += [
                link.dependent
                for link in fates.web.dependents(live.address)
                if not link.automatic and fates.web.name(link.dependent) in resolved.declared
            ]
    return users


def _spread(fates: Fates, resolved: ResolvedProject) -> None:
    """Add everything that depends on a root, except what lets go of it by its own change in place."""
    wide = set(fates.web.above(fates.roots))
    by_name = {fates.web.name(address): address for address in wide}
    places = {_place(name) for name in by_name}
    spare = set()
    for name, strategy in fates.strategies.items():
        address = by_name.get(name)
        if (
            address is None
            or address in fates.roots
            or not isinstance(strategy, AlterInPlace)
            or not strategy.statements
        ):
            continue
        if not any(_place(used) in places for used in _needed_for(name, resolved)):
            spare |= {(address, link.on) for link in fates.web.needs(address) if link.on in wide}
    fates.spare = frozenset(spare)
    fates.dropped = fates.web.above(fates.roots, fates.spare)


def _place(name: ObjectName) -> tuple[object, ...]:
    """Return what only one object can have at a time: a view may stand where a materialized view stood."""
    return name.schema, name.name, name.arguments, name.parent


def _needed_for(name: ObjectName, resolved: ResolvedProject) -> Iterable[ObjectName]:
    """Return what an object's new source uses, and what that in turn cannot be without."""
    queue = dict.fromkeys(use.object for use in resolved.declared[name].uses)
    waiting = list(queue)
    while waiting:
        declared = resolved.declared.get(waiting.pop())
        new = [u.object for u in declared.uses if u.hard and u.object not in queue] if declared else []
        queue |= dict.fromkeys(new)
        waiting += new
    return queue
