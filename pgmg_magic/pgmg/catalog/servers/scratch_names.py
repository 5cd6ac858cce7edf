"""Names of scratch databases: reserved by a lock while they are in use, and removed when their owner is dead.

Whoever makes a scratch database holds an advisory lock of its number as long as it lives. A killed process loses its
session, and with it the lock: the next one drops the database, whatever project it was of.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.catalog.sessions.connection import Connection

PREFIX = "pgmg_scratch_"
ROLE_MARK = "created by pgmg for a scratch database"
"""The comment on a role that the source of a copy has and the scratch server lacks."""

_LOCKS = 0x70676D67
"""The first key of the advisory locks: `pgmg`."""
_BITS = 31


@contextmanager
def scratch_name(admin: Connection) -> Iterator[str]:
    """Reserve the name of a new database while the block runs, and drop the database at its end if it exists."""
    number = secrets.randbits(_BITS)
    name = f"{PREFIX}{secrets.token_hex(2)}{number:08x}"
    admin.execute("SELECT pg_catalog.pg_advisory_lock($1, $2)", [_LOCKS, number])
    try:
        yield name
    finally:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute("SELECT pg_catalog.pg_advisory_unlock($1, $2)", [_LOCKS, number])


def remove_dead(admin: Connection) -> None:
    """Drop the scratch databases that nobody holds, and the roles made for them if nobody holds any.

    What belongs to another role, and may not be dropped, stays.
    """
    for (name,) in admin.execute(query("dead_scratch_databases"), [_LOCKS]).fetchall():
        with suppress(psycopg.Error):
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    for (role,) in admin.execute(query("unused_scratch_roles"), [_LOCKS, ROLE_MARK]).fetchall():
        with suppress(psycopg.Error):
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def create_role(admin: Connection, name: str) -> None:
    """Create a role without login, marked so that `remove_dead` finds it."""
    role = sql.Identifier(name)
    admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(ROLE_MARK)))
