"""Creates pgmg's own tables and brings those of an earlier pgmg up to the present layout (rule 10).

Every statement may run again and beside an earlier or later pgmg: tables and columns are only added, and pgmg works
without those that cannot be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.model.database.state_layout import LAYOUT, STATE, StateColumn, StateTable, TableCreation

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.model.database.snapshot import ServerInfo

_LOCK_TIMEOUT = "200ms"
"""How long an upgrade waits for readers of a table; the next apply tries again."""

_GRANTED = """
SELECT CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
WHERE c.oid = pg_catalog.to_regclass($1) AND a.grantee <> c.relowner
UNION ALL
SELECT pg_catalog.pg_get_userbyid(c.relowner), p.privilege, false
FROM pg_catalog.pg_class c CROSS JOIN pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p (privilege)
WHERE c.oid = pg_catalog.to_regclass($1) AND pg_catalog.pg_get_userbyid(c.relowner) <> current_user
"""


def create_tables(
    conn: psycopg.Connection[Row], schema: str, server: ServerInfo, wanted: Collection[StateTable] = ()
) -> None:
    """Create the tables that every apply needs, and the `wanted` ones of those created on demand.

    A table that joins existing ones is granted to whoever may use `pgmg_state`: several roles may apply.

    Raises:
        psycopg.Error: the role may not create tables in the state schema.
    """
    if not server.state_schema_exists:
        conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    for table in LAYOUT:
        if server.columns_of(table) or (table.creation is TableCreation.ON_DEMAND and table not in wanted):
            continue
        _create(conn, schema, server, table)


def create_if_permitted(conn: psycopg.Connection[Row], schema: str, server: ServerInfo, table: StateTable) -> bool:
    """Create a table that an apply can do without; return whether it exists then."""
    if server.columns_of(table):
        return True
    if not server.columns_of(STATE):  # those that it cannot do without were just created
        _create(conn, schema, server, table)
        return True
    try:
        with conn.transaction():  # a savepoint
            _create(conn, schema, server, table)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _create(conn: psycopg.Connection[Row], schema: str, server: ServerInfo, table: StateTable) -> None:
    conn.execute(_creation(schema, table))
    if server.columns_of(STATE):
        _grant_alike(conn, schema, table)


def add_columns(conn: psycopg.Connection[Row], schema: str, server: ServerInfo) -> bool:
    """Add the columns that an earlier pgmg did not know; return whether there are new ones.

    To be called right before the commit: the lock that it takes lets nobody read the table. Where a reader does not
    finish in time, or the role does not own the table, nothing is added and nothing fails.
    """
    added = False
    for table in LAYOUT:
        missing = missing_columns(server, table)
        if missing and table.name in server.own_alterable:
            added |= _try_to_add(conn, schema, table, missing)
    return added


def missing_columns(server: ServerInfo, table: StateTable) -> tuple[StateColumn, ...]:
    """Return the columns of an existing table that an earlier pgmg did not know."""
    there = server.columns_of(table)
    return tuple(column for column in table.later if there and column.name not in there)


def _creation(schema: str, table: StateTable) -> sql.Composed:
    parts = [_column(column) for column in table.columns]
    if table.constraint:
        parts.append(sql.SQL(table.constraint).format())
    return sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(
        sql.Identifier(schema, table.name), sql.SQL(", ").join(parts)
    )


def _column(column: StateColumn) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.definition))


def _try_to_add(
    conn: psycopg.Connection[Row], schema: str, table: StateTable, missing: Collection[StateColumn]
) -> bool:
    additions = sql.SQL(", ").join(sql.SQL("ADD COLUMN IF NOT EXISTS {}").format(_column(c)) for c in missing)
    statement = sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(schema, table.name), additions)
    (before,) = _row(conn, "SELECT pg_catalog.current_setting('lock_timeout')")
    try:
        with conn.transaction():  # a savepoint
            _set_lock_timeout(conn, _LOCK_TIMEOUT)
            conn.execute(statement)
            _set_lock_timeout(conn, before)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege, psycopg.errors.DeadlockDetected):
        return False
    return True


def _set_lock_timeout(conn: psycopg.Connection[Row], value: str) -> None:
    conn.execute("SELECT pg_catalog.set_config('lock_timeout', $1, true)", [value])


def _grant_alike(conn: psycopg.Connection[Row], schema: str, table: StateTable) -> None:
    state = sql.Identifier(schema, STATE.name).as_string(conn)
    for grantee, privilege, grantable in conn.execute(_GRANTED, [state]).fetchall():
        role = sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)
        option = sql.SQL(" WITH GRANT OPTION" if grantable else "")
        conn.execute(
            sql.SQL("GRANT {} ON {} TO {}{}").format(
                sql.SQL(privilege), sql.Identifier(schema, table.name), role, option
            )
        )


def _row(conn: psycopg.Connection[Row], query: str) -> tuple[Any, ...]:
    row = conn.execute(query).fetchone()
    assert row is not None  # the query has no FROM
    return row
