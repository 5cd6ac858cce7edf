"""How far a pending migration reaches: which live objects it must, or had better, disturb (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.names import RELATIONS, ROUTINES, Kind, NameKey, ObjectName
from pgmg.model.plan import Recreate
from pgmg.model.source import Alteration, Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pgmg.model.snapshot import Address
    from pgmg.planning.course import Course
    from pgmg.planning.renewed import Renewed
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.resolve.resolver import Resolver
    from pgmg.planning.web import Link, Web

SHAPE = frozenset(
    {
        Effect.ADD_COLUMN,
        Effect.DROP_COLUMN,
        Effect.RETYPE_COLUMN,
        Effect.RENAME_COLUMN,
        Effect.RENAME,
        Effect.SET_SCHEMA,
        Effect.CHANGES_COLUMNS,
        Effect.DROP,
    }
)
"""Effects after which a dependent may be stale."""

_ON_TABLE = frozenset({Kind.INDEX, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.STATISTICS, Kind.SEQUENCE, Kind.TABLE})
"""What lives on a table and is carried along by the server when a column changes its type (rule 4.1)."""


RETYPE_HINDERS = frozenset(Kind) - _ON_TABLE
"""Kinds that the server does not carry along when a column changes its type."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one migration disturbs: `roots` are dropped before and made after, `refreshed` replaced in place after."""

    roots: Mapping[Address, tuple[ObjectName, ...]]
    refreshed: Mapping[ObjectName, tuple[ObjectName, ...]]
    altered: tuple[ObjectName, ...]


def altered_addresses(migration: Migration, resolver: Resolver, live: Mapping[ObjectName, Address]) -> set[Address]:
    """Return the live objects whose dependents have to be looked at."""
    found: set[Address] = set()
    for alteration in migration.alterations:
        if alteration.effect in SHAPE | {Effect.DROP_CONSTRAINT, Effect.SET_DEFAULT}:
            found.update(live[name] for name in resolver.altered(alteration) if name in live)
    return found


def reach(  # noqa: PLR0913, PLR0917 - a pure function: all it looks at is handed in
    migration: Migration,
    web: Web,
    resolver: Resolver,
    declared: Mapping[ObjectName, Declared],
    course: Course,
    mode: Recreate,
    anew: Renewed,
    used: Collection[ObjectName],
    learned: Iterable[Address] = (),
    refused: Collection[ObjectName] = (),
) -> Reach:
    """Work out the roots for one migration; the server would not replace `refused` in place.

    What the migration itself has `used` stays where it can.

    `course` stands where the migration begins.
    """
    found, course, carried = _Found(), course.copy(), set[ObjectName]()
    for alteration in migration.alterations:
        goes_with_schema = alteration.target in resolver.carried
        for name in resolver.altered(alteration):
            found.note(alteration, name, course, web, declared)
            for root in _meaning_another(alteration, name, course, web, declared, anew):
                found.roots.setdefault(root, (name,))
            if goes_with_schema:
                carried.add(name)
                if name in declared and anew.means_another(name) and (address := course.address(name)) is not None:
                    found.roots.setdefault(address, ())
        course.take(alteration)
    for address in learned:
        found.roots.setdefault(address, ())
    if mode is Recreate.DEPENDENTS:
        for name in found.altered.keys() - carried:
            on = found.altered[name]
            for address in _views_above(on, web, declared) if on is not None else ():
                found.stale.setdefault(address, (name,))
    # a root that is itself altered or dropped by the migration is the migration's own affair
    own = {address for name, address in found.altered.items() if name not in carried}
    willing, unwilling = _without_costly(set(found.stale) - own, set(found.roots), web, declared, used)
    for address in willing:
        found.roots.setdefault(address, found.stale[address])
    refreshed = found.refresh(unwilling, web, declared, refused)
    roots = {address: because for address, because in found.roots.items() if address not in own}
    return Reach(roots, refreshed, tuple(found.altered))


@dataclass(slots=True)
class _Found:
    """What the alterations of a migration add up to: must go, would be stale, has another shape."""

    roots: dict[Address, tuple[ObjectName, ...]] = field(default_factory=dict)
    stale: dict[Address, tuple[ObjectName, ...]] = field(default_factory=dict)
    altered: dict[ObjectName, Address | None] = field(default_factory=dict)

    def note(
        self,
        alteration: Alteration,
        name: ObjectName,
        course: Course,
        web: Web,
        declared: Mapping[ObjectName, Declared],
    ) -> None:
        """Add one alteration of one object."""
        address = course.address(name)
        if alteration.effect in SHAPE:
            self.altered.setdefault(name, address)
        if address is None or address not in web.definitions:
            return
        alteration = course.as_read(alteration, address)
        for root in _required(alteration, address, web):
            self.roots.setdefault(root, (name,))
        for reader, read in _stale(alteration, name, address, web, declared).items():
            self.stale.setdefault(reader, (read,))

    def refresh(
        self,
        unwilling: Iterable[Address],
        web: Web,
        declared: Mapping[ObjectName, Declared],
        refused: Collection[ObjectName],
    ) -> dict[ObjectName, tuple[ObjectName, ...]]:
        """Return views whose `*` is read anew in place, because making them again would disturb too much."""
        refreshed = {}
        for address in unwilling:
            name = web.name(address)
            if not _reads_by_star(name, self.stale[address], declared):
                continue
            if name.kind is Kind.MATERIALIZED_VIEW or name in refused:
                self.roots.setdefault(address, self.stale[address])
            else:
                refreshed[name] = self.stale[address]
        return refreshed


