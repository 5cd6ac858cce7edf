"""Reads the columns of relations, the queries of views and which columns those use: where column lineage begins."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, run_queries
from pgmg.model.database.snapshot import Address, Snapshot
from pgmg.model.results.lineage_data import ColumnAnswers, FunctionTraits, RecordedUse, RelationColumns

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg


def read_columns(conn: psycopg.Connection[Row], snapshot: Snapshot, wanted: Iterable[Address]) -> ColumnAnswers:
    """Ask for all wanted relations in one round trip; leaves the search_path as the snapshot found it."""
    classes = {address.objid: address for address in wanted}
    asked = [sorted(classes)]
    rows, used, named = run_queries(
        conn, ("columns", asked), ("column_uses", asked), ("function_traits", ()), back=snapshot.server.setting
    )
    uses = defaultdict(list)
    for oid, classid, objid, column, through in used:
        uses[oid].append(RecordedUse(Address(classid, objid), column, through))
    relations = {
        classes[oid]: RelationColumns(tuple(columns), query, tuple(uses[oid]), _lists(generated), _lists(composites))
        for oid, columns, query, generated, composites in rows
    }
    return ColumnAnswers(relations, _traits(named))


def _lists(found: dict[str, list[str]] | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(listed)) for name, listed in (found or {}).items())


def _traits(rows: Iterable[Row]) -> FunctionTraits:
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for kind, name, columns in rows:
        found[kind][name] = tuple(columns or ())
    return FunctionTraits(
        frozenset(found["sets"]),
        frozenset(found["aggregates"]),
        tuple(found["results"].items()),
        tuple(found["types"].items()),
    )
