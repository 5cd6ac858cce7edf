"""A rehearsal as text: each step with what it locked, rewrote and how long it took, and the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.rehearsal import Rehearsal, RehearsedRows, RehearsedStep, RelationEffect


def rehearsal_summary(plan: Plan, verbose: int = 0) -> Iterator[Line]:
    """Return what a plan's rehearsal came to, under a heading; with `verbose` each step. Nothing without one."""
    found = plan.rehearsal
    if found is None:
        return
    yield span_line(Span("Rehearsal:", Role.HEADING), Span(f" {rehearsed_on(found)}", Role.MUTED))
    yield span_line("  - ", Span(verdict(found), Role.CREATED if found.proved else Role.WARNING))
    if verbose:
        yield from (line for step in found.steps for line in _step(step))
    for message in found.omitted:
        yield span_line("  - not in the copy: ", Span(message, Role.WARNING))


def rehearsed_on(rehearsal: Rehearsal) -> str:
    """Say when and where: `on a copy without rows, PostgreSQL 18.4, 2026-11-29 10:45 UTC`."""
    return f"{_copy(rehearsal)}, PostgreSQL {rehearsal.server_version}, {rehearsal.at:%Y-%m-%d %H:%M %Z}"


def _copy(rehearsal: Rehearsal) -> str:
    if rehearsal.rows is None:
        return "on a copy without rows"
    return f"on a copy with {labels.count(sum(one.copied for one in rehearsal.rows), 'row')}"


def verdict(rehearsal: Rehearsal) -> str:
    """Say in a sentence what a rehearsal proves."""
    if rehearsal.failure is not None:
        return f"the plan fails: {rehearsal.failure}"
    if not rehearsal.is_same_plan:
        return "the copy was planned differently: this does not prove the plan"
    if rehearsal.left_over:
        return f"left to do on the copy afterwards: {', '.join(rehearsal.left_over)}"
    if rehearsal.broken:
        return f"the plan runs, and breaks bodies: {'; '.join(one.described for one in rehearsal.broken)}"
    return f"the plan runs ({rehearsal.duration_ms:.0f} ms), and nothing is left to do afterwards"


def effect_words(effect: RelationEffect) -> str:
    """Say what a step did to a relation: `locks table.users: AccessExclusiveLock, rewrites table.users`."""
    did = [f"locks {effect.relation}: {effect.lock.value}"] if effect.lock is not None else []
    if effect.rewritten:
        did.append(f"rewrites {effect.relation}")
    elif effect.scanned:
        did.append(f"reads {effect.relation}")
    return ", ".join(did)


def rehearsal_lines(rehearsal: Rehearsal) -> Iterator[Line]:
    """Return a rehearsal as lines."""
    title = f"Rehearsed {_copy(rehearsal)}, PostgreSQL {rehearsal.server_version}:"
    steps = (line for step in rehearsal.steps for line in _step(step))
    first = [span_line(Span(title, Role.HEADING)), *steps]
    return sections(first, rows_lines(rehearsal), _omitted(rehearsal), _outcome(rehearsal))


def rows_lines(rehearsal: Rehearsal) -> Iterator[Line]:
    """Return the tables whose number of rows is another one after the plan; nothing for a copy without rows."""
    if rehearsal.rows is None:
        return
    changed = [one for one in rehearsal.rows if one.copied != one.after]
    said = " the same number in every table afterwards" if not changed else ""
    yield span_line(Span("Rows:", Role.HEADING), said)
    for one in changed:
        yield span_line("  - ", Span(rows_words(one), Role.DROPPED if (one.after or 0) < one.copied else Role.CHANGED))


def rows_words(rows: RehearsedRows) -> str:
    """Say how many rows a table had and has: `table.users: 100 rows, 90 afterwards`."""
    after = "the table is gone afterwards" if rows.after is None else f"{rows.after:,} afterwards"
    return f"{rows.relation}: {labels.count(rows.copied, 'row')}, {after}"


def _step(done: RehearsedStep) -> Iterator[Line]:
    step = done.step
    verb, _, rest = labels.step_title(step).partition(" ")
    duration = Span(f" ({labels.duration(done.duration_ms)})", Role.MUTED)
    yield span_line(f"  {step.number}. ", Span(verb, labels.verb(step.action).role), f" {rest}", duration)
    for effect in done.effects:
        yield _effect(effect)
    if not done.measured:
        yield span_line(Span("       outside a transaction: its locks were not measured", Role.MUTED))
    for notice in done.notices:
        yield span_line(Span(f"       {notice}", Role.MUTED))


def _effect(effect: RelationEffect) -> Line:
    note = Span("" if effect.expected else " (not forecast)", Role.WARNING)
    return span_line(f"       {effect_words(effect)}", note)


def _omitted(rehearsal: Rehearsal) -> Iterator[Line]:
    if rehearsal.omitted:
        yield span_line(Span("Not in the copy:", Role.HEADING))
    for message in rehearsal.omitted:
        yield span_line("  - ", Span(message, Role.WARNING))


def _outcome(rehearsal: Rehearsal) -> Iterator[Line]:
    if not rehearsal.is_same_plan:
        yield span_line(Span("The copy was planned differently: this does not prove the plan.", Role.WARNING))
    for step in rehearsal.left_over:
        yield span_line(Span(f"Left to do on the copy afterwards: {step}", Role.WARNING))
    for problem in rehearsal.broken:
        yield span_line(Span(f"Afterwards: {problem.described}", Role.WARNING))
    if rehearsal.proved:
        yield span_line(Span("The plan runs, and nothing is left to do afterwards.", Role.CREATED))
