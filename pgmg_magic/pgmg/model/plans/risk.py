"""Risks of a plan's steps: locks, scans, rewrites and losses of relations that exist before the plan runs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import quote

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName


class LockMode(StrEnum):
    """A table-level lock as `pg_locks` names it, weakest first (PostgreSQL manual, 13.3.1)."""

    ACCESS_SHARE = "AccessShareLock"
    ROW_SHARE = "RowShareLock"
    ROW_EXCLUSIVE = "RowExclusiveLock"
    SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
    SHARE = "ShareLock"
    SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
    EXCLUSIVE = "ExclusiveLock"
    ACCESS_EXCLUSIVE = "AccessExclusiveLock"

    @property
    def rank(self) -> int:
        """The position in the order of strength, from 0."""
        return _RANKS[self]

    @property
    def blocks_reads(self) -> bool:
        """Whether SELECT waits for it."""
        return self is LockMode.ACCESS_EXCLUSIVE

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it."""
        return self.rank >= LockMode.SHARE.rank


_RANKS = {mode: rank for rank, mode in enumerate(LockMode)}

WEAKEST_REPORTED = LockMode.SHARE_UPDATE_EXCLUSIVE
"""Weaker locks are those of queries and of INSERT, UPDATE and DELETE."""


class RiskKind(StrEnum):
    """Kinds of risk; `--allow` consents to the first three."""

    DATA_LOSS = "data-loss"
    REWRITE = "rewrite"
    EXCLUSIVE_LOCK = "exclusive-lock"  # not even SELECT goes on
    SCAN = "scan"  # the whole table is read under the lock
    LOCK = "lock"  # SELECT goes on
    UNKNOWN = "unknown"  # a statement whose effects cannot be read from its text


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction that has a relation open and for which a lock would wait. `seconds` since it began."""

    pid: int
    application: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk of a step.

    `relation` is the relation's name as plans write it (`table.users`), None where it is not known. `lock` is the
    strongest lock of the step on it. `bytes` (of the table and its TOAST table, by `relpages`) and `rows`
    (`reltuples`) are estimates, of a partitioned table for all partitions; None where the server has none yet.
    `reason` says what causes it; `where` is `path:line`. `measured` is True for what a rehearsal saw.
    """

    step: int
    kind: RiskKind
    relation: str | None = None
    lock: LockMode | None = None
    bytes: int | None = None
    rows: int | None = None
    reason: str = ""
    where: str | None = None
    measured: bool = False
    transactions: tuple[OpenTransaction, ...] = ()

    @property
    def described(self) -> str:
        """The risk in words, without its place: `rewrites users (1.2 GB): column age gets another type`."""
        match self.kind:
            case RiskKind.DATA_LOSS:
                said = f"loses data of {self.subject}"
            case RiskKind.REWRITE:
                said = f"rewrites {self.subject}"
            case RiskKind.SCAN:
                said = f"reads all rows of {self.subject}"
            case RiskKind.EXCLUSIVE_LOCK:
                said = f"blocks reads and writes of {self.subject}"
            case RiskKind.LOCK if self.lock is not None and self.lock.blocks_writes:
                said = f"blocks writes of {self.subject}"
            case RiskKind.LOCK:
                said = f"blocks schema changes and vacuum of {self.subject}"
            case _:
                said = "not forecast"
        return f"{said}: {self.reason}" if self.reason else said

    @property
    def subject(self) -> str:
        """The relation without the word `table`, and its size: `users (1.2 GB)`, `users (empty)`."""
        name = (self.relation or "").removeprefix("table.")
        if self.bytes is None:
            return name
        return f"{name} ({size_text(self.bytes) if self.bytes else 'empty'})"


@dataclass(frozen=True, slots=True)
class FirstLock:
    """A lock that a transaction takes before its first step, as a later step takes it all the same (rule 9.3).

    `relation` is a table or a view. `with_children` says that everything that inherits from the table, or that the view
    reads, is locked, too. It is `step`, by its statement of that number (from 0), that takes the lock all the same.
    """

    group: int
    relation: ObjectName
    mode: LockMode
    step: int
    number: int = 0
    with_children: bool = False

    @property
    def schema(self) -> str:
        """The schema of the relation."""
        return self.relation.schema or "public"

    @property
    def subject(self) -> str:
        """The relation in words: `users`, `events and its children`, `view.people and what it reads`."""
        if self.relation.kind is Kind.VIEW:
            return f"{self.relation} and what it reads"
        name = str(self.relation).removeprefix("table.")
        return f"{name} and its children" if self.with_children else name

    @property
    def statement(self) -> str:
        """The SQL that takes the lock."""
        words = "".join(f" {letter}" if letter.isupper() else letter for letter in self.mode.removesuffix("Lock"))
        only = "" if self.with_children else "ONLY "
        name = f"{quote(self.schema)}.{quote(self.relation.name)}"
        return f"LOCK TABLE {only}{name} IN{words.upper()} MODE"


def size_text(size: int) -> str:
    """Return a number of bytes as people read it: `1.2 GB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= _EXACT else f"{amount:.1f} {unit}"


_STEP, _EXACT = 1024, 100


def duration_text(milliseconds: float) -> str:
    """Return a duration as people read it: `< 1 ms`, `35 ms`, `2.4 s`, `3 min 20 s`."""
    seconds = milliseconds / _MILLISECONDS
    if milliseconds < 1:
        return "< 1 ms"  # a step in a pipeline is often too short to be measured
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < _SECONDS:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _SECONDS)
    return f"{minutes} min {rest} s"


_MILLISECONDS, _SECONDS = 1000, 60
