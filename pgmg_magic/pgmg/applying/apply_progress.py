"""Committed steps and learned facts of one apply, over all its attempts and groups."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.model.events import AppliedStep, ApplyResult
from pgmg.model.server_facts import NO_FACTS, ServerFacts

if TYPE_CHECKING:
    from pgmg.applying.reconcile import Reconciliation
    from pgmg.applying.runner import StepFailed
    from pgmg.model.plan import Edge, Plan, Step


@dataclass(slots=True)
class ApplyProgress:
    """Grows with each group that is committed and each error that teaches something.

    `looks`: the next attempt looks at the database where a statement fails. `located` are groups, by number, of which
    another run is to find out which statement did what. `plan` is the one whose first group was committed, `taught_by`
    the failure that changed the plan last.
    """

    began: float = field(default_factory=time.monotonic)
    facts: ServerFacts = NO_FACTS
    looks: bool = False
    located: dict[int, Reconciliation] = field(default_factory=dict)
    discovered: list[Edge] = field(default_factory=list)
    lessons: int = 0
    attempts: int = 0
    steps: list[AppliedStep] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    objects: int = 0
    committed: bool = False
    plan: Plan | None = None
    taught_by: StepFailed | None = None

    def done(self) -> list[str]:
        """Return what earlier groups have committed, in words."""
        return self.migrations or (["an earlier group"] if self.steps else [])

    def told(self, step: Step | None, number: int, *, is_connected: bool) -> str | None:
        """Say what a failure of a step's `number`-th statement leaves committed, or possibly so; None: nothing."""
        earlier = 0 if step is None or step.transactional else step.first_statement + number
        if earlier:
            done = "statement before it is" if earlier == 1 else f"{earlier} statements before it are"
            return f"The {done} done and recorded; the next apply continues with this one."
        if self.steps:
            return f"Already committed: {', '.join(self.done())}. The next apply continues from there."
        if not is_connected:
            return "Unless the connection broke during the very commit, nothing has been changed. Apply again."
        return None

    def result(self, plan: Plan) -> ApplyResult:
        """Return the result of an apply whose last plan this is."""
        return ApplyResult(
            plan=self.plan or plan,
            applied=self.committed and bool(self.steps or self.objects),
            steps=tuple(self.steps),
            migrations_recorded=tuple(self.migrations),
            objects_updated=self.objects,
            discovered=tuple(self.discovered),
            duration_ms=round((time.monotonic() - self.began) * 1000, 3),
        )
