"""Reads all that an import writes down, as the server spells it for people, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import (
    CATALOG_PATH,
    Row,
    query,
    restore_settings,
    set_path,
    use_canonical_settings,
)
from pgmg.catalog.reading.closure import read_readable_definitions
from pgmg.catalog.reading.invalid_bodies import read_invalid_bodies
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from pgmg.model.database.catalog_details import Definition
    from pgmg.model.database.snapshot import Snapshot

_PG_CLASS = 1259
_PUBLIC = "public"
_USUAL_PATH = '"$user", public'
"""The search_path of a database for which nobody has set another one."""
_GIVEN = frozenset({"configuration file", "command line", "global", "database", "user", "database user"})
"""Sources of a setting that a session has without asking (PostgreSQL manual, 52.24: `pg_settings`)."""
"""The OID of the catalog pg_class; fixed in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class ViewDefault:
    """The default of a view's column, as the statement that sets it."""

    column: str
    statement: str


@dataclass(frozen=True, slots=True)
class DefaultPrivileges:
    """One ALTER DEFAULT PRIVILEGES statement; `schema` is None for all schemas."""

    role: str
    schema: str | None
    statement: str


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """Facts of the database besides names.

    `home` is the schema of unqualified names, None where everything is to be qualified. `system_names` are names that
    need their schema wherever they are used, for `pg_catalog` has them as well.
    """

    home: str | None
    system_names: frozenset[str]
    definitions: Mapping[Address, Definition]
    view_defaults: Mapping[Address, Sequence[ViewDefault]]
    default_privileges: tuple[DefaultPrivileges, ...]
    parts: Mapping[Address, Sequence[Address]]
    """Triggers of partitions, by the triggers of partitioned tables that they come with."""
    invalid_bodies: frozenset[Address] = frozenset()
    """Routines that the server creates only without a look at their bodies."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """Objects that are not on their own.

    `fixed` cannot be files of their own, with the reason; an empty one: they come with another object. `parents` are
    the materialized views of indexes and extended statistics.
    """

    fixed: Mapping[Address, str]
    parents: Mapping[Address, Address]


def read_belongings(conn: psycopg.Connection[Row]) -> Belongings:
    """Read which objects are not on their own."""
    fixed = {Address(classid, objid): reason for classid, objid, reason in conn.execute(query("import_fixed"))}
    parents = {Address(a, b): Address(c, d) for a, b, c, d in conn.execute(query("import_parents"))}
    return Belongings(fixed, parents)


def read_unreadable_tables(conn: psycopg.Connection[Row]) -> tuple[tuple[str, str], ...]:
    """Return schema and name of the tables that the role may not read, and pg_dump therefore not dump."""
    return tuple((schema, name) for schema, name in conn.execute(query("unreadable_tables")))


def read_import_facts(
    conn: psycopg.Connection[Row],
    snapshot: Snapshot,
    wanted: Iterable[Address],
    *,
    qualified: bool = False,
    is_given_path: bool = False,
) -> ImportFacts:
    """Read inside the caller's transaction, and go back to its search_path.

    Names are spelled under the search_path of the session. Where that depends on who is connected (`"$user"`), or with
    `qualified`, all are qualified. Where ALTER DATABASE or ALTER ROLE gave it (`is_given_path`), another database has
    another one: then only names in `public` are not qualified, and that only where it comes first.
    """
    home, path = None if qualified else home_schema(snapshot), snapshot.server.setting
    if is_given_path:
        home, path = (_PUBLIC, _PUBLIC) if home == _PUBLIC else (None, path)
    path = CATALOG_PATH if home is None else path
    definitions = read_readable_definitions(conn, wanted, snapshot.by_address, path)
    use_canonical_settings(conn)
    set_path(conn, path)
    names = frozenset(name for (name,) in conn.execute(query("system_names")))
    defaults = defaultdict(list)
    for objid, statement, column in conn.execute(query("view_defaults")):
        defaults[Address(_PG_CLASS, objid)].append(ViewDefault(column, statement))
    privileges = tuple(DefaultPrivileges(*row) for row in conn.execute(query("default_privilege_statements")))
    parts = defaultdict(list)
    for classid, part, whole in conn.execute(query("partition_triggers")):
        parts[Address(classid, whole)].append(Address(classid, part))
    invalid = read_invalid_bodies(conn, _USUAL_PATH if is_given_path else snapshot.server.setting)
    restore_settings(conn, snapshot.server.setting)
    return ImportFacts(home, names, definitions, defaults, privileges, parts, invalid)


def read_given_path(conn: psycopg.Connection[Row]) -> str | None:
    """Return the search_path of a new session if the server, the database or the role has one for it, else None.

    The connection string and its `options` are the client's own: None as well.
    """
    source = "SELECT setting, source FROM pg_catalog.pg_settings WHERE name = 'search_path'"
    ((setting, given_by),) = conn.execute(source).fetchall()
    return setting if given_by in _GIVEN else None


def home_schema(snapshot: Snapshot) -> str | None:
    """Return the schema in which unqualified names are created, None where that depends on the role."""
    path = snapshot.server.search_path
    if not path or ("$user" in snapshot.server.setting and snapshot.server.user in path):
        return None
    return path[0]
