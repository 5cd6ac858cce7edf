"""The report of a rehearsal: a plan carried out on a copy of the database, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pgmg.model.plans.body_check import BodyCheck, BodyProblem
    from pgmg.model.plans.plan import Step
    from pgmg.model.plans.risk import LockMode


@dataclass(frozen=True, slots=True)
class RelationEffect:
    """The measured effect of a step on one relation that existed before the plan.

    `lock` is the strongest lock that the step took or strengthened, None where it took none that the transaction did
    not hold already. `expected` is False where the plan's risks do not speak of it.
    """

    relation: str
    lock: LockMode | None
    rewritten: bool = False
    scanned: bool = False
    expected: bool = True


@dataclass(frozen=True, slots=True)
class RehearsedStep:
    """A step as it was carried out; `measured` is False where its locks could not be seen: outside a transaction."""

    step: Step
    duration_ms: float
    effects: tuple[RelationEffect, ...] = ()
    notices: tuple[str, ...] = ()
    measured: bool = True


@dataclass(frozen=True, slots=True)
class RehearsedRows:
    """The rows of a table on the copy: how many were copied, and how many there are after the plan; None: no table."""

    relation: str
    copied: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The outcome of a rehearsal, at a time, on a copy of the schema: without rows, or with a sample of them.

    It holds for the plan with the `fingerprint`, and for no other. `failure` is the error if the plan failed on the
    copy: then there are no steps. `omitted` are the server's messages about what the copy cannot hold. `is_same_plan`:
    the copy was planned like the database. `left_over` are the steps of the next plan on the copy, in words; none are
    wanted.
    """

    fingerprint: str
    at: datetime
    server_version: str
    steps: tuple[RehearsedStep, ...] = ()
    omitted: tuple[str, ...] = ()
    is_same_plan: bool = True
    left_over: tuple[str, ...] = ()
    failure: str | None = None
    bodies: BodyCheck | None = None
    """The queries of the bodies that the plan affects, checked on the copy after it."""
    rows: tuple[RehearsedRows, ...] | None = None
    """The tables of the copy with their rows; None where it had no rows."""

    @property
    def proved(self) -> bool:
        """Whether this very plan ran, nothing was left to do, and no body is broken by it."""
        return self.failure is None and self.is_same_plan and not self.left_over and not self.broken

    @property
    def broken(self) -> tuple[BodyProblem, ...]:
        """The queries in bodies that worked before the plan and do not after it."""
        return () if self.bodies is None else self.bodies.problems

    @property
    def duration_ms(self) -> float:
        """The time that all steps took on the copy."""
        return sum(step.duration_ms for step in self.steps)
