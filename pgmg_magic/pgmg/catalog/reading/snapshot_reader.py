"""Reads a snapshot: every name in the database and all of pgmg's state, in two round trips."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, query, query_pipeline
from pgmg.catalog.reading.name_parts import object_name, type_spelling
from pgmg.catalog.sessions.connection import begin_answer
from pgmg.catalog.state.recorded_names import state_by_name
from pgmg.errors import ConfigError
from pgmg.model.database.snapshot import Address, LiveObject, MigrationRow, ServerInfo, Snapshot, StateRow
from pgmg.model.database.state_layout import DEFAULT_SCHEMA, ORIGINAL_SCHEMA, OWED, OWN_TABLES
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.type_identity import TypeIdentity
from pgmg.model.results.applied_from import AppliedFrom

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pgmg.model.database.owed_objects import OwedObject
    from pgmg.model.naming.names import ObjectName

_STATE = ("object_schema", "catalog_version", "definition_hash", "server_version", "file_hash", "path", "contract")
_SERVER = (
    "version_num", "version", "database", "database_oid", "user", "session_user", "superuser", "search_path", "setting",
    "state_schema_exists", "own_columns", "own_hidden", "own_alterable", "other_states",
    "has_original",
)  # fmt: skip
"""The columns of the query `server`."""

_MIGRATIONS = ("hash", "statements_hash", "applied_from")


def read_snapshot(conn: psycopg.Connection[Row], state_schema: str, *, takes_over: bool = False) -> Snapshot:
    """Read names and state inside the caller's transaction; leaves its search_path as it was.

    Who `takes_over` the records of the original pgmg reads them for any state schema that has no tables yet.

    Raises:
        psycopg.Error: whatever the server objects to, such as missing permission on the state tables.
    """
    return SnapshotReader(state_schema, takes_over=takes_over).read(conn)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The answers that a snapshot is made from, as the server gave them."""

    server: ServerInfo
    objects: list[Row]
    types: list[Row]
    others: list[Row]
    state: list[Row]
    migrations: list[Row]
    progress: list[Row]
    owed: list[Row]


class SnapshotReader:
    """Reads one database again and again; what has not changed is the same object as before.

    Any commit in the cluster is a reason to read again, also one in another database: then every row is as it was, and
    so is the snapshot, with everything that was derived from it.
    """

    def __init__(self, state_schema: str, *, takes_over: bool = False) -> None:
        self._state_schema, self._takes_over = state_schema, takes_over
        self._rows: _Rows | None = None
        self._snapshot: Snapshot | None = None
        self._live: dict[tuple[Any, ...], tuple[Row, LiveObject]] = {}

    def read(self, conn: psycopg.Connection[Row], meanwhile: Callable[[], None] | None = None) -> Snapshot:
        """Read names and state inside the caller's transaction; leaves its search_path as it was.

        `meanwhile` is called while the server works.

        Raises:
            psycopg.Error: whatever the server objects to, such as missing permission on the state tables.
        """
        rows = self._fetched(conn, meanwhile)
        if self._snapshot is None or rows != self._rows:
            self._snapshot = self._made_from(rows)
            self._rows = rows
        return self._snapshot

    def _fetched(self, conn: psycopg.Connection[Row], meanwhile: Callable[[], None] | None) -> _Rows:
        server = read_server(conn, self._state_schema, takes_over=self._takes_over)
        with query_pipeline(conn, server.setting):
            objects = conn.execute(query("objects"), prepare=True)
            types = conn.execute(query("types"), prepare=True)
            others = conn.execute(query("database_objects"))
            recorded, migrations = _record_queries(server, self._state_schema)
            state = conn.execute(recorded) if recorded else None
            done = conn.execute(migrations) if migrations else None
            progress = conn.execute(_progress_query(self._state_schema)) if server.progress_table else None
            owed = conn.execute(_owed_query(self._state_schema)) if server.columns_of(OWED) else None
            if meanwhile is not None:
                meanwhile()
        some = (state, done, progress, owed)
        found = (objects.fetchall(), types.fetchall(), others.fetchall())
        return _Rows(server, *found, *([] if c is None else c.fetchall() for c in some))

    def _made_from(self, rows: _Rows) -> Snapshot:
        objects = self._objects(rows.objects)
        if rows.server.continues_original:
            from pgmg.catalog.state.original_state import original_migrations, original_objects

            state = original_objects(rows.state, objects, rows.server.search_path)
            migrations = original_migrations(row[0] for row in rows.migrations)
        else:
            state = state_by_name((StateRow(*row) for row in rows.state), objects)
            migrations = {row[0]: _migration_row(*row) for row in rows.migrations}
        return Snapshot(
            server=rows.server,
            objects=objects,
            others={live.name: live for live in map(_other, rows.others)},
            types={(row[0], row[1]): TypeIdentity(*row[2:]) for row in rows.types},
            state=state,
            migrations=migrations,
            progress={f"{row[0]}@{row[1]}": row[2] for row in rows.progress},
            owed=_owed_objects(rows.owed, objects),
        )

    def _objects(self, rows: list[Row]) -> dict[ObjectName, LiveObject]:
        """Return the objects by name; those whose row is as before are the same Python objects."""
        before, self._live = self._live, {}
        for row in rows:
            address = row[:2]
            known = before.get(address)
            self._live[address] = known if known is not None and known[0] == row else (row, _live(row))
        return {live.name: live for _, live in self._live.values()}


