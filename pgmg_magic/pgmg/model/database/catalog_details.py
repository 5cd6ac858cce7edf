"""The details of catalog objects that planning asks for: dependencies, definitions, columns, facts, privileges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.quoting import quote

if TYPE_CHECKING:
    from pgmg.model.database.snapshot import Address
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.applied_from import AppliedFrom, Claim
    from pgmg.model.sources.firing import Firing


class DependencyType(StrEnum):
    """`pg_depend.deptype` (PostgreSQL manual, 52.18)."""

    NORMAL = "n"
    AUTO = "a"
    INTERNAL = "i"
    PARTITION_PRIMARY = "P"
    PARTITION_SECONDARY = "S"
    EXTENSION = "e"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A row of `pg_depend`; columns are named where one is meant rather than the whole object.

    `own_type` is the type of the dependent's column, or `inherited` where its parent table decides.
    """

    dependent: Address
    referenced: Address
    type: DependencyType
    column: str | None = None  # of the referenced relation
    own_column: str | None = None  # of the dependent relation
    own_type: str | None = None


class Aspect(StrEnum):
    """The aspect of an object that a property describes (rule 6)."""

    OWNER = "owner"
    NAME = "name"  # of a trigger on a partition
    OPTION = "option"  # WITH (…) of a view, materialized view or index
    PART_OPTION = "part_option"  # the same of a part: of the index behind a constraint
    STORAGE = "storage"  # tablespace, access method, statistics targets, storage and compression of columns
    LATE_STORAGE = "late_storage"  # of a column, once there are rows
    REPLICA_IDENTITY = "replica_identity"
    CLUSTER = "cluster"
    EXTENSION = "extension"  # DEPENDS ON EXTENSION
    GRANT = "grant"
    COLUMN_GRANT = "column_grant"
    REVOKE = "revoke"
    RESET = "reset"  # takes away what default privileges give: then GRANT and REVOKE do not depend on them
    LABEL = "label"
    COMMENT = "comment"
    CONSTRAINT_COMMENT = "constraint_comment"  # of a constraint of a domain
    ENABLED = "enabled"  # triggers, rules, event triggers
    PARTITION = "partition"  # an index or constraint of a partition, which becomes a part of the object
    ATTACH = "attach"
    MEMBER = "member"  # of an operator class, though it belongs to its family alone


PRIVILEGES = frozenset({Aspect.GRANT, Aspect.COLUMN_GRANT, Aspect.REVOKE})


@dataclass(frozen=True, slots=True)
class ObjectProperty:
    """One statement that restores something that an object has besides its definition (rule 6).

    `subject` names the option, column, role, part or partition it is about; `role` is whom to become for it (rule
    6.5). `allowed` is False where our role may not do it. `undo` takes it away from an object that gained it.
    `partition` is the table that has it, where a part of the object on a partition does.
    """

    aspect: Aspect
    subject: str | None
    statement: str
    role: str | None = None
    allowed: bool = True
    undo: str | None = None
    partition: str | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements to send: a grant by another role is restored under that role (rule 6.5)."""
        return self._as_role(self.statement)

    @property
    def undo_statements(self) -> tuple[str, ...]:
        """The statements that take the property away; empty where the server has none."""
        return () if self.undo is None else self._as_role(self.undo)

    def _as_role(self, statement: str) -> tuple[str, ...]:
        if self.role is None:
            return (statement,)
        return (f"SET LOCAL ROLE {quote(self.role)}", statement, "RESET ROLE")


@dataclass(frozen=True, slots=True)
class Definition:
    """How the database itself would recreate an object.

    `create` is empty for what pgmg cannot recreate (`kept_by` then says why in words). `text` is the definition as
    one text, for comparisons.
    """

    address: Address
    name: ObjectName
    drop: str
    create: tuple[str, ...] = ()
    properties: tuple[ObjectProperty, ...] = ()
    extension: str | None = None
    kept_by: str | None = None
    populated: bool = True
    text: str = ""

    @property
    def drops(self) -> tuple[str, ...]:
        """The statements that drop it: members of an operator class that belong to its family are dropped after it."""
        members = (one.undo for one in self.properties if one.aspect is Aspect.MEMBER)
        return (self.drop, *(undo for undo in members if undo is not None))


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that depends, directly or not, on the addresses it was asked for, them included."""

    definitions: Mapping[Address, Definition] = field(default_factory=lambda: MappingProxyType({}))
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column as dependents see it; type and collation by OID."""

    name: str
    type: int
    modifier: int
    collation: int


@dataclass(frozen=True, slots=True)
class ViewShape:
    """The columns that a changed view's query returns now, or the server's `error` with its SQLSTATE."""

    columns: tuple[ColumnShape, ...] = ()
    error: str | None = None
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """An object's own facts as the catalog has them; `values` is a JSON object whose keys depend on the kind."""

    address: Address
    values: Mapping[str, Any]
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Privileges:
    """One aclitem: what `grantee` (`public`: everybody) may do, granted by `grantor`; `column` if it is about one."""

    grantor: str
    grantee: str
    privilege: str
    grantable: bool
    column: str | None = None


