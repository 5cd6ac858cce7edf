"""Asks which tables our role may lock by LOCK TABLE: it takes less to alter some that it may not lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query

if TYPE_CHECKING:
    import psycopg

    from pgmg.model.plans.risk import FirstLock


def permitted(conn: psycopg.Connection[Row], locks: tuple[FirstLock, ...]) -> tuple[FirstLock, ...]:
    """Return the locks that our role may take."""
    schemas, names = [lock.schema for lock in locks], [lock.relation.name for lock in locks]
    found = set(conn.execute(query("lockable_tables"), [schemas, names]).fetchall())
    return tuple(lock for lock in locks if (lock.schema, lock.relation.name) in found)
