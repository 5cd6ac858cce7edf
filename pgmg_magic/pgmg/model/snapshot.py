"""What a database holds: a snapshot of names and state, and the deeper answers asked for what is about to change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.canonical_deparse import canonical_deparse
from pgmg.model.name_space import NameSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.names import ObjectName

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
    def name_space(self) -> NameSpace:
        """The objects by the names that references use."""
        found = NameSpace()
        for name in self.objects:
            found.add(name)
        return found

    @cached_property
    def by_address(self) -> Mapping[Address, LiveObject]:
        """The objects by address."""
        return {live.address: live for live in self.objects.values()}
