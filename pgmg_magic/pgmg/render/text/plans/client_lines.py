"""The meaning of a plan for clients, as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.compatibility import Compatibility
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.compatibility import ClientImpact
    from pgmg.model.plans.plan import Plan

ROLES = {
    Compatibility.SAFE: Role.MUTED,
    Compatibility.TRANSIENT: Role.WARNING,
    Compatibility.UNKNOWN: Role.WARNING,
    Compatibility.BREAKING: Role.DROPPED,
}


def client_lines(plan: Plan) -> Iterator[Line]:
    """Return what is not safe for clients under a heading, the worst first; nothing where all is safe."""
    if plan.clients:
        yield span_line(Span("Clients:", Role.HEADING))
    for impact in worst_first(plan):
        word = Span(impact.compatibility.value, ROLES[impact.compatibility])
        place = f" ({impact.where})" if impact.where else ""
        yield span_line("  - ", word, f" {impact.object}: {impact.reason}", Span(place, Role.MUTED))


def worst_first(plan: Plan) -> list[ClientImpact]:
    """Return what is not safe for clients, the worst first."""
    return sorted(plan.clients, key=lambda impact: -impact.compatibility.rank)
