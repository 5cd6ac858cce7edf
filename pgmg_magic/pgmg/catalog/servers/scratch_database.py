"""Makes empty databases for trying a project out: on a server that is started for it, or on a given one."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo, sql

from pgmg.catalog.servers.embedded import acquire
from pgmg.catalog.servers.scratch_names import create_role, remove_dead, scratch_name
from pgmg.catalog.sessions.connection import connect
from pgmg.errors import ScratchError
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
"""For a server whose data nobody keeps."""


@contextmanager
def scratch_server(url: str | None) -> Iterator[str]:
    """Give the connection string of a server: `url`, or an embedded one in a temporary folder.

    Raises:
        EmbeddedServerError: the embedded server is not installed or does not start.
    """
    if url is not None:
        yield url
        return
    with (
        tempfile.TemporaryDirectory(prefix="pgmg-scratch-") as folder,
        acquire(Path(folder), settings=_SETTINGS) as one,
    ):
        yield one.dsn


@contextmanager
def scratch_database(server: str, roles: Iterable[str] = (), user: str | None = None) -> Iterator[str]:
    """Give the connection string of a new, empty database, which is dropped at the end.

    Roles that are missing are created, without login, and dropped at the end. With `user`, whoever connects is that
    role, made a superuser: only for servers that are started for the purpose.

    Raises:
        ScratchError: the role may not create databases or roles.
    """
    with connect(server) as conn, scratch_name(conn) as name:
        remove_dead(conn)
        created: list[str] = []
        try:
            known = {role for (role,) in conn.execute("SELECT rolname::text FROM pg_catalog.pg_roles")}
            for role in roles:
                if role not in known:
                    create_role(conn, role)
                    created.append(role)
            if user is not None:
                conn.execute(sql.SQL("ALTER ROLE {} SUPERUSER LOGIN").format(sql.Identifier(user)))
            database = sql.Identifier(name)
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
        except psycopg.Error as error:
            said = mask_secrets(error.diag.message_primary or str(error))
            _drop_roles(conn, created)
            hint = "--scratch URL names a server on which a database may be created; --no-verify leaves the proof out."
            raise ScratchError(f"No empty database can be made: {said}", hint=hint) from None
        try:
            yield conninfo.make_conninfo(server, dbname=name, **({} if user is None else {"user": user}))
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
            _drop_roles(conn, created)


def _drop_roles(conn: psycopg.Connection[tuple[object, ...]], roles: Iterable[str]) -> None:
    for role in roles:
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
