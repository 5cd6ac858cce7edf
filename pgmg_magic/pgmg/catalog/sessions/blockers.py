"""Asks who blocks a session, and says it: process, role, application, state, since when, query (rule 9.3)."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - a NamedTuple's
from typing import TYPE_CHECKING, Any, NamedTuple

from pgmg.catalog.reading.catalog_queries import query
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    _Connection = psycopg.Connection[Any]

UNKNOWN = "a session that has gone meanwhile"


def blocking_sessions(conn: _Connection, pid: int) -> str | None:
    """Describe who blocks the process `pid`; None where it waits for nobody."""
    return _described(conn.execute(query("blocking_sessions"), [pid]).fetchall())


def lock_holders(conn: _Connection, relations: Sequence[str], *, readers: bool) -> str | None:
    """Describe who else holds locks on relations, by their names in SQL; without names on any of the database.

    `readers` says whether those count who have only read them.
    """
    return _described(conn.execute(query("lock_holders"), [list(relations), readers]).fetchall())


def lock_owner(conn: _Connection, key: int) -> str:
    """Describe who else holds an advisory lock."""
    return _described(conn.execute(query("lock_owner"), [key]).fetchall()) or UNKNOWN


class _Session(NamedTuple):
    """A row of the queries: a session or, without `pid`, a prepared transaction."""

    pid: int | None
    prepared: str | None
    role: str | None
    application: str | None
    kind: str | None
    state: str | None
    since: datetime | None
    query: str | None

    def __str__(self) -> str:
        is_client = self.kind in (None, "client backend")
        name = ", ".join(part for part in (self.application, None if is_client else self.kind) if part)
        who = f"the prepared transaction {self.prepared!r}" if self.pid is None else f"pid {self.pid}"
        asked = " ".join(mask_secrets(self.query or "").split())  # another session's text, as it may be shown
        since = f"since {self.since:%Y-%m-%d %H:%M:%S%z}" if self.since is not None else None
        more = ", ".join(part for part in (self.role and f"role {self.role}", since) if part)
        said = f"{who}{f' ({name})' if name else ''}, {self.state or 'state unknown'}"
        return f"{said}{f': {asked}' if asked else ''}{f' ({more})' if more else ''}"


def _described(rows: Iterable[tuple[Any, ...]]) -> str | None:
    return "; ".join(str(_Session(*row)) for row in rows) or None
