"""Writes pgmg's own tables (rule 10); `model/database/state_layout.py` says what they look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, addresses, run_queries
from pgmg.catalog.reading.snapshot_reader import read_server
from pgmg.catalog.state.original_state import copy_records
from pgmg.catalog.state.state_upgrade import add_columns, create_if_permitted, create_tables, missing_columns
from pgmg.model.database.snapshot import Address, LiveObject, ServerInfo, Snapshot, definition_hash
from pgmg.model.database.state_layout import HISTORY, LAYOUT, MIGRATIONS, OWED, PROGRESS, STATE, StateTable
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind
from pgmg.model.results.applied_from import AppliedFrom

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pgmg.model.database.owed_objects import OwedObject
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Record
    from pgmg.model.results.events import AppliedStep
    from pgmg.model.results.history_entries import HistoryOptions
    from pgmg.model.sources.source import SourceObject

_DRIFT_COLUMNS = (
    ("sql", "text"),
    ("path", "text"),
    ("file_hash", "text"),
    ("object_schema", "text"),
    ("catalog_version", "text"),
    ("definition_hash", "text"),
    ("server_version", "integer"),
    ("definition", "text"),
    ("contract", "boolean"),
)
"""What `record` writes of each object besides its name and hash."""

_ADD_TO_HISTORY = """
WITH last AS (SELECT coalesce(max(number), 0) + 1 AS number FROM {history}),
     old AS (DELETE FROM {history} AS h USING last AS l WHERE h.number <= l.number - $4)
