"""Committed steps and learned facts of one apply, over all its attempts and groups."""

from __future__ import annotations

import time
from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import NO_FACTS, Blocks, Changed, Fact, Moved, Outgrown, ServerFacts
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import migration_name
from pgmg.model.plans.plan import Edge, Origin
from pgmg.model.results.events import AppliedStep, ApplyResult, Discovered, ServerNotice
from pgmg.planning.compare.change_consent import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.applying.learning.reconcile import Reconciliation, UnplannedEffect
    from pgmg.applying.runner import StepFailed
    from pgmg.model.database.server_facts import StatementId
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step


MAX_REPLANS = 1000
"""So many times an apply learns something and begins again."""


@dataclass(slots=True)
class ApplyProgress:
    """Grows with each group that is committed and each error that teaches something.

    `owed` are objects that do not exist since a group was committed, and are still to be created again.
    `looks`: the next attempt looks at the database where a statement fails. `watched` are numbers of groups of which
    another run is to find out which statement did what. `plan` is the one whose first group was committed, `taught_by`
    the failure that changed the plan last. `warned` are the messages of all plans so far.
    """

    began: float = field(default_factory=time.monotonic)
    facts: ServerFacts = NO_FACTS
    looks: bool = False
    watched: set[int] = field(default_factory=set)
    discovered: list[Edge] = field(default_factory=list)
    lessons: int = 0
    attempts: int = 0
    steps: list[AppliedStep] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    objects: int = 0
    committed: bool = False
    owed: tuple[ObjectName, ...] = ()
    plan: Plan | None = None
    taught_by: StepFailed | None = None
    warned: frozenset[str] | None = None

    def learn_from_group(self, expected: Reconciliation, now: Snapshot) -> list[Discovered] | None:
        """Learn what the statements of a group did beyond the plan, before its commit; return what is to be told.

        None: the plan knew of everything. Nothing to tell: the next attempt watches which statement does what.
        """
        if self.lessons >= MAX_REPLANS:
            return None
        effects, outgrown = expected.effects(now), expected.outgrown()
        if expected.is_ambiguous:
            return self._watch(expected)
        changed = [name for name in expected.changed(now) if name not in outgrown]
        return self._learn(effects, changed, outgrown)

    def learn_from_committed(self, expected: Reconciliation, now: Snapshot) -> list[Discovered | ServerNotice] | None:
        """Learn what a group outside a transaction did beyond the plan, after it: the rest is planned anew then.

        Objects that no file declares and that are gone are warned of: nobody has their definitions any more.
        """
        if self.lessons >= MAX_REPLANS:
            return None
        effects = expected.effects(now)
        learned = self._learn(effects, (), expected.outgrown())
        if learned is None:
            return None
        gone = [e for e in effects if e.becomes is None and e.object not in now.objects and not expected.is_managed(e)]
        return [*learned, *(ServerNotice("WARNING", _lost(effect)) for effect in gone)]

    def learn_from_failure(self, expected: Reconciliation | None, failure: StepFailed) -> list[Discovered] | None:
        """Learn which statement took along what a failed step was about; None if none did. See `learn_from_group`."""
        if expected is None or self.lessons >= MAX_REPLANS or not expected.may_explain(failure):
            return None
        return self._learn(expected.taken, (), {}) if expected.is_watched else self._watch(expected)

    def _watch(self, expected: Reconciliation) -> list[Discovered]:
        self.watched.add(expected.group[0].group)
        self.lessons += 1
        return []

    def _learn(
        self,
        effects: Iterable[UnplannedEffect],
        changed: Iterable[ObjectName],
        outgrown: Mapping[ObjectName, StatementId],
    ) -> list[Discovered] | None:
        told: dict[Fact, Discovered] = {}
        for effect in effects:
            edge = Edge(effect.object, effect.migration, Origin.ERROR, hard=True)
            fact: Fact = Blocks(effect.object, effect.statement, effect.place)
            if effect.becomes is not None:
                fact = Moved(effect.statement, effect.object, effect.becomes)
            told[fact] = Discovered(edge, effect.because)
        for name in changed:
            told[Changed(name)] = Discovered(Edge(name, name, Origin.ERROR, hard=True), f"a migration changes {name}")
        for name, statement in outgrown.items():
            edge = Edge(name, migration_name(statement.migration), Origin.ERROR, hard=True)
            told[Outgrown(name, statement)] = Discovered(edge, f"the `*` of {name} stands for other columns afterwards")
        fresh = {fact: one for fact, one in told.items() if fact not in self.facts}
        if not fresh:
            return None
        self.facts = self.facts.with_facts(*fresh)
        self.lessons += 1
        self.discovered += [one.edge for one in fresh.values()]
        return list(fresh.values())

    def new_warnings(self, plan: Plan) -> list[ServerNotice]:
        """Return the warnings of this attempt's plan that no earlier attempt's plan had; none at the first attempt."""
        is_first, known = self.warned is None, self.warned or frozenset()
        self.warned = known | {notice.message for notice in plan.warnings}
        return [] if is_first else [ServerNotice("WARNING", message) for message in sorted(self.warned - known)]

    def done(self) -> list[str]:
        """Return what earlier groups have committed, in words."""
        return self.migrations or (["an earlier group"] if self.steps else [])

    def told(self, step: Step | None, number: int, *, is_connected: bool) -> str | None:
        """Say what a failure of a step's `number`-th statement leaves committed, or possibly so; None: nothing."""
        earlier = 0 if step is None or step.transactional else step.first_statement + number
        if earlier:
            done = "statement before it is" if earlier == 1 else f"{earlier} statements before it are"
            return f"The {done} done and recorded; the next apply continues with this one.{self._owed_too()}"
        if self.steps:
            return (
                f"Already committed: {', '.join(self.done())}. The next apply continues from there.{self._owed_too()}"
            )
        if not is_connected:
            return "Unless the connection broke during the very commit, nothing has been changed. Apply again."
        return None

    def _owed_too(self) -> str:
        return f" It also creates again what is absent until then: {listed(self.owed)}." if self.owed else ""

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


def _lost(effect: UnplannedEffect) -> str:
    return (
        f"{effect.object.display_name} does not exist any more: {effect.migration.name} dropped it along outside a"
        " transaction. No file declares it, so it is not created again."
    )
