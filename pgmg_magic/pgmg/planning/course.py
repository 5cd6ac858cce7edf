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
        self._columns: dict[tuple[Address, str], str] = {}
        self._resolver = resolver

    def address(self, name: ObjectName) -> Address | None:
        """Return the live object that now bears a name."""
        return self._addresses.get(name)

    def as_read(self, alteration: Alteration, address: Address) -> Alteration:
        """Return an alteration of a live object with its column called as in the snapshot."""
        if alteration.member is None:
            return alteration
        return replace(alteration, member=self._columns.get((address, alteration.member), alteration.member))

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
            case Effect.RENAME_COLUMN:
                for name in names:
                    address = self._addresses.get(name)
                    if address is not None and alteration.member is not None and alteration.new_name is not None:
                        was = self._columns.pop((address, alteration.member), alteration.member)
                        self._columns[address, alteration.new_name] = was
            case _:
                pass