INSERT INTO {history} (number, role, application, applied_from, note, steps, sources)
SELECT l.number, current_user, pg_catalog.current_setting('application_name'), {from_here}, $1, $2::jsonb, $3::jsonb
FROM last AS l
"""

_FROM = "{applied_from}::jsonb || jsonb_build_object('at', now(), 'stamp', now()::timestamp)"
"""`stamp` equals `last_applied` until an earlier pgmg, which does not know the column, writes the row again."""


def read_last_apply(conn: psycopg.Connection[Row], server: ServerInfo, schema: str) -> AppliedFrom | None:
    """Return who applied something last, None where the tables do not say."""
    parts = [
        sql.SQL("SELECT {}, applied_from FROM {}").format(sql.Identifier(when), sql.Identifier(schema, table.name))
        for table, when in ((STATE, "last_applied"), (MIGRATIONS, "applied_at"))
        if "applied_from" in server.readable_columns(table)
    ]
    if not parts:
        return None
    newest = sql.SQL(
        "SELECT CASE WHEN a.said->'stamp' = to_jsonb(a.moment) THEN a.said END FROM ({}) AS a (moment, said)"
        " ORDER BY a.moment DESC LIMIT 1"
    ).format(sql.SQL(" UNION ALL ").join(parts))
    row = conn.execute(newest).fetchone()
    return None if row is None else AppliedFrom.from_json(row[0])


@dataclass(frozen=True, slots=True)
class DoneMigration:
    """A migration to record. `hash` is the SHA-256 (hex) of its text, `statements_hash` that of its statements."""

    name: str
    hash: str
    statements_hash: str


class StateTables:
    """Writes the state of one project, in the schema it is configured with.

    `applied_from` is recorded with whatever is written; None leaves it unknown. `history` says how the history is kept;
    without it there is none.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Row],
        schema: str,
        applied_from: AppliedFrom | None = None,
        history: HistoryOptions | None = None,
    ) -> None:
        self._history = history
        self._keeps_history = False
        self._conn = conn
        self.schema = schema
        self._server: ServerInfo | None = None
        self._is_current = False
        self.transaction: str | None = None
        """The number of the transaction that is to be committed, once the group is recorded."""
        from_here = sql.Literal(None if applied_from is None else applied_from.to_json())
        self._names = {
            "schema": sql.Identifier(schema),
            "state": sql.Identifier(schema, STATE.name),
            "migrations": sql.Identifier(schema, MIGRATIONS.name),
            "progress": sql.Identifier(schema, PROGRESS.name),
            "history": sql.Identifier(schema, HISTORY.name),
            "owed": sql.Identifier(schema, OWED.name),
            "from_here": sql.SQL(_FROM).format(applied_from=from_here),
        }

    def _sql(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(**self._names)

    def prepare(self, snapshot: Snapshot, *wanted: StateTable) -> None:
        """Create the tables that are missing; `wanted` are those created on demand that will be written to.

        The records of the original pgmg are copied where they are the state.

        To be called in each transaction that begins from a new snapshot, before anything is recorded.
        """
        server = snapshot.server
        create_tables(self._conn, self.schema, server, wanted)
        if server.continues_original:
            copy_records(self._conn, self.schema, snapshot)
        keeps = self._history is not None and self._history.entries > 0
        self._keeps_history = keeps and create_if_permitted(self._conn, self.schema, server, HISTORY)
        self._server, self._is_current, self.transaction = server, False, None

    def _columns(self, table: StateTable) -> frozenset[str]:
        """Return the columns to write; before the first writing the tables are brought up to date."""
        assert self._server is not None  # `prepare` comes first
        if not self._is_current:
            self._is_current = True
            if any(missing_columns(self._server, each) for each in LAYOUT):
                add_columns(self._conn, self.schema, self._server)
                self._server = read_server(self._conn, self.schema)
        known = self._server.columns_of(table)
        return frozenset(known or (column.name for column in table.columns))

    def record_history(self, steps: Sequence[AppliedStep], records: Sequence[Record]) -> None:
        """Add an entry of what a transaction has done, and forget the oldest beyond the number that is kept.

        Of materialized views the duration of each step is kept as well, in milliseconds: it is what a build takes.
        """
        if self._history is None or not self._keeps_history:
            return
        done = [_history_of(applied) for applied in steps]
        self._conn.execute(
            self._sql(_ADD_TO_HISTORY),
            [self._history.note, json.dumps(done), json.dumps(sources_of(records)), self._history.entries],
        )

    def record_migrations(self, migrations: Sequence[DoneMigration]) -> None:
        """Record migrations as applied; what is recorded already keeps its time."""
        if not migrations:
            return
        known = self._columns(MIGRATIONS)
        texts = {
            "name": [m.name for m in migrations],
            "hash": [m.hash for m in migrations],
            "statements_hash": [m.statements_hash for m in migrations],
        }
        chosen = {column: values for column, values in texts.items() if column in known}
        columns, selected = list(chosen), sql.SQL("d.*").format()
        if "applied_from" in known:
            columns.append("applied_from")
            selected += sql.SQL(", {}").format(self._names["from_here"])
        insert = sql.SQL(
            "INSERT INTO {migrations} ({columns}) SELECT {selected} FROM unnest({arrays}) AS d ON CONFLICT DO NOTHING"
        ).format(
            migrations=self._names["migrations"],
            columns=_listed(columns),
            selected=selected,
            arrays=_arrays(["text"] * len(chosen)),
        )
        self._conn.execute(insert, list(chosen.values()))

    def rename_migrations(self, names: Sequence[tuple[str, str]]) -> None:
        """Move records from old names to new ones."""
        if names:
            old, new = zip(*names, strict=True)
            update = (
                "UPDATE {migrations} AS m SET name = n.new FROM unnest($1::text[], $2::text[]) AS n(old, new)"
                " WHERE m.name = n.old"
            )
            self._conn.execute(self._sql(update), [list(old), list(new)])

    def accept_migrations(self, migrations: Sequence[DoneMigration]) -> None:
        """Record other texts of migrations; when and by whom they were applied stays."""
        if not migrations:
            return
        known = self._columns(MIGRATIONS)
        columns = [column for column in ("hash", "statements_hash") if column in known]
        update = sql.SQL(
            "UPDATE {migrations} AS m SET {updates} FROM unnest({arrays}) AS n({columns}) WHERE m.name = n.name"
        ).format(
            migrations=self._names["migrations"],
            updates=sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(c)) for c in columns),
            arrays=_arrays(["text"] * (len(columns) + 1)),
            columns=_listed(["name", *columns]),
        )
        texts = {"hash": [m.hash for m in migrations], "statements_hash": [m.statements_hash for m in migrations]}
        self._conn.execute(update, [[m.name for m in migrations], *(texts[column] for column in columns)])

    def forget_migrations(self, names: Sequence[str]) -> None:
        """Take migrations out of the record."""
        if names:
            self._conn.execute(self._sql("DELETE FROM {migrations} WHERE name = ANY($1)"), [list(names)])

    def record_progress(self, name: str, hash_: str, statements: int) -> None:
        """Note how many statements of a no-transaction migration are done, instead of what was noted before.

        To be called inside a transaction.
        """
        self.clear_progress(name)
        self.record_begun(name, hash_, statements)

    def record_begun(self, name: str, hash_: str, number: int) -> None:
        """Note that the statement at `number` begins, beside what is done."""
        upsert = (
            "INSERT INTO {progress} (name, hash, statements) VALUES ($1, $2, $3)"
            " ON CONFLICT (name, hash) DO UPDATE SET statements = EXCLUDED.statements"
        )
        self._conn.execute(self._sql(upsert), [name, hash_, number])

    def forget_progress(self, name: str, hash_: str) -> None:
        """Take back a note of `record_begun`."""
        self._conn.execute(self._sql("DELETE FROM {progress} WHERE name = $1 AND hash = $2"), [name, hash_])

    def record_owed(self, server: ServerInfo, owed: Iterable[OwedObject]) -> None:
        """Record what is dropped in this transaction and created again in a later one."""
        rows = [(str(one.name), one.migration, json.dumps(one.to_json())) for one in owed]
        if not rows:
            return
        create_tables(self._conn, self.schema, server, (OWED,))
        upsert = (
            "INSERT INTO {owed} (object_name, migration, definition)"
            " SELECT * FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]),"
            " pg_catalog.unnest($3::jsonb[]))"
            " ON CONFLICT (object_name) DO UPDATE SET migration = EXCLUDED.migration,"
            " dropped_at = EXCLUDED.dropped_at, definition = EXCLUDED.definition"
        )
        self._conn.execute(self._sql(upsert), [list(column) for column in zip(*rows, strict=True)])

    def settle_owed(self, names: Iterable[ObjectName]) -> None:
        """Forget what is owed of objects that exist again."""
        self._conn.execute(self._sql("DELETE FROM {owed} WHERE object_name = ANY($1)"), [[str(n) for n in names]])

    def settle_all_owed(self) -> None:
        """Forget all that is owed: it exists again, or nobody wants it any more."""
        self._conn.execute(self._sql("DELETE FROM {owed}"))

    def clear_progress(self, name: str) -> None:
        """Forget a migration's partial progress: it is recorded as applied now."""
        self._conn.execute(self._sql("DELETE FROM {progress} WHERE name = $1"), [name])

    def forget(self, keys: Sequence[str]) -> None:
        """Remove objects from the record, by the names that it has for them."""
        if keys:
            self._conn.execute(self._sql("DELETE FROM {state} WHERE object_name = ANY($1)"), [list(keys)])

    def record(self, records: Sequence[Record], now: Snapshot, *, touch: bool = True) -> None:
        """Write what was applied and what the database makes of it, in one statement.

        `now` is a snapshot read after the work; `touch` also sets `last_applied`.
        """
        kept = [(record.object, record.source) for record in records if record.source is not None]
        if not kept:
            return
        texts = self._definitions([now.objects[name] for name, _ in kept if name in now.objects])
        rows = [_row(name, source, now, texts) for name, source in kept]
        written = [("object_name", "text"), ("object_hash", "text"), *_DRIFT_COLUMNS]
        known = self._columns(STATE)
        chosen = [number for number, (column, _) in enumerate(written) if column in known]
        columns, selected = [written[number][0] for number in chosen], sql.SQL("d.*").format()
        updated = columns[1:]
        if "applied_from" in known:
            columns.append("applied_from")
            selected += sql.SQL(", {}").format(self._names["from_here"])
            updated = columns[1:] if touch else updated
        insert = sql.SQL(
            "INSERT INTO {state} ({columns}) SELECT {selected} FROM unnest({arrays}) AS d"
            " ON CONFLICT (object_name) DO UPDATE SET {updates}{touched}"
        ).format(
            state=self._names["state"],
            columns=_listed(columns),
            selected=selected,
            arrays=_arrays([written[number][1] for number in chosen]),
            updates=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(c)) for c in updated),
            touched=sql.SQL(", last_applied = now()" if touch else ""),
        )
        by_column = list(zip(*rows, strict=True))
        self._conn.execute(insert, [list(by_column[number]) for number in chosen])

    def refresh(self, now: Snapshot, later: Collection[ObjectName]) -> None:
        """Note anew how the database spells recorded objects: a migration may have changed what it prints.

        Not of those whose turn comes `later`: what somebody changed in them by hand is still to be put back.
        """
        if not {"catalog_version", "definition_hash", "server_version"} <= self._columns(STATE):
            return  # an earlier layout, which our role may not extend
        live = {str(name): obj for name, obj in now.objects.items() if str(name) in now.state and name not in later}
        texts = self._definitions(list(live.values()))
        names = [name for name, obj in live.items() if obj.address in texts]
        if names:
            wording = sql.SQL(", definition = n.text" if "definition" in self._columns(STATE) else "")
            update = sql.SQL(
                "UPDATE {state} AS s SET catalog_version = n.version, definition_hash = n.hash, server_version = $5"
                "{wording} FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n(name, version, hash, text)"
                " WHERE s.object_name = n.name"
            ).format(state=self._names["state"], wording=wording)
            versions = [live[name].stamp for name in names]
            now_said = [texts[live[name].address] for name in names]
            hashes = [definition_hash(text) for text in now_said]
            self._conn.execute(update, [names, versions, hashes, now_said, now.server.version_num])

    def _definitions(self, objects: Sequence[LiveObject]) -> dict[Address, str]:
        """Return the database's own definition of each object."""
        if not objects:
            return {}
        wanted = addresses(obj.address for obj in objects)
        (rows,) = run_queries(self._conn, ("definitions", (*wanted, False)))
        return {Address(row[0], row[1]): row[8] for row in rows if row[8] is not None}


