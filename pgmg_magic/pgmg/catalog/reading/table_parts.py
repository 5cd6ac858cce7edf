"""Reads parts of tables that can be dropped along with what they use: constraints, defaults, indexes, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, addresses, run_queries
from pgmg.model.database.snapshot import Address
from pgmg.model.naming.names import Kind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg


def read_table_parts(conn: psycopg.Connection[Row]) -> dict[Address, ObjectName]:
    """Return all of them with the table as parent; an index here has one too, unlike in snapshots."""
    (rows,) = run_queries(conn, ("table_parts", ()))
    found = {}
    for classid, objid, kind, schema, table, relation_kind, name in rows:
        parent = ObjectName(Kind(relation_kind), table, schema)
        found[Address(classid, objid)] = ObjectName(Kind(kind), name, parent=parent)
    return found


def older_parts(conn: psycopg.Connection[Row], wanted: Iterable[Address]) -> frozenset[Address]:
    """Return which of these constraints and column defaults the current transaction has found, not created."""
    (rows,) = run_queries(conn, ("older_parts", addresses(wanted)))
    return frozenset(Address(*row) for row in rows)
