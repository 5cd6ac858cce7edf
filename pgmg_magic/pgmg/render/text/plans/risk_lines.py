"""The risks of a plan as lines, and its summary in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.plans.compatibility import Compatibility
from pgmg.model.plans.risk import Risk, RiskKind
from pgmg.render import labels
from pgmg.render.impact import planned_outcomes
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.model.plans.plan import Plan

_COVERING = frozenset({RiskKind.DATA_LOSS, RiskKind.REWRITE, RiskKind.SCAN})
"""Kinds whose line names the lock, which then needs no line of its own."""
_LOCKS = frozenset({RiskKind.EXCLUSIVE_LOCK, RiskKind.LOCK})
_IN_SUMMARY = (RiskKind.DATA_LOSS, RiskKind.REWRITE)


def notable_risks(plan: Plan, verbose: int = 0) -> tuple[Risk, ...]:
    """Return the risks to show: a lock only where nothing worse is said of its relation in the same step.

    Locks of views, and locks that let everybody read and write, only verbosely.
    """
    covered = {(risk.step, risk.relation) for risk in plan.risks if risk.kind in _COVERING}
    return tuple(
        risk
        for risk in plan.risks
        if (verbose or _is_notable(risk)) and (risk.kind not in _LOCKS or (risk.step, risk.relation) not in covered)
    )


def risk_lines(plan: Plan, verbose: int = 0) -> Iterator[Line]:
    """Return the risks under a heading; nothing if there are none."""
    shown = notable_risks(plan, verbose)
    if not shown:
        return
    yield span_line(Span("Risks:", Role.HEADING))
    for risk in shown:
        yield _risk(risk)
        for one in risk.transactions:
            name = f" ({one.application})" if one.application else ""
            yield span_line(
                Span(f"    would wait for pid {one.pid}{name}: open transaction of {one.seconds:.0f} s", Role.WARNING)
            )


def _is_notable(risk: Risk) -> bool:
    is_view = (risk.relation or "").startswith(f"{Kind.VIEW}.")
    harmless = risk.kind is RiskKind.LOCK and risk.lock is not None and not risk.lock.blocks_writes
    return not is_view and not harmless


def _risk(risk: Risk) -> Line:
    lock = f"under {risk.lock.value}" if risk.lock is not None else ""
    place = risk.where or f"step {risk.step}"
    note = ", ".join(filter(None, (lock, place, "measured" if risk.measured else "")))
    role = Role.DROPPED if risk.kind in _IN_SUMMARY else Role.WARNING
    word, _, rest = risk.described.partition(" ")
    return span_line("  - ", Span(word, role), f" {rest} ", Span(f"({note})", Role.MUTED))


def summary(plan: Plan) -> str:
    """Return a plan in one line: `3 to recreate, 1 to replace, 1 migration; breaking for clients`."""
    migrations, outcomes = planned_outcomes(plan)
    parts = [f"{number:,} to {word}" for word, number in outcomes.items()]
    if migrations:
        parts.append(labels.count(migrations, "migration"))
    clients = "" if plan.compatibility is Compatibility.SAFE else f"{plan.compatibility} for clients"
    return "; ".join(filter(None, (", ".join(parts), ", ".join(_gravest(plan.risks)), clients)))


def _gravest(risks: Iterable[Risk]) -> Iterator[str]:
    for kind in _IN_SUMMARY:
        subjects = dict.fromkeys(risk.subject for risk in risks if risk.kind is kind)
        if subjects:
            verb = "loses data of" if kind is RiskKind.DATA_LOSS else "rewrites"
            yield f"{verb} {', '.join(subjects)}"
