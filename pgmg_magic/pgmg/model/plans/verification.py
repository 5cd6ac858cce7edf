"""The outcome of `pgmg verify`: what of a report or saved plan is still true."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """A part of what a plan was made from, or of what it says."""

    SERVER = "server"
    FILES = "files"
    MIGRATIONS = "migrations"
    RECORDS = "records"
    DATABASE = "database"
    STEPS = "steps"
    RISKS = "risks"
    REHEARSAL = "rehearsal"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class VerifiedPart:
    """One part, and in words what has changed of it; nothing where it still holds."""

    part: PartKind
    changes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing of it has changed."""
        return not self.changes


@dataclass(frozen=True, slots=True)
class Verification:
    """The comparison of a report, of the plan `fingerprint`, with the plan as it would be made `now`.

    `database` is the one that the report is about, with its server's version. `applied` says that the plan was
    carried out since: nothing is left to do.
    """

    fingerprint: str
    now: str
    database: str
    parts: tuple[VerifiedPart, ...]
    applied: bool = False

    @property
    def holds(self) -> bool:
        """Whether all of it is still true."""
        return all(part.holds for part in self.parts)
