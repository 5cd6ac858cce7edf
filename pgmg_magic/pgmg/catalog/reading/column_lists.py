"""Reads the columns of relations and the attributes of composite types, as people spell their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, addresses, run_queries
from pgmg.model.database.snapshot import Address, Snapshot
from pgmg.model.naming.type_identity import TypeIdentity, formatted_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import psycopg

    from pgmg.model.naming.names import ObjectName

Attributes = tuple[tuple[str, str], ...]
"""Names and types, in order."""

_NAME, _ATTRIBUTE_TYPE, _COLUMN_TYPE = 0, 1, 4


def read_attributes(
    conn: psycopg.Connection[Row], snapshot: Snapshot, names: Iterable[ObjectName]
) -> dict[ObjectName, Attributes]:
    """Ask for all in one round trip; what is not there, or has no columns, is not in the answer."""
    wanted = {snapshot.objects[name].address: name for name in names if name in snapshot.objects}
    if not wanted:
        return {}
    (rows,) = run_queries(conn, ("facts", addresses(wanted)), back=snapshot.server.setting)
    found = {}
    for classid, objid, values in rows:
        columns, attributes = values.get("columns"), values.get("attributes")
        if columns is not None:
            pairs = tuple((column[_NAME], column[_COLUMN_TYPE]) for column in columns)
        elif attributes is not None:
            pairs = tuple((attribute[_NAME], attribute[_ATTRIBUTE_TYPE]) for attribute in attributes)
        else:
            continue
        found[wanted[Address(classid, objid)]] = pairs
    return found


def read_column_types(
    conn: psycopg.Connection[Row], snapshot: Snapshot, relations: Collection[str]
) -> dict[tuple[str, str], dict[str, TypeIdentity]]:
    """Return the types of the columns of all relations with these names, by schema and name of the relation."""
    if not relations:
        return {}
    (rows,) = run_queries(conn, ("column_types", [sorted(relations)]), back=snapshot.server.setting)
    found: dict[tuple[str, str], dict[str, TypeIdentity]] = {}
    for schema, relation, column, type_ in rows:
        found.setdefault((schema, relation), {})[column] = formatted_type(type_)
    return found
