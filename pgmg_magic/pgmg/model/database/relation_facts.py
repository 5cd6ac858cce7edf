"""Catalog facts for forecasts: relations with sizes, columns, constraints, indexes; types and functions."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.plans.risk import OpenTransaction
    from pgmg.model.sources.operations import ConstraintType
    from pgmg.model.sources.source import TypeName


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type as a column has it: OID and modifiers, with domains reduced to what they are based on.

    `modifiers` are the numbers in parentheses, of the domain if it has some. `checked` says that a domain among them
    has constraints.
    """

    oid: int
    base: int
    name: str
    modifiers: tuple[int, ...] = ()
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: ColumnType
    collation: int = 0
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class TableConstraint:
    """A constraint of a table; `other` is the table that a foreign key references, `key` the constraint of its key.

    `inherited` says that a partition has it from its parent, or that it is that part of a foreign key which references
    one partition. Children have it, too, unless it says `no_inherit`.
    """

    name: str
    type: ConstraintType
    valid: bool
    columns: tuple[str, ...]
    other: int | None = None
    definition: str = ""
    key: str | None = None
    inherited: bool = False
    no_inherit: bool = False


@dataclass(frozen=True, slots=True)
class TableIndex:
    """An index: its plain key columns, and the columns in its expressions and predicate."""

    name: str
    columns: tuple[str, ...]
    inner_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that exists before the plan. `kind` is `pg_class.relkind`.

    `bytes` and `rows` are None where the server has not counted yet. `inherits` are its parents, `dependents` the views
    and materialized views that read it directly, each with a column that it reads or None. `reads` is what the query of
    a view reads directly, each with whether that is read with what inherits from it; None where it was not asked.
    `default_partition` is 0 without one.
    """

    oid: int
    schema: str
    name: str
    kind: str
    persistence: str = "p"
    access_method: str = ""
    tablespace: str = ""
    bytes: int | None = None
    rows: int | None = None
    is_partition: bool = False
    inherits: tuple[int, ...] = ()
    default_partition: int = 0
    indexed_table: int | None = None
    of_type: str | None = None
    dependents: tuple[tuple[int, str | None], ...] = ()
    reads: tuple[tuple[int, bool], ...] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict, repr=False)
    constraints: tuple[TableConstraint, ...] = ()
    indexes: tuple[TableIndex, ...] = ()
    statistics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactsWanted:
    """The names to read: relations, whole schemas, types and functions.

    `locked` are the relations of which, if they are views, all that they read counts, too.
    """

    relations: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    users_of_types: frozenset[str] = frozenset()
    types: frozenset[TypeName] = frozenset()
    functions: frozenset[str] = frozenset()
    truncates: bool = False
    locked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RelationFacts:
    """The catalog's answers. `volatile` are functions with a volatile overload, by schema, name and argument count.

    `binary_casts` are pairs of type OIDs that share one representation. `transactions` are long ones, by relation.
    """

    relations: Mapping[int, Relation]
    types: Mapping[TypeName, ColumnType]
    volatile: frozenset[tuple[str, str, int]]
    binary_casts: frozenset[tuple[int, int]]
    path: tuple[str, ...]
    time_zone: str
    tablespace: str
    version_num: int
    transactions: Mapping[int, tuple[OpenTransaction, ...]] = field(default_factory=dict)
