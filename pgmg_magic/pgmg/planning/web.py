"""The catalog's dependencies between whole objects: what must be dropped before what, and what goes along with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.catalog_details import Closure, Definition, Dependency, DependencyType
from pgmg.model.names import Kind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pgmg.model.snapshot import Address, LiveObject


@dataclass(frozen=True, slots=True)
class Link:
    """`dependent` needs `on`. `automatic`: it vanishes with it, instead of standing in its way."""

    dependent: Address
    on: Address
    automatic: bool
    column: str | None = None
    own_column: str | None = None
    own_type: str | None = None
    internal: bool = False  # part of it, and made with it


class Web:
    """Closure of the catalog, with row types, array types and `_RETURN` rules folded into their owners.

    What columns need that pending migrations drop (`dropped`) is left out: they will be in nobody's way.
    """

    def __init__(
        self,
        closure: Closure,
        live: Mapping[Address, LiveObject],
        dropped: Collection[tuple[Address, str]] = (),
    ) -> None:
        self.definitions = closure.definitions
        self.live = live
        self._inner = owners_of(closure.dependencies)
        self._dependents: dict[Address, list[Link]] = defaultdict(list)
        self._needs: dict[Address, list[Link]] = defaultdict(list)
        self.foreign: list[tuple[Address, Address]] = []
        for dependency in closure.dependencies:
            if dependency.own_column is None or (dependency.dependent, dependency.own_column) not in dropped:
                self._add(dependency)

    def _add(self, dependency: Dependency) -> None:
        if dependency.type in (DependencyType.EXTENSION, DependencyType.INTERNAL, DependencyType.PARTITION_PRIMARY):
            if dependency.type is not DependencyType.EXTENSION and dependency.dependent in self.definitions:
                owner = self.owner(dependency.referenced)
                if owner is not None and owner != dependency.dependent:
                    self._link(Link(dependency.dependent, owner, automatic=True, internal=True))
            return
        automatic = dependency.type is not DependencyType.NORMAL
        dependent, on = self.owner(dependency.dependent), self.owner(dependency.referenced)
        if on is None or dependent == on:
            return
        if dependent is None:
            if not automatic:
                self.foreign.append((dependency.dependent, on))
            return
        self._link(Link(dependent, on, automatic, dependency.column, dependency.own_column, dependency.own_type))

    def _link(self, link: Link) -> None:
        self._dependents[link.on].append(link)
        self._needs[link.dependent].append(link)

    def owner(self, address: Address) -> Address | None:
        """Return the object that an address belongs to: itself, or what a row type, rule or index is part of."""
        seen = set()
        while address not in self.definitions:
            inner = self._inner.get(address)
            if inner is None or inner in seen:
                return None
            seen.add(inner)
            address = inner
        whole = self._inner.get(address)
        if whole is None or self.name(address).kind in (Kind.TABLE, Kind.SEQUENCE, Kind.COLUMN_DEFAULT):
            return address
        # an index goes with its constraint, a range's constructor with the range, a partition's index with its parent's
        return self.owner(whole) or address

    def name(self, address: Address) -> ObjectName:
        """Return the name of an object of the closure."""
        return self.definitions[address].name

    def definition(self, address: Address) -> Definition:
        """Return how the database would drop and make the object."""
        return self.definitions[address]

    def dependents(self, address: Address) -> list[Link]:
        """Return what depends directly on an object."""
        return self._dependents.get(address, [])

    def needs(self, address: Address) -> list[Link]:
        """Return what an object depends on directly, within the closure."""
        return self._needs.get(address, [])

    def speaks_of(self, address: Address) -> list[Link]:
        """Return what its definition needs: not the types of a view's own columns, which follow from its query."""
        is_view = self.name(address).kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW)
        return [link for link in self.needs(address) if not (is_view and link.own_column is not None)]

    def vanishes(self, dependent: Address, on: Address) -> bool:
        """Say whether an object goes along with another, even if it refers to it as well (a rule on a view)."""
        return any(link.automatic for link in self.dependents(on) if link.dependent == dependent)

    def above(
        self, roots: Iterable[Address], spare: frozenset[tuple[Address, Address]] = frozenset()
    ) -> dict[Address, bool]:
        """Return all that goes when the roots are dropped; True where it must be dropped by name first.

        `spare` holds pairs (dependent, on) that will no longer exist by then.
        """
        found: dict[Address, bool] = dict.fromkeys(roots, True)
        queue = list(found)
        while queue:
            on = queue.pop()
            for link in self.dependents(on):
                if (link.dependent, on) in spare:
                    continue
                explicit = not self.vanishes(link.dependent, on)
                if link.dependent not in found:
                    found[link.dependent] = explicit
                    queue.append(link.dependent)
                elif explicit and not found[link.dependent]:
                    found[link.dependent] = True
        return found


def owners_of(dependencies: Iterable[Dependency]) -> dict[Address, Address]:
    """Return what each part is part of: a row type of its relation, a partition's trigger or index of its parent's."""
    found = {d.dependent: d.referenced for d in dependencies if d.type is DependencyType.PARTITION_PRIMARY}
    return found | {d.dependent: d.referenced for d in dependencies if d.type is DependencyType.INTERNAL}
