"""Creates pending objects as temporary ones, in a transaction that reads and nothing else, and that is rolled back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, pipeline
from pgmg.model.naming.names import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.row_questions import TemporaryObject

_Connection = psycopg.Connection[Row]
_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_WITH_EVENT_SETTING = 170000
"""The first version in which a superuser can switch event triggers off; before, a role of replication does."""

_POSSIBLE = """
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
       ARRAY(SELECT evtenabled::text FROM pg_catalog.pg_event_trigger
             WHERE evtenabled <> 'D' AND evtevent LIKE 'ddl_command_%'),
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
"""
_RESET = ("RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL")
_CREATED = """
SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = pg_catalog.pg_my_temp_schema() AND p.proname = $1 ORDER BY p.oid DESC LIMIT 1
"""


def why_impossible(conn: _Connection) -> str | None:
    """Return why no temporary object can be created for a question; None where it can."""
    row = conn.execute(_POSSIBLE).fetchone()
    assert row is not None
    standby, allowed, enabled, superuser = row
    if standby:
        return "the server is a standby, on which nothing can be created"
    if not allowed:
        return "the role may not create temporary objects in this database"
    if not set(enabled) <= _silent(conn, superuser=superuser):
        return "event triggers would run"
    return None


def _silent(conn: _Connection, *, superuser: bool) -> frozenset[str]:
    """Return the states (`evtenabled`) of event triggers that do not run while questions are asked."""
    if not superuser:
        return frozenset("R")
    return frozenset("ORA" if conn.info.server_version >= _WITH_EVENT_SETTING else "O")


@dataclass(frozen=True, slots=True)
class Scratch:
    """A transaction of which nothing stays: `create` comes first, then `only_read`, then questions."""

    conn: _Connection
    settings: Mapping[str, str]
    session: Sequence[str] = ()
    """The statements that set what the project configures for each transaction, its role among them."""

    def create(self, objects: Iterable[TemporaryObject], owned: Collection[ObjectName]) -> dict[ObjectName, str]:
        """Create objects in the order given; return what the server has against those that cannot be created.

        The objects in `owned` are given to the roles that own them after apply.
        """
        failed: dict[ObjectName, str] = {}
        for one in objects:
            self.conn.execute("SAVEPOINT pgmg_temporary")
            try:
                self._create(one)
                if one.owner is not None and one.name in owned:
                    self._give(one, one.owner)
            except psycopg.Error as error:
                if self.conn.closed:
                    raise
                self.conn.execute("ROLLBACK TO SAVEPOINT pgmg_temporary")
                failed[one.name] = error.diag.message_primary or str(error).strip()
            else:
                self.conn.execute("RELEASE SAVEPOINT pgmg_temporary")
        self.reset()
        return failed

    def _create(self, one: TemporaryObject) -> None:
        self.reset()
        for setting in one.settings:
            self.conn.execute(sql.SQL(setting))  # a SET of the object's own file
        self.conn.execute(sql.SQL(one.statement))
        if one.name.kind in _VIEWS:
            readable = sql.SQL("GRANT SELECT ON pg_temp.{} TO PUBLIC").format(sql.Identifier(one.temporary))
            self.conn.execute(readable)

    def _give(self, one: TemporaryObject, owner: str) -> None:
        if one.name.kind in _VIEWS:
            target = sql.SQL("VIEW pg_temp.{}").format(sql.Identifier(one.temporary))
        else:
            row = self.conn.execute(_CREATED, [one.temporary]).fetchone()
            assert row is not None
            target = sql.SQL("ROUTINE ") + sql.SQL(row[0])  # the server's own spelling
        self.conn.execute(sql.SQL("ALTER {} OWNER TO {}").format(target, sql.Identifier(owner)))

    def reset(self) -> None:
        """Go back to the session's own settings, and to those of the transaction."""
        with pipeline(self.conn):
            for statement in _RESET:
                self.conn.execute(statement)
            for name, value in self.settings.items():
                self.conn.execute("SELECT pg_catalog.set_config($1, $2, true)", [name, value])
            for statement in self.session:
                self.conn.execute(sql.SQL(statement))

    def only_read(self) -> None:
        """Allow nothing but reading from now on."""
        self.conn.execute("SET TRANSACTION READ ONLY")


@contextmanager
def scratch(
    conn: _Connection, search_path: str | None, lock_timeout: str, session: Sequence[str] = ()
) -> Iterator[Scratch]:
    """Open one transaction of which nothing stays, on a connection in autocommit mode; `session` is run first."""
    settings = {"jit": "off", "lock_timeout": lock_timeout, "check_function_bodies": "off"}
    if search_path is not None:
        settings["search_path"] = search_path
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE")
    try:
        for statement in session:
            conn.execute(sql.SQL(statement))
        row = conn.execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user").fetchone()
        if row is not None and row[0]:
            is_new = conn.info.server_version >= _WITH_EVENT_SETTING
            settings |= {"event_triggers": "off"} if is_new else {"session_replication_role": "replica"}
        yield Scratch(conn, settings, session)
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK")
