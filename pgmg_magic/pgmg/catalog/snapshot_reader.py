"""Reads a snapshot: every name in the database and all of pgmg's state, in two round trips."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.catalog.catalog_queries import Row, query, query_pipeline
from pgmg.catalog.name_parts import object_name
from pgmg.model.applied_from import AppliedFrom
from pgmg.model.snapshot import Address, LiveObject, MigrationRow, ServerInfo, Snapshot, StateRow
from pgmg.model.state_layout import OWN_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pgmg.model.names import ObjectName

_STATE = ("object_schema", "catalog_version", "definition_hash", "server_version", "file_hash", "path")
_MIGRATIONS = ("hash", "statements_hash", "applied_from")


def read_snapshot(conn: psycopg.Connection[Row], state_schema: str) -> Snapshot:
    """Read names and state inside the caller's transaction; leaves its search_path as it was.

    Raises:
        psycopg.Error: whatever the server objects to, such as missing permission on the state tables.
    """
    server = read_server(conn, state_schema)
    with query_pipeline(conn, server.setting):
        objects = conn.execute(query("objects"), prepare=True)
        schemas = conn.execute(query("schemas"))
        state = conn.execute(_state_query(server, state_schema)) if server.state_columns else None
        done = conn.execute(_migrations_query(server, state_schema)) if server.migration_columns else None
        progress = conn.execute(_progress_query(state_schema)) if server.progress_table else None
    return Snapshot(
        server=server,
        schemas=frozenset(row[0] for row in schemas.fetchall()),
        objects=_objects(objects.fetchall()),
        state={} if state is None else {row[0]: StateRow(*row) for row in state.fetchall()},
        migrations={} if done is None else {row[0]: _migration_row(*row) for row in done.fetchall()},
        progress={} if progress is None else {f"{row[0]}@{row[1]}": row[2] for row in progress.fetchall()},
    )


def read_again(conn: psycopg.Connection[Row], before: Snapshot, names: Collection[ObjectName]) -> Snapshot:
    """Return a snapshot with what the database has of some objects now, and nothing of all others."""
    return replace(before, objects=find(conn, names, before.server.setting))


def find(conn: psycopg.Connection[Row], names: Collection[ObjectName], path: str) -> Mapping[ObjectName, LiveObject]:
    """Return what the database has of some objects, and of others with names like theirs; `path` is gone back to."""
    narrow = sql.SQL("SELECT * FROM ({}) AS o WHERE o.name = ANY($1)").format(sql.SQL(query("objects")))
    with query_pipeline(conn, path):
        objects = conn.execute(narrow, [sorted({name.name for name in names})], prepare=True)
    return _objects(objects.fetchall())


def read_server(conn: psycopg.Connection[Row], state_schema: str) -> ServerInfo:
    """Read what is known about the session and about pgmg's own tables."""
    cursor = conn.execute(query("server"), [state_schema, list(OWN_TABLES)])
    row = cursor.fetchone()
    assert row is not None  # the query has no FROM
    assert cursor.description is not None
    values: dict[str, Any] = dict(zip((column.name for column in cursor.description), row, strict=True))
    for key in ("search_path", "own_columns", "own_hidden", "own_alterable"):
        values[key] = tuple(values[key])
    return ServerInfo(**values)


def _objects(rows: list[Row]) -> dict[ObjectName, LiveObject]:
    found = {}
    for row in rows:
        classid, objid, kind, schema, name, arguments, *parent, detail, version, owner, extension, valid = row
        address = Address(classid, objid)
        spoken = object_name(kind, schema, name, arguments, tuple(parent), detail)
        found[spoken] = LiveObject(address, spoken, version, owner, extension, valid)
    return found


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


def _progress_query(schema: str) -> sql.Composed:
    table = sql.Identifier(schema, "pgmg_progress")
    return sql.SQL("SELECT name, hash, statements FROM {}").format(table)
