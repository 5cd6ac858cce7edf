"""pgmg's own tables: what they look like and how they are written (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.catalog_queries import Row, addresses, run_queries
from pgmg.model.snapshot import Address, LiveObject, ServerInfo, Snapshot, definition_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Record
    from pgmg.model.source import SourceObject

_STATE_COLUMNS = (
    ("sql", "text"),
    ("path", "text"),
    ("file_hash", "text"),
    ("object_schema", "text"),
    ("catalog_version", "text"),
    ("definition_hash", "text"),
    ("server_version", "integer"),
)

_STATE = """CREATE TABLE IF NOT EXISTS {state} (
    object_name TEXT PRIMARY KEY,
    object_hash TEXT NOT NULL,
    last_applied TIMESTAMP NOT NULL DEFAULT NOW()
)"""
_MIGRATIONS = """CREATE TABLE IF NOT EXISTS {migrations} (
    name TEXT PRIMARY KEY,
    applied_at TIMESTAMP NOT NULL DEFAULT NOW()
)"""
_PROGRESS = """CREATE TABLE IF NOT EXISTS {progress} (
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    statements INTEGER NOT NULL,
    PRIMARY KEY (name, hash)
)"""


class StateTables:
    """Writes the state of one project, in the schema it is configured with."""

    def __init__(self, conn: psycopg.Connection[Row], schema: str) -> None:
        self._conn = conn
        self.schema = schema
        self._names = {
            "schema": sql.Identifier(schema),
            "state": sql.Identifier(schema, "pgmg_state"),
            "migrations": sql.Identifier(schema, "pgmg_migrations"),
            "progress": sql.Identifier(schema, "pgmg_progress"),
        }

    def _sql(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(**self._names)

    def prepare(self, server: ServerInfo, *, progress: bool = False) -> None:
        """Make the tables, and the further columns where the original tool made them, if that is still to do."""
        if not server.state_schema_exists:
            self._conn.execute(self._sql("CREATE SCHEMA IF NOT EXISTS {schema}"))
        if not server.state_columns:
            self._conn.execute(self._sql(_STATE))
        if not server.migration_columns:
            self._conn.execute(self._sql(_MIGRATIONS))
        missing = [(name, type_) for name, type_ in _STATE_COLUMNS if name not in server.state_columns]
        if missing:
            added = sql.SQL(", ").join(
                sql.SQL("ADD COLUMN IF NOT EXISTS {} {}").format(sql.Identifier(name), sql.SQL(type_))
                for name, type_ in missing
            )
            self._conn.execute(sql.SQL("ALTER TABLE {} {}").format(self._names["state"], added))
        if "hash" not in server.migration_columns:
            self._conn.execute(self._sql("ALTER TABLE {migrations} ADD COLUMN IF NOT EXISTS hash TEXT"))
        if progress and not server.progress_table:
            self._conn.execute(self._sql(_PROGRESS))

    def record_migrations(self, migrations: Sequence[tuple[str, str]]) -> None:
        """Record (name, hash) pairs as applied; what is recorded already keeps its time."""
        if migrations:
            names, hashes = zip(*migrations, strict=True)
            insert = (
                "INSERT INTO {migrations} (name, hash) SELECT * FROM unnest($1::text[], $2::text[])"
                " ON CONFLICT DO NOTHING"
            )
            self._conn.execute(self._sql(insert), [list(names), list(hashes)])

    def forget_migrations(self, names: Sequence[str]) -> None:
        """Take migrations out of the record."""
        if names:
            self._conn.execute(self._sql("DELETE FROM {migrations} WHERE name = ANY($1)"), [list(names)])

    def record_progress(self, name: str, hash_: str, statements: int) -> None:
        """Note how many statements of a no-transaction migration are done."""
        upsert = (
            "INSERT INTO {progress} (name, hash, statements) VALUES ($1, $2, $3)"
            " ON CONFLICT (name, hash) DO UPDATE SET statements = EXCLUDED.statements"
        )
        self._conn.execute(self._sql(upsert), [name, hash_, statements])

    def forget_progress(self, name: str, hash_: str) -> None:
        """Take back a note of `record_progress`."""
        self._conn.execute(self._sql("DELETE FROM {progress} WHERE name = $1 AND hash = $2"), [name, hash_])

    def clear_progress(self, name: str) -> None:
        """Forget a migration's partial progress: it is recorded as applied now."""
        self._conn.execute(self._sql("DELETE FROM {progress} WHERE name = $1"), [name])

    def forget(self, names: Iterable[ObjectName]) -> None:
        """Remove objects from the record."""
        gone = [str(name) for name in names]
        if gone:
            self._conn.execute(self._sql("DELETE FROM {state} WHERE object_name = ANY($1)"), [gone])

    def record(self, records: Sequence[Record], now: Snapshot, *, touch: bool = True) -> None:
        """Write what was applied and what the database makes of it, in one statement.

        `now` is a snapshot read after the work; `touch` also sets `last_applied`.
        """
        kept = [(record.object, record.source) for record in records if record.source is not None]
        if not kept:
            return
        texts = self._definitions([now.objects[name] for name, _ in kept if name in now.objects])
        rows = [_row(name, source, now, texts) for name, source in kept]
        columns = ("object_name", "object_hash", *(name for name, _ in _STATE_COLUMNS))
        types = ["text"] * (len(columns) - 1) + ["integer"]
        insert = sql.SQL(
            "INSERT INTO {state} ({columns}) SELECT * FROM unnest({arrays})"
            " ON CONFLICT (object_name) DO UPDATE SET {updates}{touched}"
        ).format(
            state=self._names["state"],
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            arrays=sql.SQL(", ").join(sql.SQL(f"${n}::{type_}[]") for n, type_ in enumerate(types, start=1)),
            updates=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(c)) for c in columns[1:]),
            touched=sql.SQL(", last_applied = now()" if touch else ""),
        )
        self._conn.execute(insert, [list(column) for column in zip(*rows, strict=True)])

    def refresh(self, now: Snapshot, later: Collection[ObjectName]) -> None:
        """Note anew how the database spells recorded objects: a migration may have changed what it prints.

        Not of those whose turn comes `later`: what somebody changed in them by hand is still to be put back.
        """
        live = {str(name): obj for name, obj in now.objects.items() if str(name) in now.state and name not in later}
        texts = self._definitions(list(live.values()))
        names = [name for name, obj in live.items() if obj.address in texts]
        if names:
            update = (
                "UPDATE {state} AS s SET catalog_version = n.version, definition_hash = n.hash, server_version = $4"
                " FROM unnest($1::text[], $2::text[], $3::text[]) AS n(name, version, hash)"
                " WHERE s.object_name = n.name"
            )
            versions = [live[name].stamp for name in names]
            hashes = [texts[live[name].address] for name in names]
            self._conn.execute(self._sql(update), [names, versions, hashes, now.server.version_num])

    def _definitions(self, objects: Sequence[LiveObject]) -> dict[Address, str]:
        """Return the hash of the database's own definition of each object."""
        if not objects:
            return {}
        (rows,) = run_queries(self._conn, ("definitions", addresses(obj.address for obj in objects)))
        return {Address(row[0], row[1]): definition_hash(row[8]) for row in rows if row[8] is not None}


def _row(name: ObjectName, source: SourceObject, now: Snapshot, texts: dict[Address, str]) -> tuple[object, ...]:
    live = now.objects.get(name)
    return (
        str(name),
        source.hash,
        source.sql,
        source.location.path,
        source.file_hash,
        name.schema,
        live.stamp if live else None,
        texts.get(live.address) if live else None,
        now.server.version_num,
    )
