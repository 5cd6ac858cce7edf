"""The dependency graph of the catalog: what must be dropped before what, and what is dropped along with it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Definition, Dependency, DependencyType
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pgmg.model.database.catalog_details import Closure
    from pgmg.model.database.snapshot import Address

PARTS_OF_TABLES = frozenset({Kind.INDEX, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.STATISTICS})
"""Parts of a table that can be dropped and restored by themselves."""

ON_TABLES = PARTS_OF_TABLES | {Kind.SEQUENCE, Kind.TABLE}
"""Kinds that the server adapts by itself when a column of their table changes (rule 4.1)."""

BLOCKS_COLUMN_CHANGES = frozenset(Kind) - ON_TABLES
"""Kinds for whose sake the server refuses to drop or retype a column."""

_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_FOLDED = frozenset({DependencyType.INTERNAL, DependencyType.PARTITION_PRIMARY})


@dataclass(frozen=True, slots=True)
class Link:
    """`dependent` depends on `on`. An AUTO dependent is dropped along with it, instead of preventing the drop.

    `column` is the column of `on` that is meant, `own_column` that of the dependent, whose type `own_type` is.
    """

    dependent: Address
    on: Address
    is_auto: bool
    column: str | None = None
    own_column: str | None = None
    own_type: str | None = None
    is_internal: bool = False  # a part, created with the whole
    is_of_partition: bool = False  # only what the dependent has on a partition depends on it

    def uses_column(self, column: str | None) -> bool:
        """Say whether the dependent uses a column of `on`; a pending statement adds one that has none here (None)."""
        return column is not None and self.column == column


def _always(_link: Link) -> bool:
    return True


class DependencyGraph:
    """Closure of the catalog; row types, array types and `_RETURN` rules stand for the objects they are parts of."""

    def __init__(self, closure: Closure) -> None:
        self.definitions = closure.definitions
        self._wholes = wholes_of(closure.dependencies)
        self._on_partitions = {d.dependent for d in closure.dependencies if d.type is DependencyType.PARTITION_PRIMARY}
        self._dependents: dict[Address, list[Link]] = defaultdict(list)
        self._needs: dict[Address, list[Link]] = defaultdict(list)
        self.foreign: list[tuple[Address, Address]] = []
        """(dependent, on): dependents that pgmg knows no definition of."""
        for dependency in closure.dependencies:
            self._add(dependency)

    def _add(self, dependency: Dependency) -> None:
        if dependency.type is DependencyType.EXTENSION:
            return
        if dependency.type in _FOLDED:
            if dependency.dependent in self.definitions:
                whole = self.whole(dependency.referenced)
                if whole is not None and whole != dependency.dependent:
                    column = dependency.column
                    self._link(Link(dependency.dependent, whole, is_auto=True, column=column, is_internal=True))
            return
        is_auto = dependency.type is not DependencyType.NORMAL
        dependent, on = self.whole(dependency.dependent), self.whole(dependency.referenced)
        if on is None or dependent == on:
            return
        if dependent is None:
            if not is_auto:
                self.foreign.append((dependency.dependent, on))
            return
        self._link(
            Link(
                dependent, on, is_auto, dependency.column, dependency.own_column, dependency.own_type,
                is_of_partition=dependency.dependent in self._on_partitions,
            )
        )  # fmt: skip

    def _link(self, link: Link) -> None:
        self._dependents[link.on].append(link)
        self._needs[link.dependent].append(link)

    def whole(self, address: Address) -> Address | None:
        """Return the object that an address belongs to: itself, or what a row type, rule or index is a part of."""
        seen = set()
        while address not in self.definitions:
            inner = self._wholes.get(address)
            if inner is None or inner in seen:
                return None
            seen.add(inner)
            address = inner
        owner = self._wholes.get(address)
        if owner is None or self.name(address).kind in (Kind.TABLE, Kind.SEQUENCE, Kind.COLUMN_DEFAULT):
            return address
        # an index goes with its constraint, a range's constructor with the range, a partition's index with its parent's
        return self.whole(owner) or address

    def name(self, address: Address) -> ObjectName:
        """Return the name of an object when the plan begins."""
        return self.definitions[address].name

    def definition(self, address: Address) -> Definition:
        """Return how the database would drop and create an object."""
        return self.definitions[address]

    def dependents(self, address: Address) -> list[Link]:
        """Return what depends directly on an object."""
        return self._dependents.get(address, [])

    def needs(self, address: Address) -> list[Link]:
        """Return what an object depends on directly, within the closure."""
        return self._needs.get(address, [])

    def definition_needs(self, address: Address) -> list[Link]:
        """Return what a definition refers to: not the types of a view's own columns, which follow from its query."""
        is_view = self.name(address).kind in _VIEWS
        return [link for link in self.needs(address) if not (is_view and link.own_column is not None)]

    def is_dropped_with(self, dependent: Address, on: Address) -> bool:
        """Say whether an object is dropped along with another, even if it refers to it as well (a rule on a view)."""
        return any(link.is_auto for link in self.dependents(on) if link.dependent == dependent)

    def goes_with(self, address: Address, whole: Collection[Address]) -> bool:
        """Say whether an object is dropped along with one of others, such as a constraint with its domain."""
        return any(link.is_auto and link.on in whole for link in self.needs(address))

    def dependents_closure(
        self,
        roots: Iterable[Address],
        ignoring: Collection[tuple[Address, Address]] = (),
        counts: Callable[[Link], bool] = _always,
    ) -> dict[Address, bool]:
        """Return all that is dropped with the roots; True for what must be dropped by name first.

        Links between the pairs (dependent, on) of `ignoring` are not followed, nor those that do not count.
        """
        found: dict[Address, bool] = dict.fromkeys(roots, True)
        queue = list(found)
        while queue:
            on = queue.pop()
            auto = {link.dependent for link in self.dependents(on) if link.is_auto}
            for link in self.dependents(on):
                if (link.dependent, on) in ignoring or not counts(link):
                    continue
                explicit = link.dependent not in auto
                if link.dependent not in found:
                    found[link.dependent] = explicit
                    queue.append(link.dependent)
                elif explicit and not found[link.dependent]:
                    found[link.dependent] = True
        return found


def wholes_of(dependencies: Iterable[Dependency]) -> dict[Address, Address]:
    """Return what each part is part of: a row type of its relation, a partition's trigger or index of its parent's."""
    found = {d.dependent: d.referenced for d in dependencies if d.type is DependencyType.PARTITION_PRIMARY}
    return found | {d.dependent: d.referenced for d in dependencies if d.type is DependencyType.INTERNAL}
