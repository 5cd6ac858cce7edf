"""The columns of relations, by what they are made from: the result of reading a view, and its index by column used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class UsedColumns:
    """A column, or a relation as a whole, that is used in a way that is not known, and by what construct."""

    on: ObjectName
    construct: str
    origin: Origin = Origin.SOURCE


Uses = tuple[ObjectName, ...]


@dataclass(frozen=True, slots=True)
class ViewColumns:
    """A relation whose columns are made from others: a view that was read, a table with generated columns.

    By column: `values`, `decides` (what decides which value it is), `through` (what functions that compute it read).
    Of its rows: `conditions`, `order`, `used` (for what is not known), and the views that it `reads`. Where its query
    was not read, `why` says so: then every column leads to all of `used`, and `columns` is None where their names are
    not known either. A relation among the uses stands for the order of its rows.
    """

    columns: tuple[str, ...] | None = ()
    values: Mapping[str, Uses] = field(default_factory=lambda: MappingProxyType({}))
    decides: Mapping[str, Uses] = field(default_factory=lambda: MappingProxyType({}))
    through: Mapping[str, tuple[UsedColumns, ...]] = field(default_factory=lambda: MappingProxyType({}))
    expressions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    conditions: Uses = ()
    order: Uses = ()
    used: tuple[UsedColumns, ...] = ()
    reads: Uses = ()
    why: str | None = None

    @property
    def origin(self) -> Origin:
        """Who says what is used: the server, where it recorded it."""
        return next((used.origin for used in self.used if used.origin is Origin.CATALOG), Origin.SOURCE)

    @property
    def decides_rows(self) -> bool:
        """Something in its own query decides about its rows or their order."""
        return bool(self.conditions or self.order or self.used)


def without_idle_order(readings: Mapping[ObjectName, ViewColumns]) -> Mapping[ObjectName, ViewColumns]:
    """Return the readings without uses of the order of rows that come in no order."""
    ordered: set[ObjectName] = set()
    handed_on: dict[ObjectName, list[ObjectName]] = defaultdict(list)  # by view: those that show its rows in its order
    for view, reading in readings.items():
        if any(source.kind is Kind.COLUMN for source in reading.order):
            ordered.add(view)
        for source in reading.order:
            if source.kind is not Kind.COLUMN:
                handed_on[source].append(view)
    waiting = list(ordered)
    while waiting:
        new = [view for view in handed_on[waiting.pop()] if view not in ordered]
        ordered.update(new)
        waiting += new

    def kept(uses: Uses) -> Uses:
        return tuple(use for use in uses if use.kind is Kind.COLUMN or use in ordered or use not in readings)

    return {
        view: replace(
            reading,
            decides={column: left for column, uses in reading.decides.items() if (left := kept(uses))},
            conditions=kept(reading.conditions),
            order=kept(reading.order),
        )
        for view, reading in readings.items()
    }


class ColumnUsers:
    """The readings the other way round: by a column or relation, who uses it and how."""

    def __init__(self, readings: Mapping[ObjectName, ViewColumns]) -> None:
        self.made: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self.decided: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self.through: dict[ObjectName, list[tuple[ObjectName, UsedColumns]]] = defaultdict(list)
        self.conditioned: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self.ordered: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self.using: dict[ObjectName, list[tuple[ObjectName, UsedColumns]]] = defaultdict(list)
        self.readers: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        for view, reading in readings.items():
            self._index(view, reading)

    def _index(self, view: ObjectName, reading: ViewColumns) -> None:
        def column(name: str) -> ObjectName:
            return ObjectName(Kind.COLUMN, name, parent=view)

        for into, by_column in ((self.made, reading.values), (self.decided, reading.decides)):
            for name, sources in by_column.items():
                for source in sources:
                    into[source].append(column(name))
        for name, uses in reading.through.items():
            for used in uses:
                self.through[used.on].append((column(name), used))
        for source in reading.conditions:
            self.conditioned[source].append(view)
        for source in reading.order:
            self.ordered[source].append(view)
        for used in reading.used:
            self.using[used.on].append((view, used))
        for other in reading.reads:
            self.readers[other].append(view)

    def columns_of(self, view: ObjectName) -> list[ObjectName]:
        """Return the columns of a view that others use."""
        indexes: tuple[Mapping[ObjectName, object], ...] = (
            self.made, self.decided, self.through, self.conditioned, self.ordered, self.using,
        )  # fmt: skip
        found = dict.fromkeys(one for index in indexes for one in index)
        return [one for one in found if one.parent == view and one.kind is Kind.COLUMN]


def relation_of(name: ObjectName) -> ObjectName:
    """Return the relation of a column; a relation itself."""
    return name.parent if name.kind is Kind.COLUMN and name.parent is not None else name
