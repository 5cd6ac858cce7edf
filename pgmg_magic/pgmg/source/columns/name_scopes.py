"""Finds out which column a name in a query means, by the rules of PostgreSQL (parse_relation.c): level by level."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.results.lineage_data import WHOLE_ROW, ColumnUse
from pgmg.source.columns.influence import NOTHING, Influence, union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pgmg.model.sources.source import Parts
    from pgmg.source.grammar.parser import Tree

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
"""Columns that every table has, and that no view can show under their own name without saying so."""


class UnreadableError(Exception):
    """A query cannot be read for certain; the message says what it is about."""


@dataclass(frozen=True, slots=True)
class Named:
    """A column whose name is known. `text` is the expression that makes it, where it is written."""

    name: str
    influence: Influence
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Any number of columns whose names are not known: what one of a name is made from, and all of them together.

    `alike` says that all are made from the same: those that a function returns.
    """

    of: Callable[[str], Influence]
    all: Influence
    alike: bool = False


Columns = tuple[Named | Unnamed, ...]


def row_of(columns: Columns) -> Influence:
    """Return what a row of these columns is made from."""
    return union(column.influence if isinstance(column, Named) else column.all for column in columns)


def of_relation(relation: Parts, known: Sequence[str] | None) -> Columns:
    """Return the columns of a relation."""
    if known is None:
        return (Unnamed(lambda name: _use(relation, name), _use(relation, WHOLE_ROW)),)
    return tuple(Named(name, _use(relation, name)) for name in known)


def of_values(influence: Influence) -> Columns:
    """Return the columns of something that is known by what it is computed from alone: the result of a function."""
    return (Unnamed(lambda _: influence, influence, alike=True),)


def _use(relation: Parts, column: str) -> Influence:
    return Influence(frozenset({ColumnUse(relation, column)}))


def renamed(columns: Columns, names: Sequence[str]) -> Columns:
    """Return the columns with the names that an alias gives to the first of them."""
    found: list[Named | Unnamed] = []
    left = list(columns)
    for name in names:
        if not left:
            break
        first = left[0]
        if isinstance(first, Named):
            found.append(Named(name, first.influence, first.text))
            left.pop(0)
        else:
            found.append(Named(name, first.all))  # one of them: which one is not known
    return (*found, *left)


@dataclass(frozen=True, slots=True)
class Source:
    """The meaning of an alias in FROM. `relation` is the name of a relation without an alias."""

    alias: str
    columns: Columns
    row: Influence
    relation: Parts | None = None

    def column(self, name: str) -> Influence:
        """Return what a column is made from; `alias.function` is a function of the row."""
        found = [column for column in self.columns if isinstance(column, Named) and column.name == name]
        if found:
            return union(column.influence for column in found)
        unnamed = [column for column in self.columns if isinstance(column, Unnamed)]
        if unnamed:
            return union(column.of(name) for column in unnamed)
        return NOTHING if name in SYSTEM_COLUMNS else self.row


@dataclass(frozen=True, slots=True)
class Item:
    """An item of FROM: its columns in the order of `*`, and the aliases in it. `rows` decides which rows it has."""

    columns: Columns
    sources: tuple[Source, ...]
    rows: Influence = NOTHING
    order: Influence = NOTHING


@dataclass(slots=True)
class Level:
    """One query, while its expressions are read: what it has in FROM, its CTEs and windows, and the query around it."""

    items: Sequence[Item]
    parent: Level | None
    ctes: Mapping[str, object]
    windows: Mapping[str, Tree] = field(default_factory=dict)
    _columns: Columns | None = None

    @property
    def order(self) -> Influence:
        """The inputs that decide in which order the rows of FROM come."""
        return union(item.order for item in self.items)

    @property
    def columns(self) -> Columns:
        """The columns for which `*` stands."""
        if self._columns is None:
            self._columns = tuple(column for item in self.items for column in item.columns)
        return self._columns

    def _outward(self) -> Iterator[Level]:
        level: Level | None = self
        while level is not None:
            yield level
            level = level.parent

    def unqualified(self, name: str) -> Influence:
        """Return what a single name means: a column, else a whole row.

        Raises:
            UnreadableError: it is not known whose column it is.
        """
        found = self.column_named(name)
        if found is None:
            found = self.row(name)
        if found is None and name in SYSTEM_COLUMNS:
            found = NOTHING
        if found is None:
            raise UnreadableError(f"it is not clear what {name} is")
        return found

    def column_named(self, name: str) -> Influence | None:
        """Return what a column of that name is made from; None where there is none, and no row is asked for.

        Where a query further out has columns whose names are not known, a name may be one of them, or the row of an
        alias that is nearer: it stands for both.
        """
        row: Influence | None = None
        for level in self._outward():
            columns = level.columns
            named = [column for column in columns if isinstance(column, Named) and column.name == name]
            if len(named) > 1:
                raise UnreadableError(f"it is not clear whose {name} is meant")
            if named:
                return named[0].influence
            unnamed = [column for column in columns if isinstance(column, Unnamed)]
            if unnamed:
                found = level.from_unnamed(name, unnamed)
                return row if found is None else found if row is None else row | found
            row = level.row_here(name) if row is None else row
        return None

    def from_unnamed(self, name: str, unnamed: Sequence[Unnamed]) -> Influence | None:
        """Return what a name means that nothing known bears, where there are columns whose names are not known."""
        row = self.row_here(name)
        if row is not None:
            return row  # a function's own name, or a row
        further = self.parent.column_named(name) if self.parent is not None else None
        if further is not None or len(unnamed) > 1:
            if all(column.alike for column in unnamed):
                return union([*(column.of(name) for column in unnamed), further or NOTHING])
            raise UnreadableError(f"it is not clear whose {name} is meant")
        return unnamed[0].of(name)

    def row_here(self, alias: str) -> Influence | None:
        """Return what a row of an alias of this very query is made from."""
        return next((s.row for item in self.items for s in item.sources if s.alias == alias), None)

    def row(self, alias: str) -> Influence | None:
        """Return what a row of an alias is made from."""
        return next((row for level in self._outward() if (row := level.row_here(alias)) is not None), None)

    def source(self, qualifier: Parts) -> Source:
        """Return what a qualifier means: an alias, or the name of a relation with its schema.

        Raises:
            UnreadableError: nothing bears it.
        """
        for level in self._outward():
            for item in level.items:
                for source in item.sources:
                    if _bears(source, qualifier):
                        return source
        raise UnreadableError(f"it is not clear what {'.'.join(qualifier)} is")


def _bears(source: Source, qualifier: Parts) -> bool:
    if len(qualifier) == 1:
        return source.alias == qualifier[0]
    if source.relation is None or source.relation[-1] != qualifier[-1]:
        return False
    return len(source.relation) == 1 or source.relation[-2] == qualifier[-2]
