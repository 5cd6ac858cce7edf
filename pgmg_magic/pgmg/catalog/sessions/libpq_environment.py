"""Keeps libpq's own variables (`PGSERVICE`, `PGOPTIONS`, …) from a connection that names everything it needs."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = "PGMG_"
_GUARD = threading.RLock()
"""Two threads that hide variables at once must not restore what the other one hides."""

if hasattr(os, "register_at_fork"):
    # a thread that is gone in the child may have held it
    os.register_at_fork(before=_GUARD.acquire, after_in_parent=_GUARD.release, after_in_child=_GUARD.release)


@contextmanager
def without_libpq_variables() -> Iterator[None]:
    """Hide them from libpq, which reads the environment of the process when it connects.

    A service in `PGSERVICE` cannot be outweighed by a connection string, nor can `PGTZ` and `PGDATESTYLE` (PostgreSQL
    manual, 32.15); so they are gone for the few milliseconds of a connection to a local socket.
    """
    if not _names():
        yield
        return
    with _GUARD:
        hidden = {name: os.environ.pop(name) for name in _names()}
        try:
            yield
        finally:
            os.environ.update(hidden)


def _names() -> list[str]:
    return [name for name in os.environ if name.startswith("PG") and not name.startswith(_OURS)]
