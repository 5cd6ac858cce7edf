"""One writing transaction with pgmg's limits, whose errors are ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from pgmg.applying.failure import explain
from pgmg.applying.limits import Limits
from pgmg.catalog.reading import set_path


@contextmanager
def writing(conn: psycopg.Connection[Any], limits: Limits, search_path: str | None) -> Iterator[None]:
    """Commit at the end, roll back on any error.

    Raises:
        ApplyError: the server refused something.
    """
    try:
        with conn.transaction():
            if search_path is not None:
                set_path(conn, search_path)
            conn.execute("SELECT pg_catalog.set_config('lock_timeout', $1, true)", [limits.lock_timeout])
            yield
    except psycopg.Error as error:
        raise explain(error, None, 0) from None
