"""The sources of a value and the inputs that decide about it: the sets that reading a query adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.results.lineage_data import ColumnUse
    from pgmg.model.sources.source import Parts


@dataclass(frozen=True, slots=True)
class Influence:
    """Columns that a value is made from (`values`), and columns that decide which values those are (`decides`).

    `calls` are the functions that compute it. `multiplies` are the arguments of functions that return sets of rows.
    """

    values: frozenset[ColumnUse] = frozenset()
    decides: frozenset[ColumnUse] = frozenset()
    calls: frozenset[Parts] = frozenset()
    multiplies: frozenset[ColumnUse] = frozenset()

    def __or__(self, other: Influence) -> Influence:
        if other is NOTHING or other == self:
            return self
        if self is NOTHING:
            return other
        return Influence(
            self.values | other.values,
            self.decides | other.decides,
            self.calls | other.calls,
            self.multiplies | other.multiplies,
        )

    @property
    def everything(self) -> frozenset[ColumnUse]:
        """All columns, whatever they are for."""
        return self.values | self.decides

    @property
    def deciding(self) -> Influence:
        """The same, of something whose rows or values it decides about without being part of them."""
        return Influence(frozenset(), self.everything, self.calls)

    @property
    def alone(self) -> Influence:
        """The same, of a query inside: its sets of rows are its own."""
        return Influence(self.values, self.decides, self.calls) if self.multiplies else self


NOTHING = Influence()


def union(influences: Iterable[Influence]) -> Influence:
    """Return all of them together."""
    total = NOTHING
    for influence in influences:
        total |= influence
    return total
