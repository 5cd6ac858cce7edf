"""One writing transaction under the lock that applies take."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.planner import Planner

    Connect = Callable[[], Connection]


@contextmanager
def locked(settings: Settings, planner: Planner, connect: Connect) -> Iterator[Connection]:
    """Give a connection in a transaction that no apply overlaps; commit at the end, roll back on any error.

    Raises:
        LockedError: an apply is running and does not end.
        ApplyError: the server refused something.
    """
    from pgmg.applying.limits import Limits
    from pgmg.applying.transaction import writing

    limits = Limits(settings.lock_timeout, settings.statement_timeout)
    with connect() as conn, writing(conn, limits, settings.state_schema, planner.search_path):
        yield conn
