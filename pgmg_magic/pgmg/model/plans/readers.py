"""Who uses what a plan changes: statements of clients, as the server's statistics and sessions show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.naming.quoting import spell

if TYPE_CHECKING:
    from datetime import datetime

    from pgmg.model.naming.names import ObjectName


@dataclass(frozen=True, slots=True)
class ChangedPart:
    """An object, or one of its columns, that a plan changes or deletes, and how: `is dropped`.

    `only_stars`: only whoever reads all columns notices. `where` is `path:line` of what causes it.
    """

    object: ObjectName
    what: str
    column: str | None = None
    is_deleted: bool = False
    only_stars: bool = False
    where: str | None = None

    @property
    def name(self) -> str:
        """The object, with the column: `table.users.name`."""
        return str(self.object) if self.column is None else f"{self.object}.{spell(self.column)}"


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session in which a statement runs: its process, its application, and for how many seconds."""

    pid: int
    application: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ClientStatement:
    """A statement of a role. `text` is as the server keeps it, with secrets; constants are `$1`, `$2` ….

    `calls`, `rows` (of all calls together) and `mean_ms` count since `since`; None where only a session was seen.
    `applications` are those whose sessions ran it last. `in_routine`: a routine sent it, not the client itself.
    """

    text: str = field(repr=False)
    role: str
    calls: int | None = None
    mean_ms: float | None = None
    rows: int | None = None
    since: datetime | None = None
    applications: tuple[str, ...] = ()
    running: tuple[RunningSession, ...] = ()
    in_routine: bool = False


@dataclass(frozen=True, slots=True)
class PartUse:
    """A statement that uses a part. Not `is_certain`: its text is cut off, or a name may mean something else."""

    statement: ClientStatement
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class LastUse:
    """The uses of a deleted object, as the server counted them since `since` (None: ever); the last one was `at`.

    `count` is None where the server does not count; `reason` then says why. `at` is known from PostgreSQL 16 on.
    """

    count: int | None
    noun: str = "scan"
    at: datetime | None = None
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PartReaders:
    """A part, the statements that use it, the most frequent first, and the last use of what is deleted."""

    part: ChangedPart
    uses: tuple[PartUse, ...] = ()
    last_use: LastUse | None = None


@dataclass(frozen=True, slots=True)
class ClientReaders:
    """Who uses what a plan changes. `since` is when the server began to count statements, None where unknown.

    `missing` says what could not be read, with what to do; `hidden` counts statements whose text the role may not see.
    """

    parts: tuple[PartReaders, ...] = ()
    since: datetime | None = None
    missing: tuple[str, ...] = ()
    hidden: int = 0
