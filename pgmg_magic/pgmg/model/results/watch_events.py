"""Events and state of a watcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.errors import PgmgError
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import MigrationImpact
    from pgmg.model.results.events import ApplyResult, Event


@dataclass(frozen=True, slots=True)
class Watching:
    """The watch has begun: server (without password), folders, and whether migrations are applied as well."""

    server: str
    folders: tuple[str, ...]
    migrations: bool = False


@dataclass(frozen=True, slots=True)
class Saw:
    """Files have changed and the debounce time has passed. `paths` are relative to the project, sorted."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A round has ended, `duration_ms` ms after the debounce; without a difference, `result.applied` is False."""

    result: ApplyResult
    paths: tuple[str, ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Broken:
    """Files have errors: `objects` keep their last good state in the database, all others are applied."""

    error: PgmgError
    paths: tuple[str, ...] = ()
    objects: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """A problem reported as `Broken` is solved."""

    paths: tuple[str, ...] = ()
    objects: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingMigrations:
    """The pending migrations and the objects they affect; `()` if none is left.

    `error` is the reason why they cannot be planned or applied. `waiting` are objects that seem to need them.
    """

    migrations: tuple[MigrationImpact, ...] = ()
    error: PgmgError | None = None
    waiting: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The server cannot be reached; the next attempt is in `pause` seconds."""

    error: PgmgError
    pause: float


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The server can be reached again."""

    server: str


@dataclass(frozen=True, slots=True)
class Noted:
    """An event of a running apply: a wait, a retry, a server notice."""

    event: Event


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last event; `error` is set if the watcher could not continue."""

    error: PgmgError | None = None


WatchEvent = (
    Watching | Saw | Applied | Broken | Mended | PendingMigrations | Disconnected | Reconnected | Noted | Stopped
)
WatchListener = Callable[[WatchEvent], None]


class WatchPhase(StrEnum):
    """The current activity of a watcher."""

    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    DISCONNECTED = "disconnected"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WatchState:
    """The state of a watcher. `pending` is None if no migration is pending; `last` is the last round."""

    phase: WatchPhase = WatchPhase.STARTING
    server: str = ""
    folders: tuple[str, ...] = ()
    problems: tuple[Broken, ...] = ()
    pending: PendingMigrations | None = None
    last: Applied | None = None
