"""Keeps track of what live objects and their columns are called while pending migrations rename them (rule 4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.source import Alteration, Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.names import ObjectName
    from pgmg.model.snapshot import Address
    from pgmg.planning.resolve.resolver import Resolver


class Course:
    """What every name means at one point between the alterations of pending migrations."""

    def __init__(self, addresses: Mapping[ObjectName, Address], resolver: Resolver) -> None:
        self._addresses = addresses
        self._resolver = resolver
        self._moved: dict[ObjectName, Address | None] = {}
        self._columns: dict[tuple[Address, str], str] = {}  # those renamed: what they were called in the snapshot
        self._retyped: set[tuple[Address, str]] = set()
        self.dropped: set[tuple[Address, str]] = set()
        """Columns, as the snapshot calls them, that are there no more."""

    def copy(self) -> Course:
        """Return another one that stands where this one does."""
        other = Course(self._addresses, self._resolver)
        other._moved, other._columns = dict(self._moved), dict(self._columns)
        other._retyped, other.dropped = set(self._retyped), set(self.dropped)
        return other

    def address(self, name: ObjectName) -> Address | None:
        """Return the live object that now bears a name."""
        return self._moved[name] if name in self._moved else self._addresses.get(name)

    def as_read(self, alteration: Alteration, address: Address) -> Alteration:
        """Return an alteration of a live object with its column called as in the snapshot."""
        if alteration.member is None:
            return alteration
        return replace(alteration, member=self._columns.get((address, alteration.member), alteration.member))

    def column_now(self, table: ObjectName, address: Address, column: str) -> tuple[ObjectName, str] | None:
        """Return what a column of the snapshot is called by now; None where it is gone, or has another type."""
        if (address, column) in self._retyped | self.dropped:
            return None
        moved = (name for name, other in self._moved.items() if other == address)
        found = next(moved, table if self.address(table) == address else None)
        renamed = (now for (other, now), was in self._columns.items() if (other, was) == (address, column))
        return None if found is None else (found, next(renamed, column))

    def take(self, alteration: Alteration) -> None:
        """Let an alteration have happened."""
        names = self._resolver.altered(alteration)
        match alteration.effect:
            case Effect.RENAME | Effect.SET_SCHEMA:
                for old, new in zip(names, self._resolver.became(alteration), strict=False):
                    address = self.address(old)
                    if address is not None:
                        self._moved[old], self._moved[new] = None, address
            case Effect.DROP:
                self._moved.update((name, None) for name in names if self.address(name) is not None)
            case Effect.RENAME_COLUMN | Effect.DROP_COLUMN | Effect.RETYPE_COLUMN:
                for name in names:
                    address = self.address(name)
                    if address is not None and alteration.member is not None:
                        self._take_column(address, alteration.member, alteration)
            case _:
                pass

    def _take_column(self, address: Address, column: str, alteration: Alteration) -> None:
        if alteration.effect is Effect.RENAME_COLUMN and alteration.new_name is not None:
            self._columns[address, alteration.new_name] = self._columns.pop((address, column), column)
        else:
            was = (address, self._columns.get((address, column), column))
            (self.dropped if alteration.effect is Effect.DROP_COLUMN else self._retyped).add(was)


def courses(
    addresses: Mapping[ObjectName, Address], resolver: Resolver, migrations: Iterable[Migration]
) -> tuple[Course, ...]:
    """Return where things stand before each migration, and after the last."""
    found = [Course(addresses, resolver)]
    for migration in migrations:
        after = found[-1].copy()
        for alteration in migration.alterations:
            after.take(alteration)
        found.append(after)
    return tuple(found)
