"""The history of a database: which transaction of which apply did what, and what objects were declared as then."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from pgmg.model.results.applied_from import AppliedFrom

KEPT = 200
"""Entries that are kept unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """How many entries are kept, 0 for none, and the note of the apply."""

    entries: int = KEPT
    note: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedSource:
    """An object as it was declared, `before` and after the transaction; None where it was not, or is not known."""

    object: str
    sql: str | None = field(repr=False)
    path: str | None = None
    before: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One transaction of an apply. `steps` are (action, object) in order, `at` is the server's time."""

    number: int
    at: datetime
    role: str
    application: str
    applied_from: AppliedFrom | None
    note: str | None
    steps: tuple[tuple[str, str], ...]
    sources: tuple[AppliedSource, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Entries from the oldest to the newest. `object` is what was asked for, None for everything."""

    entries: tuple[HistoryEntry, ...]
    object: str | None = None


@dataclass(frozen=True, slots=True)
class RestoredSource:
    """A file as it would be with an earlier source of one object. `before` is None where there is no file."""

    object: str
    path: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)
    number: int

    @property
    def is_done(self) -> bool:
        """Whether the file says so already."""
        return self.before == self.after
