"""Reads what else there is in a database: the records of other projects, schemas, publications, extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.model.database.snapshot import Address
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA, OWN_TABLES, STATE
from pgmg.model.naming.names import Kind
from pgmg.model.sources.foundation import Foundation

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

    from pgmg.model.database.snapshot import Snapshot


def read_other_projects(
    conn: psycopg.Connection[Row], snapshot: Snapshot, state_schema: str
) -> dict[str, frozenset[str]]:
    """Return the names that other projects have recorded, by their state schema.

    A state schema whose records our role may not read has none, and is there all the same.
    """
    tables = (name.schema for name in snapshot.objects if name.kind is Kind.TABLE and name.name in OWN_TABLES)
    found: dict[str, frozenset[str]] = {s: frozenset() for s in sorted({t for t in tables if t}) if s != state_schema}
    if snapshot.server.has_original:  # not another project: records that may have been taken over
        del found[ORIGINAL_SCHEMA]
    for schema in snapshot.server.other_states:
        rows = conn.execute(sql.SQL("SELECT object_name FROM {}").format(sql.Identifier(schema, STATE.name)))
        found[schema] = frozenset(row[0] for row in rows)
    return found


def read_foundations(
    conn: psycopg.Connection[Row], snapshot: Snapshot, extensions: Collection[str]
) -> tuple[Foundation, ...]:
    """Return schemas and the like that our role may drop, in order; of extensions only the named."""
    rows = conn.execute(query("foundations")).fetchall()
    members = {name: [o.address for o in snapshot.objects.values() if o.extension == name] for name in extensions}
    return tuple(
        Foundation(words, name, Address(classid, objid), owner, tuple(members[name] if words == "EXTENSION" else ()))
        for words, name, classid, objid, owner in rows
        if words != "EXTENSION" or name in extensions
    )
