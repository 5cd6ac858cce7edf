"""Which columns a query's columns are made from: what reading it found, and what the server recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.database.snapshot import Address
    from pgmg.model.sources.source import Parts

WHOLE_ROW = "*"
"""Stands for every column of a relation: a whole row was used."""

ROW_ORDER = ""
"""Stands for the order in which the rows of a relation come."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnUse:
    """A column of a relation, which is named as the query spells it (unquoted and folded)."""

    relation: Parts
    column: str


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column that a query returns, and the expression that makes it.

    `values` are the columns its value is made from, `decides` those that decide which values these are (the conditions
    of a subquery), `calls` the functions that compute it, by their names as they are spelled.
    """

    name: str
    values: tuple[ColumnUse, ...] = ()
    expression: str = field(default="", repr=False)
    decides: tuple[ColumnUse, ...] = ()
    calls: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The result of reading a query.

    `conditions` are the columns that decide which rows there are, `order` those that only decide in which order they
    come; `calls` are the functions in conditions.
    """

    columns: tuple[OutputColumn, ...]
    conditions: tuple[ColumnUse, ...] = ()
    order: tuple[ColumnUse, ...] = ()
    calls: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionTraits:
    """Knowledge about functions and types by name, without schemas.

    `sets` return sets of rows; `aggregates` may depend on the order of their input. `results` are the columns of what a
    function returns, `types` the attributes of composite types: both only where one name means one list.
    """

    sets: frozenset[str] = frozenset()
    aggregates: frozenset[str] = frozenset()
    results: tuple[tuple[str, tuple[str, ...]], ...] = ()
    types: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedUse:
    """A column of a relation that a view uses, as the server recorded it; `*` for the relation as a whole.

    `through` is the function in between, where the view calls one whose body the server tracks.
    """

    relation: Address
    column: str
    through: str | None = None


@dataclass(frozen=True, slots=True)
class RelationColumns:
    """The catalog's facts about a relation: the columns in order; of a view also the query and the columns used.

    `query` is spelled under the search_path pg_catalog, so that all its relations are qualified. `generated` are
    generated columns with those that they are computed from, `composites` columns of composite types with their
    attributes.
    """

    columns: tuple[str, ...]
    query: str | None = field(default=None, repr=False)
    uses: tuple[RecordedUse, ...] = ()
    generated: tuple[tuple[str, tuple[str, ...]], ...] = ()
    composites: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnAnswers:
    """The catalog's facts about the requested relations, and about functions."""

    relations: Mapping[Address, RelationColumns] = field(default_factory=lambda: MappingProxyType({}))
    traits: FunctionTraits = FunctionTraits()
