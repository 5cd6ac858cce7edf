"""The stream of events that an apply emits (rule 9.5) and the result it ends in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.plan import Edge, Plan, Step


@dataclass(frozen=True, slots=True)
class Started:
    """The work begins. Sent again, with the better plan, after pgmg has learned from an error (rule 8)."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class StepBegun:
    """The server starts on a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step succeeded after `duration_ms` milliseconds on the server."""

    step: Step
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ServerNotice:
    """The server said something: `severity` is NOTICE, WARNING, INFO …"""

    severity: str
    message: str
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something is in the way; `reason` names who (pid, application, query) where that is known."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """Everything was rolled back and is tried again."""

    attempt: int
    of: int
    reason: str


@dataclass(frozen=True, slots=True)
class Discovered:
    """The server taught an edge that parsing missed (rule 8)."""

    edge: Edge
    message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """State was written for a group: names of migrations, number of objects."""

    migrations: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """A step that was executed and how long it took on the server, in milliseconds."""

    step: Step
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What an apply did. `applied` is False when there was nothing to do or for a dry run.

    What a server's error between two groups made it plan anew is in `steps`, as all that was done, not in `plan`.
    """

    plan: Plan
    applied: bool
    steps: tuple[AppliedStep, ...] = ()
    migrations_recorded: tuple[str, ...] = ()
    objects_updated: int = 0
    discovered: tuple[Edge, ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """All is committed."""

    result: ApplyResult


Event = Started | StepBegun | StepDone | ServerNotice | Waiting | Retrying | Discovered | Recorded | Finished
Listener = Callable[[Event], None]
