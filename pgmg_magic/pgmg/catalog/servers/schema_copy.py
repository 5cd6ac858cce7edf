"""Copies a database's schema, with pgmg's own records and perhaps a sample of other rows, into scratch databases."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo, sql
from psycopg.pq import Conninfo

from pgmg.catalog.servers import server_programs
from pgmg.catalog.servers.sampled_rows import RowSample, fill_materialized_views
from pgmg.catalog.servers.scratch_names import create_role, remove_dead, scratch_name
from pgmg.catalog.sessions.connection import connect, describe
from pgmg.errors import RehearsalError
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA
from pgmg.model.naming.quoting import quote
from pgmg.model.secrets import mask_secrets, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pgmg.catalog.sessions.connection import Connection

_LOCK_WAIT = "10s"
"""How long pg_dump waits for the lock of a reader, which it needs on every table."""

_SILENT = (
    "log_min_messages = fatal",
    "log_min_error_statement = panic",
    "log_statement = none",
    "log_min_duration_statement = -1",
)
"""Settings of a database whose rows are nobody's business."""

_OWN_LIMIT = b"\nSET transaction_timeout = 0;\n"
"""A line at the head of a dump that servers before 17 refuse: nothing of the database."""

_ERROR = re.compile(r"^.*?(?:ERROR|FATAL): +(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ScratchCopies:
    """Two copies, `first` and `second`; `omitted` are the server's messages about what they cannot hold."""

    first: str
    second: str
    omitted: tuple[str, ...]


@contextmanager
def scratch_copies(
    source: str, server: str, state_schema: str, role: str | None = None, rows: int | None = None
) -> Iterator[ScratchCopies]:
    """Make two copies of the database `source` on the server of `server`, and drop them afterwards.

    Both are connection strings. The source is read under `role` if that is given. Roles that the server lacks are
    created without a login, and dropped afterwards. Copies that a killed process left are dropped first. With `rows`,
    the copies have at most so many rows of each table, and those that these refer to.

    Raises:
        RehearsalError: the database cannot be dumped, or the server lets us create no database.
    """
    with connect(server) as admin, connect(source) as conn, ExitStack() as reserved:
        remove_dead(admin)
        roles: list[str] = []
        reserved.callback(_drop_roles, admin, roles)
        names = [reserved.enter_context(scratch_name(admin)) for _ in range(2)]
        first, second = (conninfo.make_conninfo(server, dbname=name) for name in names)
        _create_roles(conn, admin, roles)
        _create(admin, names[0], "template0")
        if rows is not None:
            _log_nothing(admin, names[0])
        if rows is None:
            omitted = _restore(_dump(source, state_schema, role), first)
            with connect(first) as copy:  # whether they are populated decides how they are recreated
                fill_materialized_views(conn, copy)
        else:
            omitted = _with_rows(conn, source, first, state_schema, role, rows)
        _create(admin, names[1], names[0])
        if rows is not None:
            _log_nothing(admin, names[1])
        yield ScratchCopies(first, second, omitted)


def _with_rows(
    conn: Connection, source: str, target: str, state_schema: str, role: str | None, limit: int
) -> tuple[str, ...]:
    """Make a copy in three parts: tables, then rows of the same snapshot, then what is checked against the rows."""
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if role is not None:
        conn.execute("SELECT pg_catalog.set_config('role', $1, true)", [role])
    snapshot = conn.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
    shared = () if snapshot is None else (f"--snapshot={snapshot[0]}",)
    omitted = _restore(_dump(source, state_schema, role, ("--section=pre-data", *shared)), target)
    sample = RowSample(conn, limit, state_schema)
    sample.choose()
    with connect(target) as copy:
        sample.copy(copy)
    omitted += tuple(sample.left_out)
    omitted += _restore(_dump(source, state_schema, role, ("--section=post-data", *shared), records=False), target)
    with connect(target) as copy:
        fill_materialized_views(conn, copy)
    conn.execute("ROLLBACK")
    return omitted


def _create(admin: Connection, name: str, template: str) -> None:
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    try:
        admin.execute(command)
    except psycopg.Error as error:
        message = f"The scratch database cannot be created: {error.diag.message_primary}"
        raise RehearsalError(message, hint="--scratch needs a role that may create databases.") from None


def _log_nothing(admin: Connection, name: str) -> None:
    """Keep values of rows out of the server's log: what fails is quoted there."""
    for setting in _SILENT:
        with suppress(psycopg.Error):  # a server that we do not own has its own rules
            admin.execute(sql.SQL("ALTER DATABASE {} SET {}").format(sql.Identifier(name), sql.SQL(setting)))


def _create_roles(conn: Connection, admin: Connection, created: list[str]) -> None:
    """Create the roles that owners and privileges need; those that were not there are added to `created`."""
    wanted = "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
    there = {name for (name,) in admin.execute(wanted)}
    missing = [name for (name,) in conn.execute(wanted) if name not in there]
    for name in missing:
        with suppress(psycopg.Error):  # without the right to create roles, privileges are said to be missing
            create_role(admin, name)
            created.append(name)


def _drop_roles(admin: Connection, roles: list[str]) -> None:
    for name in roles:
        with suppress(psycopg.Error):  # another rehearsal still needs it, and drops it
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _dump(
    source: str, state_schema: str, role: str | None, section: tuple[str, ...] = (), *, records: bool = True
) -> bytes:
    pg_dump = [str(_program("pg_dump")), f"--lock-wait-timeout={_LOCK_WAIT}", *([f"--role={role}"] if role else [])]
    schemas = (f"--table={quote(schema)}.pgmg_*" for schema in dict.fromkeys((state_schema, ORIGINAL_SCHEMA)))
    data = [("--data-only", "--strict-names", tables) for tables in schemas] if records else []
    parts = (("--schema-only", "--no-publications", "--no-subscriptions", *section), *data)
    found = b""
    for part, options in enumerate(parts):
        done = subprocess.run([*pg_dump, *options], env=_environment(source), check=False, capture_output=True)
        if done.returncode and not part:
            said = _without_secrets(done.stderr, source)
            raise RehearsalError(f"{describe(source)} cannot be dumped: {said}", hint="Rehearse as a role that may.")
        if not done.returncode:  # else there are no such tables
            found += done.stdout.replace(_OWN_LIMIT, b"\n", 1)
    return found


def _restore(script: bytes, target: str) -> tuple[str, ...]:
    """Run a dump; return the messages about what did not work."""
    command = [str(_program("psql")), "--no-psqlrc", "--quiet", "--output", os.devnull]
    done = subprocess.run(command, input=script, env=_environment(target), check=False, capture_output=True)
    said = _without_secrets(done.stderr, target)
    return tuple(dict.fromkeys(found[1] for found in _ERROR.finditer(said)))


def _program(name: str) -> Path:
    installed = server_programs.programs()
    return installed[max(installed)] / name


def _environment(dsn: str) -> dict[str, str]:
    """Return the environment in which libpq's programs find a database: no password is in an argument list."""
    found = dict(os.environ)
    for option in Conninfo.parse(dsn.encode()):
        if option.envvar is None or option.val is None:
            continue
        name = option.envvar.decode()
        if option.val:
            found[name] = option.val.decode()
        else:
            found.pop(name, None)
    return found


def _without_secrets(output: bytes, dsn: str) -> str:
    return mask_secrets(output.decode(errors="replace").strip(), secrets_in(dsn))
