"""Marks the risks of a plan that a rehearsal measured, and adds those that nobody had forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.plans.risk import Risk, RiskKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.rehearsal import Rehearsal, RelationEffect


def measured_risks(plan: Plan, rehearsal: Rehearsal) -> tuple[Risk, ...]:
    """Return the risks in the order of the steps; sizes are those of the database, not of the copy."""
    seen = {(done.step.number, effect.relation): effect for done in rehearsal.steps for effect in done.effects}
    known = [replace(risk, measured=_is_of(risk, seen.get((risk.step, risk.relation or "")))) for risk in plan.risks]
    return tuple(sorted((*known, *_unforeseen(plan, rehearsal)), key=lambda risk: risk.step))


def _is_of(risk: Risk, effect: RelationEffect | None) -> bool:
    """Say whether the effect of a step on a relation is that of the risk."""
    if effect is None:
        return False
    return effect.rewritten if risk.kind is RiskKind.REWRITE else effect.lock is not None and effect.lock is risk.lock


def _unforeseen(plan: Plan, rehearsal: Rehearsal) -> Iterator[Risk]:
    sized = {risk.relation: (risk.bytes, risk.rows) for risk in plan.risks if risk.relation is not None}
    for done in rehearsal.steps:
        for effect in done.effects:
            if effect.expected:
                continue
            size, rows = sized.get(effect.relation, (None, None))
            yield Risk(
                done.step.number,
                _kind(effect),
                effect.relation,
                effect.lock,
                size,
                rows,
                reason="seen in the rehearsal, not forecast",
                measured=True,
            )


def _kind(effect: RelationEffect) -> RiskKind:
    if effect.rewritten:
        return RiskKind.REWRITE
    if effect.lock is not None and effect.lock.blocks_reads:
        return RiskKind.EXCLUSIVE_LOCK
    return RiskKind.LOCK
