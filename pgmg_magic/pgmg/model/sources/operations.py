"""The effects of single statements on relations, as their text tells them: the input of lock forecasts."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.risk import LockMode

if TYPE_CHECKING:
    from pgmg.model.sources.source import Parts, TypeName


@dataclass(frozen=True, slots=True)
class Locks:
    """A lock on one relation. With `tree`, on everything that inherits from it as well.

    `partitions` restricts `tree` to partitions, `inheritance` to children that are none, and `since` to servers from
    that version on. `scan` says that the rows are read under the lock, `rewrite` that they are written to new files,
    `loss` what is lost. With `read`, what the query of a view reads is locked with the view, as LOCK TABLE does it.
    """

    relation: Parts
    mode: LockMode
    tree: bool = False
    partitions: bool = False
    scan: str | None = None
    rewrite: str | None = None
    loss: str | None = None
    since: int = 0
    read: bool = False
    inheritance: bool = False


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ADD COLUMN. `functions` are those that the default calls, with their numbers of arguments.

    `computed` says that every row gets a value of its own (stored expression, identity, serial), `checked` that rows
    are checked (CHECK, or NOT NULL without a default), `indexed` that an index is built.
    """

    relation: Parts
    column: str
    type: TypeName
    tree: bool
    if_missing: bool = False
    has_default: bool = False
    functions: tuple[tuple[Parts, int], ...] = ()
    computed: bool = False
    checked: bool = False
    indexed: bool = False
    references: Parts | None = None


@dataclass(frozen=True, slots=True)
class DropColumn:
    """DROP COLUMN; children are locked even where it says ONLY."""

    relation: Parts
    column: str
    cascade: bool = False


class Using(Enum):
    """The expression that converts a column."""

    CAST = "the column itself, perhaps cast to the new type"
    EXPRESSION = "anything else"


@dataclass(frozen=True, slots=True)
class Retype:
    """ALTER COLUMN … TYPE."""

    relation: Parts
    column: str
    type: TypeName
    using: Using
    collation: Parts | None
    tree: bool


@dataclass(frozen=True, slots=True)
class SetNotNull:
    """SET NOT NULL, by itself or for a primary key: rows are read unless something proves it."""

    relation: Parts
    column: str
    tree: bool


class ConstraintType(StrEnum):
    """A constraint's type; the values are those of `pg_constraint.contype`."""

    CHECK = "c"
    FOREIGN_KEY = "f"
    NOT_NULL = "n"
    PRIMARY_KEY = "p"
    UNIQUE = "u"
    EXCLUSION = "x"


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """ADD CONSTRAINT of a table.

    `using_index`: an index is there already. `tree`: children are locked, and get it unless it says NO INHERIT.
    """

    relation: Parts
    type: ConstraintType
    valid: bool = True
    columns: tuple[str, ...] = ()
    references: Parts | None = None
    using_index: bool = False
    tree: bool = True
    no_inherit: bool = False


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """DROP CONSTRAINT: a foreign key locks the referenced table, a referenced key the referencing ones."""

    relation: Parts
    name: str
    tree: bool


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """VALIDATE CONSTRAINT."""

    relation: Parts
    name: str
    tree: bool


class Storage(Enum):
    """A property of a table's files."""

    PERSISTENCE = "persistence"
    ACCESS_METHOD = "access method"
    TABLESPACE = "tablespace"


@dataclass(frozen=True, slots=True)
class SetStorage:
    """SET LOGGED, UNLOGGED, ACCESS METHOD, TABLESPACE: rewrites the table where `value` is another than now."""

    relation: Parts
    storage: Storage
    value: str


@dataclass(frozen=True, slots=True)
class Attach:
    """ATTACH PARTITION."""

    relation: Parts
    partition: Parts


@dataclass(frozen=True, slots=True)
class Detach:
    """DETACH PARTITION."""

    relation: Parts
    partition: Parts
    concurrently: bool


@dataclass(frozen=True, slots=True)
class OnIndexedTable:
    """A lock on the table, and with `tree` its partitions, of an index that is named."""

    index: Parts
    mode: LockMode
    scan: str | None = None
    tree: bool = False


@dataclass(frozen=True, slots=True)
class OnTypeUsers:
    """A lock on all tables with a column of the type, or `typed` tables of it.

    `rewritten` names the attribute whose type changes, if one does.
    """

    type: Parts
    mode: LockMode
    scan: str | None = None
    rewrite: str | None = None
    loss: str | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True)
class OnStatisticsTable:
    """A lock on the table of an extended statistics object."""

    statistics: Parts
    mode: LockMode


@dataclass(frozen=True, slots=True)
class DropRelation:
    """DROP TABLE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE."""

    relation: Parts
    cascade: bool
    table: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE of one table."""

    relation: Parts
    tree: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class DropSchema:
    """DROP SCHEMA; with `cascade`, everything in it."""

    schema: str
    cascade: bool


@dataclass(frozen=True, slots=True)
class Create:
    """A new relation. `references` are tables of foreign keys, `parents` those that it inherits from.

    `partition_of` is the partitioned table that it becomes a partition of.
    """

    relation: Parts
    if_missing: bool = False
    replace: bool = False
    references: tuple[Parts, ...] = ()
    parents: tuple[Parts, ...] = ()
    partition_of: Parts | None = None


@dataclass(frozen=True, slots=True)
class RenameConstraint:
    """RENAME CONSTRAINT; with `tree`, also of the children that have it."""

    relation: Parts
    name: str
    tree: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A relation gets another name or schema; `mode` is the lock on it."""

    relation: Parts
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE
    new_name: str | None = None
    new_schema: str | None = None


@dataclass(frozen=True, slots=True)
class SetPath:
    """SET search_path; None goes back to the project's."""

    path: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A statement whose effects its text does not show; `what` names it."""

    what: str


Operation = (
    Locks
    | AddColumn
    | DropColumn
    | Retype
    | SetNotNull
    | AddConstraint
    | DropConstraint
    | ValidateConstraint
    | SetStorage
    | Attach
    | Detach
    | OnIndexedTable
    | OnTypeUsers
    | OnStatisticsTable
    | DropRelation
    | Truncate
    | DropSchema
    | Create
    | RenameConstraint
    | Move
    | SetPath
    | Unknown
)
