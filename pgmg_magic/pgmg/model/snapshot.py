"""What a database holds: a snapshot of names and state, and the deeper answers asked for what is about to change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from pgmg.model.canonical_deparse import canonical_deparse
from pgmg.model.names import ObjectName
from pgmg.model.quoting import quote

OWN_TABLES = ("pgmg_state", "pgmg_migrations", "pgmg_progress")
"""The tables of rule 10."""


class Address(NamedTuple):
    """An object's place in the system catalogs: the OIDs of its catalog and of itself."""

    classid: int
    objid: int


NOWHERE = Address(0, 0)
"""No object's address (0 is `InvalidOid`): it does not exist yet when the plan is made."""


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object the database has.

    `version` changes whenever the object's own definition may have changed; it says nothing across databases.
    `extension` names the extension it belongs to. `valid` is False for an index left by a failed concurrent build.
    """

    address: Address
    name: ObjectName
    version: str
    owner: str
    extension: str | None = None
    valid: bool = True

    @property
    def stamp(self) -> str:
        """What state keeps to notice later that somebody touched the object (rule 3.1, drifted)."""
        return f"{self.address.objid}:{self.version}"


def definition_hash(text: str) -> str:
    """Return the SHA-256 (hex) of the database's own definition, as state keeps it: the same one after a restore."""
    return hashlib.sha256(canonical_deparse(text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StateRow:
    """A row of `pgmg_state` (rule 10). What the original tool did not write is None."""

    name: str
    hash: str
    schema: str | None = None
    version: str | None = None
    definition_hash: str | None = None
    server_version: int | None = None
    file_hash: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """A row of `pgmg_migrations`; `hash` is None for rows the original tool wrote."""

    name: str
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The session that a snapshot was read in. `search_path` lists only schemas that exist, without implicit ones."""

    version_num: int
    version: str
    database: str
    database_oid: int
    user: str
    superuser: bool
    search_path: tuple[str, ...]
    setting: str  # the search_path setting itself, as SHOW prints it
    state_columns: tuple[str, ...] = ()  # () where the table does not exist
    migration_columns: tuple[str, ...] = ()
    progress_table: bool = False
    state_schema_exists: bool = True


@dataclass(frozen=True)
class Snapshot:
    """All names in the database and all of pgmg's state, as one transaction saw them."""

    server: ServerInfo
    schemas: frozenset[str]
    objects: Mapping[ObjectName, LiveObject]
    state: Mapping[str, StateRow]
    migrations: Mapping[str, MigrationRow]
    progress: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Statements already done of no-transaction migrations, by `name@hash`."""

    @cached_property
    def addresses(self) -> Mapping[ObjectName, Address]:
        """The catalog address of every object."""
        return {name: live.address for name, live in self.objects.items()}

    @cached_property
    def by_address(self) -> Mapping[Address, LiveObject]:
        """The objects by address."""
        return {live.address: live for live in self.objects.values()}


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


@dataclass(frozen=True, slots=True)
class ObjectProperty:
    """One statement that restores something around an object (rule 6).

    `aspect` says what: owner, option, grant, revoke, comment, label, storage, enabled, cluster, refresh.
    `subject` names the option, column or role it is about; `role` is whom to become for it (rule 6.5).
    `allowed` is False where our role may not do it.
    """

    aspect: str
    subject: str | None
    statement: str
    role: str | None = None
    allowed: bool = True

    @property
    def statements(self) -> tuple[str, ...]:
        """What is sent: a grant by another role is restored under that role (rule 6.5)."""
        if self.role is None:
            return (self.statement,)
        return (f"SET LOCAL ROLE {quote(self.role)}", self.statement, "RESET ROLE")


@dataclass(frozen=True, slots=True)
class Definition:
    """How the database itself would make an object again.

    `create` is empty for what pgmg cannot make (`kept_by` then says why in words). `part_of` is what takes it along
    when dropped (the table of a trigger), None for independent objects.
    """

    address: Address
    name: ObjectName
    drop: str
    create: tuple[str, ...] = ()
    properties: tuple[ObjectProperty, ...] = ()
    extension: str | None = None
    kept_by: str | None = None
    populated: bool = True


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
    """What a changed view's query returns now, or why that could not be asked (`error`, with its SQLSTATE)."""

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
    default: bool = False  # what the owner and PUBLIC have without any GRANT


@dataclass(frozen=True, slots=True)
class DriftEvidence:
    """What tells a change from a mere difference: asked once it is known which objects are in doubt."""

    definitions: Mapping[ObjectName, str] = field(default_factory=lambda: MappingProxyType({}))
    """The database's own text of objects whose catalog version is not the recorded one."""
    recorded: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The SQL that was applied last, by state name, of modified and deleted objects."""
    comments: Mapping[ObjectName, str] = field(default_factory=lambda: MappingProxyType({}))
    """Live comments, by the name of what they are about; read only where comments are declared or recorded."""
    privileges: Mapping[ObjectName, tuple[Privileges, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Live privileges by object; read only where grants are declared or recorded."""


@dataclass(frozen=True, slots=True)
class CatalogDetails:
    """What the database says about what is about to change, asked in a constant number of queries."""

    closure: Closure = Closure()
    facts: Mapping[ObjectName, LiveFacts] = field(default_factory=lambda: MappingProxyType({}))
    shapes: Mapping[ObjectName, ViewShape] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ShapeQuestion:
    """Asks which columns a changed view's query returns now (rule 5.1)."""

    name: ObjectName
    query: str
    columns: tuple[str, ...] | None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogQueries:
    """What planning must know before it can decide."""

    seeds: frozenset[Address] = frozenset()
    facts: tuple[tuple[ObjectName, Address], ...] = ()
    shapes: tuple[ShapeQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftChecks:
    """What planning must know before it can tell which objects changed."""

    definitions: tuple[tuple[ObjectName, Address], ...] = ()
    recorded: tuple[str, ...] = ()
    comments: bool = False
    privileges: bool = False
