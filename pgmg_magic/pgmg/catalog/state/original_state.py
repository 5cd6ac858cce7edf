"""Reads the records of the original pgmg (ZakSingh/pgmg, written in Rust) and takes them over.

Its tables are in the schema `pgmg`: `pgmg_migrations` (name, applied_at), with file names that lack `.sql`, and
`pgmg_state` (object_type, object_name, ddl_hash, last_applied), with names that lack arguments. Where pgmg has no
tables of its own in the schema `public`, those records count: the first plan goes on where the original stopped.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.model.database.snapshot import MigrationRow, StateRow
from pgmg.model.database.state_layout import MIGRATIONS, ORIGINAL_SCHEMA, STATE
from pgmg.model.naming.names import DECLARED_KINDS, Kind, ObjectName, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.model.database.snapshot import LiveObject, Snapshot

_STATE, _MIGRATIONS = (sql.Identifier(ORIGINAL_SCHEMA, table.name) for table in (STATE, MIGRATIONS))
OBJECTS_QUERY = sql.SQL("SELECT object_type, object_name FROM {} ORDER BY 1, 2").format(_STATE)
MIGRATIONS_QUERY = sql.SQL("SELECT name FROM {} ORDER BY 1").format(_MIGRATIONS)

_COPY_MIGRATIONS = """
INSERT INTO {migrations} (name, applied_at) SELECT n.name, o.applied_at
FROM unnest($1::text[], $2::text[]) AS n (original, name) JOIN {original} AS o ON o.name = n.original
ON CONFLICT (name) DO NOTHING
"""
_COPY_OBJECTS = """
INSERT INTO {state} (object_name, object_hash) SELECT n.name, '' FROM unnest($1::text[]) AS n (name)
ON CONFLICT (object_name) DO NOTHING
"""
_SUFFIX = ".sql"


def original_migrations(names: Iterable[str]) -> dict[str, MigrationRow]:
    """Return recorded migrations by file name; what their text was is not known."""
    return {name: MigrationRow(name) for name in map(_file_name, names)}


def original_objects(
    rows: Iterable[Row], live: Mapping[ObjectName, LiveObject], path: Sequence[str]
) -> dict[str, StateRow]:
    """Return rows of `pgmg_state` for the recorded objects that the database has, with an empty hash: none is known.

    A name without a schema means an object in one of the schemas of `path`. A name may stand for several objects, such
    as overloads: then it is not known which are meant, and those that files declare are adopted without a record.
    """
    by_key: defaultdict[tuple[str, str], list[ObjectName]] = defaultdict(list)
    for name, one in live.items():
        if one.extension is None and name.kind in DECLARED_KINDS:
            for spelled in _spellings(name, path):
                by_key[name.kind.value, spelled].append(name)
    found: dict[str, StateRow] = {}
    for word, recorded in rows:
        kind = kind_of(word)
        names = [] if kind is None else by_key.get((kind.value, recorded), [])
        if len(names) == 1:
            key = str(names[0])
            found[key] = StateRow(key, "", names[0].schema)
    return found


def copy_records(conn: psycopg.Connection[Row], schema: str, snapshot: Snapshot) -> None:
    """Copy the records in `snapshot`, which are the original's, to pgmg's own tables in `schema`."""
    names = [name for (name,) in conn.execute(MIGRATIONS_QUERY)]
    own = sql.Identifier(schema, MIGRATIONS.name)
    conn.execute(
        sql.SQL(_COPY_MIGRATIONS).format(migrations=own, original=_MIGRATIONS), [names, list(map(_file_name, names))]
    )
    objects = sql.SQL(_COPY_OBJECTS).format(state=sql.Identifier(schema, STATE.name))
    conn.execute(objects, [list(snapshot.state)])


def _file_name(recorded: str) -> str:
    return f"{recorded.removesuffix(_SUFFIX)}{_SUFFIX}"


def _spellings(name: ObjectName, path: Sequence[str]) -> Iterator[str]:
    """Yield the forms in which the original records a name: with its schema, and without it where `path` finds it."""
    if name.kind is Kind.TRIGGER and name.parent is not None:
        yield from (f"{name.name}:{relation}" for relation in _spellings(name.parent, path))
    elif name.schema is not None:
        yield f"{name.schema}.{name.name}"
        if name.schema in path:
            yield name.name
