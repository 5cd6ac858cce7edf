"""Keeps track of what live objects and their columns are called while pending migrations rename them (rule 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgmg.model.names import ObjectName
from pgmg.model.snapshot import Address
from pgmg.model.source import Alteration, Effect
from pgmg.planning.resolve import Resolver


class Course:
    """What every name means at one point between the alterations of pending migrations."""

    def __init__(self, addresses: Mapping[ObjectName, Address], resolver: Resolver) -> None:
        self._addresses = dict(addresses)
        self._columns: dict[tuple[Address, str], str] = {}  # those renamed: what they were called in the snapshot
        self._gone: set[tuple[Address, str]] = set()
        self._resolver = resolver

    def address(self, name: ObjectName) -> Address | None:
        """Return the live object that now bears a name."""
        return self._addresses.get(name)

    def as_read(self, alteration: Alteration, address: Address) -> Alteration:
        """Return an alteration of a live object with its column called as in the snapshot."""
        if alteration.member is None:
            return alteration
        return replace(alteration, member=self._columns.get((address, alteration.member), alteration.member))

    def column_now(self, address: Address, column: str) -> tuple[ObjectName, str] | None:
        """Return what a column of the snapshot is called by now; None where it is gone, or has another type."""
        if (address, column) in self._gone:
            return None
        table = next((name for name, other in self._addresses.items() if other == address), None)
        renamed = (now for (other, now), was in self._columns.items() if (other, was) == (address, column))
        return None if table is None else (table, next(renamed, column))

    def take(self, alteration: Alteration) -> None:
        """Let an alteration have happened."""
        names = self._resolver.altered(alteration)
        match alteration.effect:
            case Effect.RENAME | Effect.SET_SCHEMA:
                for old, new in zip(names, self._resolver.became(alteration), strict=False):
                    if old in self._addresses:
                        self._addresses[new] = self._addresses.pop(old)
            case Effect.DROP:
                for name in names:
                    self._addresses.pop(name, None)
            case Effect.RENAME_COLUMN | Effect.DROP_COLUMN | Effect.RETYPE_COLUMN:
                for name in names:
                    address = self._addresses.get(name)
                    if address is not None and alteration.member is not None:
                        self._take_column(address, alteration.member, alteration)
            case _:
                pass

    def _take_column(self, address: Address, column: str, alteration: Alteration) -> None:
        if alteration.effect is Effect.RENAME_COLUMN and alteration.new_name is not None:
            self._columns[address, alteration.new_name] = self._columns.pop((address, column), column)
        else:
            self._gone.add((address, self._columns.get((address, column), column)))
