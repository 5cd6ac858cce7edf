"""Copies a sample of rows into a scratch database, with every row that they refer to, before its keys are made.

The copy has neither indexes, triggers nor foreign keys yet (they are in pg_dump's section post-data), so cycles and
tables that refer to themselves need no order, and nothing fires. To make the keys afterwards is the check.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import query, use_canonical_settings
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA, OWN_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.catalog.sessions.connection import Connection

_MANY = 10
"""A table with this many times the wanted rows is sampled by its pages, a smaller one read from its beginning."""
_SPARE = 10
"""Pages for this many times the wanted rows are sampled: rows are not spread evenly."""


@dataclass(frozen=True, slots=True)
class SampledTable:
    """A table that holds rows. `name` and `columns` are as SQL spells them; generated columns are left out."""

    oid: int
    name: str
    estimated: float
    columns: tuple[str, ...]
    is_readable: bool
    hides_rows: bool


@dataclass(frozen=True, slots=True)
class SampledKey:
    """A foreign key. `join` compares a row `t` with the row `r` it refers to; `is_set` says that `t` refers to any."""

    referenced: str
    is_partitioned: bool
    join: str
    is_set: str

    @property
    def source(self) -> str:
        """The referenced table in FROM: not with what inherits from it, but with its partitions."""
        return f"{'' if self.is_partitioned else 'ONLY '}{self.referenced}"


class RowSample:
    """The rows to copy, by their places in the source; made in one transaction of the source with a fixed snapshot."""

    def __init__(self, source: Connection, limit: int, state_schema: str) -> None:
        self._source = source
        self._limit = limit
        self._own = [list(dict.fromkeys((state_schema, ORIGINAL_SCHEMA))), list(OWN_TABLES)]
        self._tables: dict[int, SampledTable] = {}
        self._keys: defaultdict[int, list[SampledKey]] = defaultdict(list)
        self._chosen: defaultdict[int, set[str]] = defaultdict(set)
        self.left_out: list[str] = []

    def choose(self) -> None:
        """Choose at most so many rows of each table, and all rows that they refer to, directly or not."""
        use_canonical_settings(self._source)
        for row in self._source.execute(query("sample_tables"), self._own):
            oid, name, estimated, columns, is_readable, hides_rows = row
            self._tables[oid] = SampledTable(oid, name, estimated, tuple(columns), is_readable, hides_rows)
        for oid, *key in self._source.execute(query("sample_keys")):
            self._keys[oid].append(SampledKey(*key))
        fresh = {oid: set(self._some_of(table)) for oid, table in self._tables.items()}
        while fresh:
            for oid, places in fresh.items():
                self._chosen[oid] |= places
            fresh = self._referenced(fresh)

    def _some_of(self, table: SampledTable) -> Iterator[str]:
        if not table.is_readable or table.hides_rows:
            why = "its policies hide rows from the role" if table.is_readable else "the role may not read it"
            self.left_out.append(f"rows of {table.name}: {why}")
            return
        if not table.columns:
            return
        part = ""
        if table.estimated > self._limit * _MANY:
            percent = min(100.0, 100.0 * _SPARE * self._limit / table.estimated)
            part = f" TABLESAMPLE pg_catalog.system ({percent:.6f}) ORDER BY pg_catalog.random()"
        found = f"SELECT ctid::text FROM ONLY {table.name}{part} LIMIT {self._limit}"  # noqa: S608
        yield from (place for (place,) in self._source.execute(found.encode()))

    def _referenced(self, fresh: dict[int, set[str]]) -> dict[int, set[str]]:
        """Return the rows that some rows refer to and that are not chosen yet."""
        found: defaultdict[int, set[str]] = defaultdict(set)
        for oid, places in fresh.items():
            for key in self._keys[oid] if places else ():
                referred = (
                    f"SELECT DISTINCT r.tableoid::bigint, r.ctid::text FROM ONLY {self._tables[oid].name} AS t"  # noqa: S608
                    f" JOIN {key.source} AS r ON {key.join} WHERE t.ctid = ANY ($1::tid[])"
                )
                self._source.execute("SAVEPOINT pgmg_sample")
                try:
                    rows = self._source.execute(referred.encode(), [sorted(places)]).fetchall()
                except psycopg.Error:
                    rows = []  # not readable, which is said of the table itself
                    self._source.execute("ROLLBACK TO SAVEPOINT pgmg_sample")
                for where, place in rows:
                    table = self._tables.get(where)
                    if table is not None and table.is_readable and place not in self._chosen[where]:
                        found[where].add(place)
        return dict(found)

    def copy(self, target: Connection) -> None:
        """Copy the rows, and the values of sequences; take out what refers to rows that could not be copied."""
        target.execute("BEGIN")
        use_canonical_settings(target)
        for oid, places in self._chosen.items():
            table = self._tables[oid]
            if not places:
                continue
            target.execute("SAVEPOINT pgmg_sample")
            try:
                self._copy_table(target, table, places)
            except psycopg.Error as error:
                target.execute("ROLLBACK TO SAVEPOINT pgmg_sample")
                self.left_out.append(f"rows of {table.name}: SQLSTATE {error.sqlstate}")  # its text may quote a row
        self._take_out_orphans(target)
        self._set_sequences(target)
        target.execute("COMMIT")

    def _copy_table(self, target: Connection, table: SampledTable, places: set[str]) -> None:
        columns = ", ".join(table.columns)
        wanted = sql.Literal(sorted(places)).as_string(None)
        out = f"COPY (SELECT {columns} FROM ONLY {table.name} WHERE ctid = ANY ({wanted}::tid[])) TO STDOUT"  # noqa: S608
        into = f"COPY {table.name} ({columns}) FROM STDIN"
        with self._source.cursor().copy(out.encode()) as given, target.cursor().copy(into.encode()) as taken:
            for block in given:
                taken.write(block)

    def _take_out_orphans(self, target: Connection) -> None:
        taken: defaultdict[str, int] = defaultdict(int)
        is_done = False
        while not is_done:
            is_done = True
            for oid, keys in self._keys.items():
                for key in keys if self._chosen[oid] else ():
                    delete = (
                        f"DELETE FROM ONLY {self._tables[oid].name} AS t WHERE {key.is_set}"  # noqa: S608
                        f" AND NOT EXISTS (SELECT FROM {key.source} AS r WHERE {key.join})"
                    )
                    if count := target.execute(delete.encode()).rowcount:
                        taken[self._tables[oid].name] += count
                        is_done = False
        why = "they refer to rows that are left out"
        self.left_out += [f"{count} rows of {name}: {why}" for name, count in taken.items()]

    def _set_sequences(self, target: Connection) -> None:
        for name, value in self._source.execute(
            "SELECT pg_catalog.format('%I.%I', schemaname, sequencename), last_value FROM pg_catalog.pg_sequences"
            " WHERE last_value IS NOT NULL"
        ).fetchall():
            target.execute("SAVEPOINT pgmg_sample")
            try:
                target.execute("SELECT pg_catalog.setval($1::pg_catalog.regclass, $2)", [name, value])
            except psycopg.Error:
                target.execute("ROLLBACK TO SAVEPOINT pgmg_sample")  # an extension's, which the copy lacks


def fill_materialized_views(source: Connection, target: Connection) -> None:
    """Refresh on a copy the materialized views that are populated in the source, each after those that it reads."""
    populated = (
        "SELECT pg_catalog.format('%I.%I', schemaname, matviewname) FROM pg_catalog.pg_matviews WHERE ispopulated"
    )
    waiting = {name for (name,) in source.execute(populated)}
    is_going_on = True
    while waiting and is_going_on:
        is_going_on = False
        for name in sorted(waiting):
            with suppress(psycopg.Error):  # it reads one that waits itself, or what the copy lacks
                target.execute(f"REFRESH MATERIALIZED VIEW {name}".encode())
                waiting.discard(name)
                is_going_on = True


def count_rows(conn: Connection) -> dict[int, tuple[str, str, int]]:
    """Return schema, name and number of rows of each table outside of the server's schemas, by OID."""
    tables = conn.execute(
        "SELECT c.oid::bigint, n.nspname::text, c.relname::text FROM pg_catalog.pg_class AS c"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^pgmg_'"
        " ORDER BY 2, 3"
    ).fetchall()
    found = {}
    for oid, schema, name in tables:
        counted = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, name))
        row = conn.execute(counted).fetchone()
        found[oid] = (schema, name, 0 if row is None else int(row[0]))
    return found
