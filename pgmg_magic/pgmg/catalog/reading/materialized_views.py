"""Reads the materialized views of a database in the order in which they can be refreshed."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.model.naming.names import Kind, ObjectName

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class MaterializedView:
    """A materialized view; `has_key` is a unique index that `REFRESH … CONCURRENTLY` can use."""

    name: ObjectName
    is_populated: bool
    has_key: bool

    @property
    def can_stay_readable(self) -> bool:
        """Whether it can be refreshed while others read it."""
        return self.is_populated and self.has_key


def read_materialized_views(conn: psycopg.Connection[Row]) -> tuple[MaterializedView, ...]:
    """Return all of them, each after those that it reads, through ordinary views as well."""
    rows = conn.execute(query("materialized_views")).fetchall()
    found = {
        oid: MaterializedView(ObjectName(Kind.MATERIALIZED_VIEW, name, schema), populated, has_key)
        for oid, schema, name, populated, has_key, _ in rows
        if name is not None
    }
    order = TopologicalSorter({row[0]: row[5] for row in rows}).static_order()
    return tuple(found[oid] for oid in order if oid in found)
