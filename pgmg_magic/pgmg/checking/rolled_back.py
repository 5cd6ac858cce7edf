"""Says whether a plan may be tried on the database itself, and which problems its failed steps are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.checking.body_problems import THE_PLAN, cause_of
from pgmg.model.naming.names import Kind
from pgmg.model.plans.body_check import BodyProblem
from pgmg.model.plans.plan import Action
from pgmg.model.sources.source import StatementKind
from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.applying.learning.trial import FailedStep
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan

_CREATED = frozenset({"TABLE", "TYPE", "DOMAIN", "SCHEMA", "SEQUENCE"})
_OF_SESSIONS = frozenset({Kind.DATABASE, Kind.ROLE, Kind.PUBLICATION, Kind.EVENT_TRIGGER, Kind.DEFAULT_PRIVILEGES})


def why_not(plan: Plan) -> str | None:
    """Return why a plan cannot be carried out and rolled back on the database; None where it can."""
    locked = [risk.relation for risk in plan.risks if risk.relation is not None]
    if locked:
        return f"{next((one for one in locked if one.startswith('table.')), locked[0])} would be locked"
    for step in plan.steps:
        if not step.transactional:
            return f"{step.object} runs outside a transaction"
        if step.runtime is not None or step.object.kind in _OF_SESSIONS:
            return f"{step.object} exists and would be locked"
        if step.migration is not None and (step.unread or not all(map(_only_creates, step.statements))):
            return f"{step.object} does more than create"
        if any(s.kind is not StatementKind.PLAIN for s in step.migration_statements):
            return f"{step.object} does more than create"
    return None


def _only_creates(statement: str) -> bool:
    words = [token.word for token in significant(statement)]
    if words[:1] == ["COMMENT"]:
        return True
    return words[:1] == ["CREATE"] and bool(_CREATED & set(words[1:3])) and "SELECT" not in words


def step_problems(failed: Sequence[FailedStep], plan: Plan) -> Iterator[BodyProblem]:
    """Yield a problem for each failed step; of those that fail because another one has failed, the cause alone."""
    lost = {one.step.object for one in failed if one.step.action is not Action.COMMENT}
    needed: defaultdict[ObjectName, set[ObjectName]] = defaultdict(set)
    for edge in plan.edges:
        needed[edge.object].add(edge.depends_on)
    for one in failed:
        name = one.step.object
        if name.parent in lost or needed[name] & (lost - {name}):
            continue
        cause = None if one.step.migration is not None else cause_of(one.message, name, plan)
        yield BodyProblem(name, one.message, one.where, None if cause == THE_PLAN else cause)
