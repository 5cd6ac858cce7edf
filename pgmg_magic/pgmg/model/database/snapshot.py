"""The contents of a database: a snapshot of names and state, and records of pgmg's own tables."""

from __future__ import annotations

import hashlib
from dataclasses import field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.database.state_layout import MIGRATIONS, PROGRESS, STATE, StateTable
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.name_space import NameSpace
from pgmg.model.naming.names import name_space
from pgmg.model.sources.canonical_deparse import canonical_deparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.database.owed_objects import OwedObject
    from pgmg.model.naming.names import Kind, ObjectName
    from pgmg.model.naming.type_identity import TypeIdentity
    from pgmg.model.results.applied_from import AppliedFrom


class Address(NamedTuple):
    """An object's place in the system catalogs: the OIDs of its catalog and of itself."""

    classid: int
    objid: int


Place = tuple["Kind", "str | Address | None", str]
"""Where an object is found by its name: name space, schema (or parent, of a trigger and the like), name."""


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object the database has.

    `version` changes whenever the object's own definition may have changed; it says nothing across databases.
    `extension` names the extension it belongs to. `valid` is False for an index left by a failed concurrent build.
    `parameters` are the types of all parameters of a procedure that has OUT parameters.
    """

    address: Address
    name: ObjectName
    version: str
    owner: str
    extension: str | None = None
    valid: bool = True
    parameters: tuple[str, ...] | None = None

    @property
    def stamp(self) -> str:
        """The stamp in the state by which a later change by hand is noticed (rule 3.1, drifted)."""
        return f"{self.address.objid}:{self.version}"


def definition_hash(text: str) -> str:
    """Return the SHA-256 (hex) of the database's own definition, as state keeps it: the same one after a restore."""
    return hashlib.sha256(canonical_deparse(text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StateRow:
    """A row of `pgmg_state` (rule 10). What an earlier pgmg did not write is None.

    `hash` is empty where only the original pgmg has recorded the object.
    """

    name: str
    hash: str
    schema: str | None = None
    version: str | None = None
    definition_hash: str | None = None
    server_version: int | None = None
    file_hash: str | None = None
    path: str | None = None
    contract: bool | None = None

    @property
    def is_of_original(self) -> bool:
        """Whether nothing is known but that the original pgmg recorded the object."""
        return not self.hash


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """A row of `pgmg_migrations`; what an earlier pgmg or the original tool did not write is None."""

    name: str
    hash: str | None = None
    statements_hash: str | None = None
    applied_from: AppliedFrom | None = None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The session that a snapshot was read in. `search_path` lists only schemas that exist, without implicit ones.

    `own_columns` are the columns of pgmg's own tables that exist, as `table.column`, `own_hidden` those of them that
    our role may not read; `own_alterable` are the own tables that our role may alter. `other_states` are
    the state schemas of other projects, as far as our role may read them. `has_original` says that there are tables of
    the original pgmg, `continues_original` that their records are the state: pgmg's own tables do not exist yet.
    """

    version_num: int
    version: str
    database: str
    database_oid: int
    user: str
    superuser: bool
    search_path: tuple[str, ...]
    setting: str  # the search_path setting itself, as SHOW prints it
    session_user: str = ""
    own_columns: tuple[str, ...] = ()
    own_hidden: tuple[str, ...] = ()
    own_alterable: tuple[str, ...] = ()
    other_states: tuple[str, ...] = ()
    state_schema_exists: bool = True
    has_original: bool = False
    continues_original: bool = False

    def columns_of(self, table: StateTable) -> tuple[str, ...]:
        """Return the columns that one of pgmg's own tables has; none where it does not exist."""
        prefix = f"{table.name}."
        return tuple(name.removeprefix(prefix) for name in self.own_columns if name.startswith(prefix))

    def readable_columns(self, table: StateTable) -> tuple[str, ...]:
        """Return the columns to read: the table's first ones, and of the later ones those that our role may read."""
        hidden = {column.name for column in table.later if f"{table.name}.{column.name}" in self.own_hidden}
        return tuple(name for name in self.columns_of(table) if name not in hidden)

    @property
    def state_columns(self) -> tuple[str, ...]:
        """The columns of `pgmg_state` to read; none where the table does not exist."""
        return self.readable_columns(STATE)

    @property
    def migration_columns(self) -> tuple[str, ...]:
        """The columns of `pgmg_migrations` to read; none where the table does not exist."""
        return self.readable_columns(MIGRATIONS)

    @property
    def progress_table(self) -> bool:
        """Whether `pgmg_progress` exists."""
        return bool(self.columns_of(PROGRESS))


@dataclass(frozen=True)
class Snapshot:
    """All names in the database and all of pgmg's state, as one transaction saw them."""

    server: ServerInfo
    objects: Mapping[ObjectName, LiveObject]
    state: Mapping[str, StateRow]
    migrations: Mapping[str, MigrationRow]
    progress: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Statements already done of no-transaction migrations, by `name@hash`."""
    others: Mapping[ObjectName, LiveObject] = field(default_factory=lambda: MappingProxyType({}))
    """What belongs to the database and lives in no schema, by name: schemas, extensions, languages, publications."""
    owed: Mapping[ObjectName, OwedObject] = field(default_factory=lambda: MappingProxyType({}))
    """Dropped objects whose recreation an earlier transaction owes, and that do not exist."""
    types: Mapping[tuple[str, str], TypeIdentity] = field(default_factory=lambda: MappingProxyType({}))
    """Types that are no objects of their own, by schema and name: those of the system, multiranges, arrays."""

    @cached_property
    def addresses(self) -> Mapping[ObjectName, Address]:
        """The catalog address of every object."""
        return {name: live.address for name, live in self.objects.items()}

    @cached_property
    def name_space(self) -> NameSpace:
        """The objects by the names that references use."""
        found = NameSpace()
        for name in self.objects:
            found.add(name)
        return found

    @cached_property
    def by_place(self) -> Mapping[Place, tuple[Address, ...]]:
        """The addresses of objects by place; overloads share one."""
        found: dict[Place, tuple[Address, ...]] = {}
        for name, live in self.objects.items():
            parent = None if name.parent is None else self.objects.get(name.parent)
            if name.parent is None or parent is not None:
                place = name_space(name.kind), name.schema if parent is None else parent.address, name.name
                found[place] = (*found.get(place, ()), live.address)
        return found

    @cached_property
    def by_address(self) -> Mapping[Address, LiveObject]:
        """The objects by address."""
        return {live.address: live for live in self.objects.values()}
