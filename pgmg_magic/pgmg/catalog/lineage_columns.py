"""Reads the columns of relations, the queries of views and which columns those use: where column lineage begins."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.catalog.catalog_queries import Row, run_queries
from pgmg.model.lineage_data import ColumnAnswers, RelationColumns
from pgmg.model.snapshot import Address, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg


def read_columns(conn: psycopg.Connection[Row], snapshot: Snapshot, wanted: Iterable[Address]) -> ColumnAnswers:
    """Ask for all wanted relations in one round trip; leaves the search_path as the snapshot found it."""
    classes = {address.objid: address for address in wanted}
    if not classes:
        return ColumnAnswers()
    asked = [sorted(classes)]
    rows, used = run_queries(conn, ("columns", asked), ("column_uses", asked), back=snapshot.server.setting)
    uses = defaultdict(list)
    for oid, classid, objid, column in used:
        uses[oid].append((Address(classid, objid), column))
    return ColumnAnswers(
        {classes[oid]: RelationColumns(tuple(columns), query, tuple(uses[oid])) for oid, columns, query in rows}
    )
