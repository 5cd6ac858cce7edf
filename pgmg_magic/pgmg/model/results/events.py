"""Events of an apply (rule 9.5) and its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.plans.plan import Edge, Plan, Step


@dataclass(frozen=True, slots=True)
class Started:
    """The execution begins. Sent again, with a new plan, after pgmg has learned from an error (rule 8)."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A step's first statement is sent."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step succeeded after `duration_ms` milliseconds on the server."""

    step: Step
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ServerNotice:
    """A message of the server; `severity` is NOTICE, WARNING, INFO …"""

    severity: str
    message: str
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The apply waits for a lock; `reason` names the holder (pid, application, query) if it is known."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """Everything was rolled back; the next attempt follows."""

    attempt: int
    of: int
    reason: str


@dataclass(frozen=True, slots=True)
class Discovered:
    """A server error revealed a dependency that parsing missed (rule 8)."""

    edge: Edge
    message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A group was recorded: names of migrations, number of objects."""

    migrations: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """A step that was executed and how long it took on the server, in milliseconds."""

    step: Step
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The result of an apply. `applied` is False if there was nothing to do, and for a dry run.

    `steps` are all executed steps, including those of a new plan that was made after a server error between two
    groups; `plan` does not contain those.
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
    """Everything is committed."""

    result: ApplyResult


Event = Started | StepBegun | StepDone | ServerNotice | Waiting | Retrying | Discovered | Recorded | Finished
Listener = Callable[[Event], None]