def read_again(conn: psycopg.Connection[Row], before: Snapshot, names: Collection[ObjectName]) -> Snapshot:
    """Return a snapshot with what the database has of some objects now, and nothing of all others."""
    return replace(before, objects=find(conn, names, before.server.setting))


def find(conn: psycopg.Connection[Row], names: Collection[ObjectName], path: str) -> Mapping[ObjectName, LiveObject]:
    """Return what the database has of some objects, and of others with names like theirs; `path` is gone back to."""
    narrow = sql.SQL("SELECT * FROM ({}) AS o WHERE o.name = ANY($1)").format(sql.SQL(query("objects")))
    with query_pipeline(conn, path):
        objects = conn.execute(narrow, [sorted({name.name for name in names})], prepare=True)
    return _objects(objects.fetchall())


def read_server(conn: psycopg.Connection[Row], state_schema: str, *, takes_over: bool = False) -> ServerInfo:
    """Read what is known about the session and about pgmg's own tables.

    Where those do not exist, the records of the original pgmg count: in the default state schema, and for whom
    `takes_over` in any.

    Raises:
        ConfigError: the tables in the state schema are the original's.
    """
    rows = begin_answer(conn, "server")
    if rows is None:
        rows = conn.execute(query("server"), [state_schema, list(OWN_TABLES), ORIGINAL_SCHEMA]).fetchall()
    values: dict[str, Any] = dict(zip(_SERVER, rows[0], strict=True))
    for key in ("search_path", "own_columns", "own_hidden", "own_alterable", "other_states"):
        values[key] = tuple(values[key])
    if state_schema == ORIGINAL_SCHEMA and values["has_original"]:
        raise ConfigError(
            f"The tables pgmg_state and pgmg_migrations in schema {state_schema} are those of the original pgmg.",
            hint="Choose another state_schema: their records are taken over, and the tables are left as they are.",
        )
    goes_on = values["has_original"] and (takes_over or state_schema == DEFAULT_SCHEMA) and not values["own_columns"]
    return ServerInfo(**values, continues_original=goes_on)


def _objects(rows: list[Row]) -> dict[ObjectName, LiveObject]:
    return {live.name: live for live in map(_live, rows)}


def _live(row: Row) -> LiveObject:
    classid, objid, kind, schema, name, arguments, *parent, detail, version, owner, extension, valid, parameters = row
    spoken = object_name(kind, schema, name, arguments, tuple(parent), detail)
    spelled = None if parameters is None else tuple(type_spelling(type_) for type_ in parameters)
    return LiveObject(Address(classid, objid), spoken, version, owner, extension, valid, spelled)


def _other(row: Row) -> LiveObject:
    classid, objid, kind, name, owner = row
    return LiveObject(Address(classid, objid), object_name(kind, None, name), "", owner)


def _record_queries(server: ServerInfo, schema: str) -> tuple[sql.Composed | None, sql.Composed | None]:
    """Return the queries of recorded objects and of recorded migrations, None for a table that does not exist."""
    if server.continues_original:
        from pgmg.catalog.state.original_state import MIGRATIONS_QUERY, OBJECTS_QUERY

        return OBJECTS_QUERY, MIGRATIONS_QUERY
    state = _state_query(server, schema) if server.state_columns else None
    return state, _migrations_query(server, schema) if server.migration_columns else None


def _state_query(server: ServerInfo, schema: str) -> sql.Composed:
    # a database that the original tool wrote to lacks the further columns until the first apply
    columns = sql.SQL(", ").join(
        sql.Identifier(column) if column in server.state_columns else sql.NULL for column in _STATE
    )
    return sql.SQL("SELECT object_name, object_hash, {} FROM {}").format(columns, sql.Identifier(schema, "pgmg_state"))


def _migrations_query(server: ServerInfo, schema: str) -> sql.Composed:
    columns = sql.SQL(", ").join(
        sql.Identifier(column) if column in server.migration_columns else sql.NULL for column in _MIGRATIONS
    )
    return sql.SQL("SELECT name, {} FROM {}").format(columns, sql.Identifier(schema, "pgmg_migrations"))


def _migration_row(name: str, hash_: str | None, statements_hash: str | None, applied_from: Any) -> MigrationRow:
    return MigrationRow(name, hash_, statements_hash, AppliedFrom.from_json(applied_from))


def _owed_query(schema: str) -> sql.Composed:
    table = sql.Identifier(schema, OWED.name)
    return sql.SQL("SELECT definition, migration FROM {} ORDER BY object_name").format(table)


def _owed_objects(rows: Sequence[Row], objects: Mapping[ObjectName, LiveObject]) -> dict[ObjectName, OwedObject]:
    """Return the owed objects; one of whose name there is an object again is owed no more."""
    if not rows:
        return {}
    from pgmg.model.database.owed_objects import OwedObject

    found = (OwedObject.from_json(*row) for row in rows)
    return {owed.name: owed for owed in found if owed.name not in objects}


def _progress_query(schema: str) -> sql.Composed:
    table = sql.Identifier(schema, "pgmg_progress")
    return sql.SQL("SELECT name, hash, statements FROM {}").format(table)