def _history_of(applied: AppliedStep) -> dict[str, object]:
    name = applied.step.object
    said: dict[str, object] = {"action": applied.step.action.value, "object": str(name)}
    return said | ({"ms": applied.duration_ms} if name.kind is Kind.MATERIALIZED_VIEW else {})


def sources_of(records: Sequence[Record]) -> list[dict[str, str]]:
    """Return what the history keeps of each object: its source and file, neither for what was dropped."""
    return [
        {"object": str(record.object)}
        | ({} if record.source is None else {"sql": record.source.sql, "path": record.source.location.path})
        for record in records
    ]


def _listed(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _arrays(types: Sequence[str]) -> sql.Composed:
    """Return `$1::text[], $2::integer[], …`."""
    return sql.SQL(", ").join(sql.SQL(f"${number}::{type_}[]") for number, type_ in enumerate(types, start=1))


def _row(name: ObjectName, source: SourceObject, now: Snapshot, texts: dict[Address, str]) -> tuple[object, ...]:
    live = now.objects.get(name)
    text = texts.get(live.address) if live else None
    return (
        str(name),
        source.hash,
        source.sql,
        source.location.path,
        source.file_hash,
        name.schema,
        live.stamp if live else None,
        None if text is None else definition_hash(text),
        now.server.version_num,
        text,
        source.contract,
    )
