"""The result of an apply as text: steps, records, learned dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.plans.plan import Action
from pgmg.render import labels
from pgmg.render.text.plans.notice_lines import warnings
from pgmg.render.text.plans.plan_lines import nothing, plan_lines
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.events import ApplyResult

APPLIED = "All changes applied successfully."
NOT_APPLIED = "Dry run: nothing was changed."


def result_lines(result: ApplyResult, verbose: int = 0) -> Iterator[Line]:
    """Return a result as lines; `verbose` 1 adds each step's duration."""
    if not result.applied:
        if result.plan.is_empty:
            return sections([span_line(nothing(result.plan))], warnings(result.plan.warnings))
        return sections(plan_lines(result.plan, verbose), [span_line(NOT_APPLIED)])
    took = f" ({labels.duration(result.duration_ms)})" if verbose else ""
    end = [span_line(Span(APPLIED, Role.CREATED), Span(took, Role.MUTED))]
    return sections(_steps(result, verbose), _state(result), _learned(result), warnings(result.plan.warnings), end)


class DoneStep(NamedTuple):
    """An executed step: mark, colour, text, duration in milliseconds."""

    mark: str
    role: Role
    text: str
    duration_ms: float


def done_steps(result: ApplyResult) -> Iterator[DoneStep]:
    """Return the executed steps in order."""
    ambiguous = _ambiguous(result)
    created: set[ObjectName] = set()
    for applied in result.steps:
        step = applied.step
        if step.action is Action.CREATE:
            created.add(step.object)
        text = labels.past_tense(step, distinct=step.object in ambiguous)
        if step.action is Action.RESTORE and step.object in created:
            text = text.replace("Restored", f"Restored {labels.restored_properties(step)} of", 1)
        yield DoneStep(*labels.mark(step.action), text, applied.duration_ms)


def _steps(result: ApplyResult, verbose: int) -> Iterator[Line]:
    if not result.steps:
        return
    yield span_line(Span("Executing changes:", Role.HEADING))
    for done in done_steps(result):
        took = f" ({labels.duration(done.duration_ms)})" if verbose else ""
        yield span_line("  ", Span(done.mark, done.role), f" {done.text}", Span(took, Role.MUTED))


def _ambiguous(result: ApplyResult) -> set[ObjectName]:
    """Return the objects that share their short name with another one (overloads)."""
    shared: dict[tuple[str, str], set[ObjectName]] = {}
    for applied in result.steps:
        name = applied.step.object
        shared.setdefault((name.kind, name.short_name), set()).add(name)
    return {name for names in shared.values() if len(names) > 1 for name in names}


def _state(result: ApplyResult) -> Iterator[Line]:
    if not result.migrations_recorded and not result.objects_updated:
        return
    done = Span("✓", Role.CREATED)
    yield span_line(Span("Updated state tracking:", Role.HEADING))
    for migration in result.migrations_recorded:
        yield span_line("  ", done, f" Recorded migration: {migration}")
    if result.objects_updated:
        yield span_line("  ", done, f" Recorded {labels.count(result.objects_updated, 'object')}")


def _learned(result: ApplyResult) -> Iterator[Line]:
    if result.discovered:
        yield span_line(Span("Learned from the server:", Role.HEADING))
    for edge in result.discovered:
        yield span_line(f"  - {labels.edge(edge)}")
