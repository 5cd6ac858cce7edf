"""The contents of the documentation site as plain data: every object with what the catalog and the files know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.graph_data import Graph


@dataclass(frozen=True, slots=True)
class SiteColumn:
    """A column of a relation, or an attribute of a composite type. `default` may be a generation expression."""

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class SiteKey:
    """A constraint of a table. `kind` is PostgreSQL's `contype`; `target` is the table that a foreign key refers to."""

    kind: str
    name: str
    definition: str
    columns: tuple[str, ...] = ()
    target: ObjectName | None = None
    target_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SitePart:
    """An index, trigger or policy of a relation, and its definition."""

    kind: str
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class SitePrivilege:
    """The privileges of a role (`public`: all roles), on a column if one is named."""

    grantee: str
    privileges: tuple[str, ...]
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectDetails:
    """The catalog's facts about one object. `signature` is that of a routine: arguments with names, and the result."""

    owner: str | None = None
    comment: str | None = None
    signature: str | None = None
    columns: tuple[SiteColumn, ...] = ()
    keys: tuple[SiteKey, ...] = ()
    parts: tuple[SitePart, ...] = ()
    privileges: tuple[SitePrivilege, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteData:
    """The project's objects with their dependencies, lineage of columns (one step), and details.

    Objects that exist only in files have no details.
    """

    graph: Graph
    lineage: Graph
    details: Mapping[ObjectName, ObjectDetails] = field(default_factory=lambda: MappingProxyType({}))
    project: str = ""
    database: str = ""
