"""How to go on with a migration outside a transaction of which it is not known how far it came."""

from __future__ import annotations

from enum import StrEnum


class Resume(StrEnum):
    """The user's answer about uncertain statements, after a look at the database."""

    DONE = "done"
    """They had their effect: go on after them."""

    AGAIN = "again"
    """They had no effect, or may have it twice: run them."""
