"""Finds names that mean something else once the pending migrations have run: another object has taken them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.names import Kind, NameKey, ObjectName
from pgmg.model.source import Alteration, Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.planning.resolve.resolver import Resolver

_LEAVES = (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA)
_COLUMN_LEAVES = (Effect.DROP_COLUMN, Effect.RENAME_COLUMN)


@dataclass(frozen=True, slots=True)
class Renewed:
    """Places of objects, and columns of relations as they were called, that others have afterwards."""

    places: frozenset[NameKey] = frozenset()
    columns: frozenset[tuple[ObjectName, str]] = frozenset()

    def means_another(self, name: ObjectName) -> bool:
        """Say whether an object, or the relation of a column and the like, is another one afterwards."""
        if name.kind is Kind.COLUMN and name.parent is not None:
            return self.means_another(name.parent) or (name.parent, name.name) in self.columns
        if name.parent is not None:
            return self.means_another(name.parent)
        return name.name_key in self.places


@dataclass(slots=True)
class _Leaving:
    places: set[NameKey] = field(default_factory=set)
    columns: set[tuple[ObjectName, str]] = field(default_factory=set)


def renewed(
    pending: Iterable[Migration],
    resolver: Resolver,
    live: Iterable[ObjectName],
    declared: Iterable[ObjectName],
) -> Renewed:
    """Return what is taken again, by migrations or by what is declared, after it was given up."""
    left, places, columns = _Leaving(), set[NameKey](), set[tuple[ObjectName, str]]()
    there = set(live)
    for migration in pending:
        for alteration in migration.alterations:
            for name in resolver.altered(alteration):
                if alteration.effect in _LEAVES and name in there:
                    left.places.add(name.name_key)
                if alteration.effect is Effect.CREATE and name.name_key in left.places:
                    places.add(name.name_key)
                columns |= _column(alteration, name, left)
            places |= {place for new in resolver.became(alteration) if (place := new.name_key) in left.places}
    if left.places:
        places |= {place for name in declared if (place := name.name_key) in left.places}
    return Renewed(frozenset(places), frozenset(columns))


def _column(alteration: Alteration, name: ObjectName, left: _Leaving) -> set[tuple[ObjectName, str]]:
    """Return the column that an alteration makes where one of its name was before."""
    taken: set[tuple[ObjectName, str]] = set()
    for column in (alteration.member if alteration.effect is Effect.ADD_COLUMN else None, _renamed_to(alteration)):
        if column is not None and (name, column) in left.columns:
            taken.add((name, column))
    if alteration.effect in _COLUMN_LEAVES and alteration.member is not None:
        left.columns.add((name, alteration.member))
    return taken


def _renamed_to(alteration: Alteration) -> str | None:
    return alteration.new_name if alteration.effect is Effect.RENAME_COLUMN else None
