"""One writing transaction with pgmg's lock and limits, whose errors are ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pgmg.applying.failing.apply_failure import explain
from pgmg.applying.lock import begin_locked, lock_key
from pgmg.catalog.reading.catalog_queries import set_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.applying.limits import Limits


@contextmanager
def writing(
    conn: psycopg.Connection[Any], limits: Limits, state_schema: str, search_path: str | None
) -> Iterator[None]:
    """Keep applies out, commit at the end, roll back on any error.

    Raises:
        LockedError: an apply is running and does not end.
        ApplyError: the server refused something.
    """
    try:
        begin_locked(conn, lock_key(state_schema), limits.advisory_wait, lambda _: None)
        with conn.transaction():  # a savepoint: what fails in it is undone whatever becomes of the rest
            if search_path is not None:
                set_path(conn, search_path)
            conn.execute("SELECT pg_catalog.set_config('lock_timeout', $1, true)", [limits.lock_timeout])
            yield
        conn.execute("COMMIT")
    except psycopg.Error as error:
        raise explain(error, None, 0) from None