def _required(alteration: Alteration, address: Address, web: Web) -> list[Address]:
    """Return what the server would refuse to leave in place (rule 4.2, `required`)."""
    links = web.dependents(address)
    match alteration.effect:
        case Effect.DROP_COLUMN:
            return [x.dependent for x in links if x.column == alteration.member and _hinders(x, web)]
        case Effect.RETYPE_COLUMN:
            return [
                link.dependent
                for link in links
                if link.column == alteration.member and web.name(link.dependent).kind in RETYPE_HINDERS
            ]
        case Effect.DROP if web.name(address).kind not in RELATIONS:
            # what tables hang on a routine, type or operator as well: defaults, constraints, indexes
            holds_data = (Kind.TABLE, Kind.SEQUENCE)
            return [x.dependent for x in links if not x.automatic and web.name(x.dependent).kind not in holds_data]
        case Effect.DROP:
            return [link.dependent for link in links if _hinders(link, web)]
        case Effect.CHANGES_COLUMNS:
            return [link.dependent for link in links if _hinders(link, web)]
        case Effect.DROP_CONSTRAINT:
            constraint = [
                link.dependent
                for link in links
                if web.name(link.dependent).kind is Kind.CONSTRAINT
                and web.name(link.dependent).name == alteration.member
            ]
            return [x.dependent for c in constraint for x in web.dependents(c) if _hinders(x, web)]
        case _:
            return []


def _meaning_another(
    alteration: Alteration,
    name: ObjectName,
    course: Course,
    web: Web,
    declared: Mapping[ObjectName, Declared],
    anew: Renewed,
) -> list[Address]:
    """Return what is declared with a name that an alteration gives up and that means another object afterwards."""
    address = course.address(name)
    if address is None:
        return []
    links = [link for link in web.dependents(address) if web.name(link.dependent) in declared]
    if alteration.effect in (Effect.RENAME, Effect.SET_SCHEMA) and anew.means_another(name):
        return [link.dependent for link in links if name.name_key in _places(declared[web.name(link.dependent)])]
    if alteration.effect is Effect.RENAME_COLUMN and (name, alteration.member) in anew.columns:
        column = course.as_read(alteration, address).member
        return [link.dependent for link in links if link.column == column]
    return []


def _places(declared: Declared) -> set[NameKey]:
    """Return the places of the objects that a source speaks of."""
    name, table = declared.name, declared.source.target.parent
    found = {use.object.name_key for use in declared.uses}
    if name.parent is not None:
        found.add(name.parent.name_key)
    if table is not None and table.parts:
        found.add(ObjectName(table.kind, table.parts[-1], name.schema).name_key)
    return found


def _hinders(link: Link, web: Web) -> bool:
    return not link.automatic and web.name(link.dependent).kind not in _ON_TABLE


def _stale(
    alteration: Alteration, name: ObjectName, address: Address, web: Web, declared: Mapping[ObjectName, Declared]
) -> dict[Address, ObjectName]:
    """Return managed views and materialized views whose `*` would now mean something else, and what they read by it.

    A view whose own `*` grows is read by the `*` of others; so are the rows of a function that returns them.
    """
    if alteration.effect not in (Effect.ADD_COLUMN, Effect.RENAME_COLUMN):
        return {}
    found: dict[Address, ObjectName] = {}
    routines: set[ObjectName] = set()
    queue = [(address, name)]
    while queue:
        on, read = queue.pop(0)
        for link in web.dependents(on):
            dependent = web.name(link.dependent)
            if dependent.kind in ROUTINES and dependent not in routines:
                routines.add(dependent)
                queue.append((link.dependent, dependent))
            is_view = dependent.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW)
            if is_view and link.dependent not in found and _reads_by_star(dependent, (read,), declared):
                found[link.dependent] = read
                queue.append((link.dependent, dependent))
    return found


def _reads_by_star(name: ObjectName, tables: tuple[ObjectName, ...], declared: Mapping[ObjectName, Declared]) -> bool:
    known = declared.get(name)
    return known is not None and any(use.star and use.object in tables for use in known.uses)


def _views_above(address: Address, web: Web, declared: Mapping[ObjectName, Declared]) -> list[Address]:
    """Return every managed view that depends on a relation, directly or through others."""
    above = web.above([address])
    return [a for a in above if a != address and web.name(a).kind is Kind.VIEW and web.name(a) in declared]


def _without_costly(
    stale: set[Address],
    required: set[Address],
    web: Web,
    declared: Mapping[ObjectName, Declared],
    used: Collection[ObjectName],
) -> tuple[list[Address], list[Address]]:
    """Split stale views into those whose recreation disturbs nothing but managed views, and the others.

    Materialized views, routines and what nobody declared are rebuilt only where they must be (rule 4.2); so is what
    the migration itself uses, which would not be there.
    """
    gone_anyway = set(web.above(required))
    willing: list[Address] = []
    unwilling: list[Address] = []
    for address in sorted(stale):
        disturbed = {a for a, explicit in web.above([address]).items() if explicit and a != address} - gone_anyway
        cheap = all(web.name(a).kind is Kind.VIEW and web.name(a) in declared for a in disturbed)
        cheap = cheap and not any(web.name(a) in used for a in (address, *disturbed))
        own = web.name(address).kind is Kind.VIEW or _is_stale_materialized(address, stale, web)
        (willing if (cheap and own) or address in gone_anyway else unwilling).append(address)
    return willing, unwilling


def _is_stale_materialized(address: Address, stale: set[Address], web: Web) -> bool:
    return address in stale and web.name(address).kind is Kind.MATERIALIZED_VIEW
