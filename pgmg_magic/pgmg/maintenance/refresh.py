"""Refreshes materialized views, each in a transaction of its own."""

from __future__ import annotations

import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pgmg.errors import LockedError, UnknownObjectError
from pgmg.maintenance.locked import locked
from pgmg.model.naming.quoting import quote
from pgmg.model.results.refreshed import Refreshed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.catalog.reading.materialized_views import MaterializedView
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.maintenance.locked import Connect
    from pgmg.planner import Planner


class Refresh:
    """Refreshes the materialized views of a database, or those that are named."""

    def __init__(self, settings: Settings, planner: Planner, connect: Connect) -> None:
        self._settings, self._planner, self._connect = settings, planner, connect

    def chosen(self, conn: Connection, names: Sequence[str]) -> tuple[MaterializedView, ...]:
        """Return the views to refresh, each after those that it reads; only reads.

        Raises:
            UnknownObjectError: a name that no materialized view has.
        """
        from pgmg.catalog.reading.materialized_views import read_materialized_views

        views = read_materialized_views(conn)
        wanted = {view for name in names for view in _named(name, views)}
        return tuple(view for view in views if not names or view in wanted)

    def run(self, views: Sequence[MaterializedView], *, concurrently: bool) -> tuple[Refreshed, ...]:
        """Refresh views in this order, with `concurrently` those that allow it without keeping readers out.

        A view whose turn has come stays refreshed if a later one fails.

        Raises:
            LockedError: an apply is running, or a lock was not had in time.
            ApplyError: the server refused to refresh one.
        """
        done = []
        for view in views:
            readable = concurrently and view.can_stay_readable
            began = time.monotonic()
            try:
                self._one(view, readable=readable)
            except LockedError as error:
                raise self._with_holder(error, view) from None
            done.append(Refreshed(view.name, readable, round((time.monotonic() - began) * 1000, 3)))
        return tuple(done)

    def _one(self, view: MaterializedView, *, readable: bool) -> None:
        timeout = self._settings.statement_timeout
        with locked(self._settings, self._planner, self._connect) as conn:
            if timeout is not None:
                conn.execute("SELECT pg_catalog.set_config('statement_timeout', $1, true)", [timeout])
            how = "CONCURRENTLY " if readable else ""
            conn.execute(f"REFRESH MATERIALIZED VIEW {how}{_quoted(view)}".encode())

    def _with_holder(self, error: LockedError, view: MaterializedView) -> LockedError:
        """Return the error with who has locked the view, as long as somebody has."""
        from pgmg.catalog.sessions.blockers import lock_holders

        with self._connect() as conn:
            held = lock_holders(conn, (_quoted(view),), readers=True)
        if held is None:
            return error
        message = f"{error.message}\nThe lock is held by {held}."
        return LockedError(message, hint=error.hint, sqlstate=error.sqlstate, object=str(view.name))


def _quoted(view: MaterializedView) -> str:
    return f"{quote(view.name.schema or '')}.{quote(view.name.name)}"


def _named(name: str, views: Sequence[MaterializedView]) -> list[MaterializedView]:
    """Return the views of this name, with or without a schema."""
    found = [view for view in views if name in _spellings(view)]
    if not found:
        near = get_close_matches(name, [spelling for view in views for spelling in _spellings(view)], n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "`pgmg graph` shows all objects."
        raise UnknownObjectError(f"There is no materialized view {name}", hint=hint)
    return found


def _spellings(view: MaterializedView) -> tuple[str, ...]:
    return view.name.name, f"{view.name.schema}.{view.name.name}", str(view.name)
