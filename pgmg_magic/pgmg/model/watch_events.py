"""What a watcher tells: one event after another, and one picture of where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.errors import PgmgError
    from pgmg.model.events import ApplyResult, Event
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import MigrationImpact


@dataclass(frozen=True, slots=True)
class Watching:
    """The watch stands: which server (no password), which folders, and whether migrations are run as well."""

    server: str
    folders: tuple[str, ...]
    migrations: bool = False


@dataclass(frozen=True, slots=True)
class Saw:
    """Files have changed, and it has been quiet since. `paths` are relative to the project, sorted."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A round is over, `duration_ms` milliseconds after the quiet; `result.applied` is False: nothing was to do."""

    result: ApplyResult
    paths: tuple[str, ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Broken:
    """Something is wrong in `paths`; `objects` are kept as they were, and everything else goes on."""

    error: PgmgError
    paths: tuple[str, ...] = ()
    objects: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """What was told to be broken is so no longer."""

    paths: tuple[str, ...] = ()
    objects: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingMigrations:
    """The migrations that are pending now and what they would affect; `()` where none is left.

    `error` says why they cannot be planned or run. `waiting` is code that seems to need them.
    """

    migrations: tuple[MigrationImpact, ...] = ()
    error: PgmgError | None = None
    waiting: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The server cannot be reached; it is tried again in `pause` seconds."""

    error: PgmgError
    pause: float


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The server is back."""

    server: str


@dataclass(frozen=True, slots=True)
class Noted:
    """An apply says something while it works: it waits for a lock, it tries again, the server has a notice."""

    event: Event


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last event; `error` where the watch could not go on."""

    error: PgmgError | None = None


WatchEvent = (
    Watching | Saw | Applied | Broken | Mended | PendingMigrations | Disconnected | Reconnected | Noted | Stopped
)
WatchListener = Callable[[WatchEvent], None]


class Phase(StrEnum):
    """What a watcher is doing."""

    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    DISCONNECTED = "disconnected"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WatchState:
    """Where a watcher stands. `pending` is None where no migration is pending; `last` is the last round."""

    phase: Phase = Phase.STARTING
    server: str = ""
    folders: tuple[str, ...] = ()
    problems: tuple[Broken, ...] = ()
    pending: PendingMigrations | None = None
    last: Applied | None = None