DefaultAcls = Mapping[tuple[str, str | None, str], tuple[Privileges, ...]]
"""Default privileges by creator, schema (or None) and objects (`tables`, `functions` …); () where they are none."""


@dataclass(frozen=True, slots=True)
class DriftEvidence:
    """Evidence that tells a change from a mere difference, read once the objects in doubt are known."""

    definitions: Mapping[ObjectName, str] = field(default_factory=lambda: MappingProxyType({}))
    """The database's own text of objects whose catalog version is not the recorded one."""
    recorded: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The SQL that was applied last, by state name, of modified and deleted objects."""
    wordings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The server's own text of what was applied last, by state name, of the objects in `definitions`."""
    applied_from: Mapping[str, AppliedFrom] = field(default_factory=lambda: MappingProxyType({}))
    """Who applied modified and deleted objects last, by state name; nobody for what an earlier pgmg wrote."""
    claims: Mapping[str, Claim] = field(default_factory=lambda: MappingProxyType({}))
    """Other projects' records of adopted and deleted objects, by state name."""
    comments: Mapping[ObjectName, str] = field(default_factory=lambda: MappingProxyType({}))
    """Live comments, by the name of what they are about; read only where comments are declared or recorded."""
    privileges: Mapping[ObjectName, tuple[Privileges, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Live privileges by object; read only where grants are declared or recorded."""
    firing: Mapping[ObjectName, Firing] = field(default_factory=lambda: MappingProxyType({}))
    """When triggers and rules fire, where not by default; read only where that is declared or recorded."""
    default_acls: DefaultAcls = field(default_factory=lambda: MappingProxyType({}))
    """What ALTER DEFAULT PRIVILEGES has set; read with the privileges."""
    roles: frozenset[str] = frozenset()
    """Those of `DriftChecks.roles` that exist."""
    signatures: Mapping[ObjectName, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    """The facts of routines whose signature follows a column."""


@dataclass(frozen=True, slots=True)
class CatalogDetails:
    """Catalog details of the objects that are about to change, read in a constant number of queries."""

    closure: Closure = Closure()
    facts: Mapping[ObjectName, LiveFacts] = field(default_factory=lambda: MappingProxyType({}))
    shapes: Mapping[ObjectName, ViewShape] = field(default_factory=lambda: MappingProxyType({}))
    extension_dependents: Mapping[Address, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """`ALTER … DEPENDS ON EXTENSION` of the routines that have it: CREATE OR REPLACE takes it away."""
    same_wordings: frozenset[ObjectName] = frozenset()
    """Adopted objects that the server stores as they are declared; of views the query is meant."""


@dataclass(frozen=True, slots=True)
class ShapeQuestion:
    """Asks which columns a changed view's query returns now (rule 5.1)."""

    name: ObjectName
    query: str
    columns: tuple[str, ...] | None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyQuestion:
    """Asks whether CREATE OR REPLACE of a routine from its source would change what the server stores of it."""

    name: ObjectName
    statement: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordingQuestion:
    """Asks whether the server would store of a declared query what the view at `address` stores (rule 3.1)."""

    name: ObjectName
    address: Address
    query: str
    columns: tuple[str, ...] | None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogQueries:
    """Questions that planning asks before decisions."""

    seeds: frozenset[Address] = frozenset()
    facts: tuple[tuple[ObjectName, Address], ...] = ()
    shapes: tuple[ShapeQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftChecks:
    """Questions that planning asks to find out which objects changed."""

    definitions: tuple[tuple[ObjectName, Address], ...] = ()
    wordings: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    """What another project may have recorded too, by state name: what is to be adopted or deleted."""
    comments: bool = False
    privileges: bool = False
    firing: bool = False
    roles: tuple[str, ...] = ()
    signatures: tuple[tuple[ObjectName, Address], ...] = ()
