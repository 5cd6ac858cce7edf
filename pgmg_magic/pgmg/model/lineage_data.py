"""Which columns a query's columns are made from: what reading it found, and what the server recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.snapshot import Address
    from pgmg.model.source import Parts

WHOLE_ROW = "*"
"""Stands for every column of a relation: a whole row was used."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnUse:
    """A column of a relation, which is named as the query spells it (unquoted and folded)."""

    relation: Parts
    column: str


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column that a query returns: the columns its value is made from, and the expression that makes it."""

    name: str
    values: tuple[ColumnUse, ...] = ()
    expression: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was read in a query; `conditions` are the columns that decide which rows there are."""

    columns: tuple[OutputColumn, ...]
    conditions: tuple[ColumnUse, ...] = ()


@dataclass(frozen=True, slots=True)
class RelationColumns:
    """What the catalog knows of a relation: its columns in order; of a view its query and the columns that it uses.

    `query` is spelled under the search_path pg_catalog, so that all its relations are qualified. `uses` holds
    (relation, column); the column is `*` where the view depends on the relation as a whole.
    """

    columns: tuple[str, ...]
    query: str | None = field(default=None, repr=False)
    uses: tuple[tuple[Address, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnAnswers:
    """What the catalog knows of the relations it was asked about."""

    relations: Mapping[Address, RelationColumns] = field(default_factory=lambda: MappingProxyType({}))
