"""Who uses what a plan changes, as lines: each part, and the statements that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels, sanitize
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.readers import ClientReaders, ClientStatement, LastUse, PartReaders, PartUse

_FEW = 5
"""Statements of a part that are shown, unless all are asked for."""
_WIDTH = 160
"""Characters of a statement on its line."""


def reader_lines(plan: Plan, verbose: int = 0) -> Iterator[Line]:
    """Return who uses what a plan changes under a heading; nothing where nobody asked."""
    found = plan.readers
    if found is None:
        return
    yield span_line(Span("Readers:", Role.HEADING), Span(f" {readers_about(found)}", Role.MUTED))
    for one in found.parts:
        yield from _part(one, None if verbose else _FEW)
    for message in found.missing:
        yield span_line("  - ", Span(message, Role.WARNING))


def _part(found: PartReaders, most: int | None) -> Iterator[Line]:
    part = found.part
    place = f" ({part.where})" if part.where else ""
    role = Role.DROPPED if part.is_deleted else Role.CHANGED
    yield span_line("  - ", Span(part.name, role), f" {part.what}: {uses_words(found)}", Span(place, Role.MUTED))
    for use in found.uses[:most]:
        yield span_line("      ", Span(f"{use_words(use)}: ", Role.MUTED), statement_line(use.statement))
    if most is not None and len(found.uses) > most:
        yield span_line(Span(f"      and {len(found.uses) - most} more (-v shows them)", Role.MUTED))


def readers_about(readers: ClientReaders) -> str:
    """Say what was looked at: `statements that the server has seen since 2026-11-29 10:45 UTC`."""
    if not readers.parts:
        return "nothing that clients can use changes"
    return "statements that the server has seen" + (
        "" if readers.since is None else f" since {readers.since:%Y-%m-%d %H:%M %Z}"
    )


def uses_words(found: PartReaders) -> str:
    """Say how many statements use a part, and when it was last used: `2 statements; 14 scans, the last one …`."""
    count = labels.count(len(found.uses), "statement") if found.uses else "no statement seen"
    return count if found.last_use is None else f"{count}; {last_use_words(found.last_use)}"


def last_use_words(use: LastUse) -> str:
    """Say what the server counted of an object."""
    if use.count is None:
        return f"its {use.noun}s are not counted: {use.reason}"
    since = "" if use.since is None else f" since {use.since:%Y-%m-%d %H:%M %Z}"
    if not use.count:
        return f"no {use.noun} counted{since}"
    last = "" if use.at is None else f", the last one {use.at:%Y-%m-%d %H:%M:%S %Z}"
    return f"{labels.count(use.count, use.noun)}{since}{last}"


def use_words(use: PartUse) -> str:
    """Say who sends a statement, how often, and how long it takes: `1,234 calls, 0.8 ms, 1 row each, by app (web)`."""
    statement = use.statement
    words = [f"running now: pid {one.pid}, {one.seconds:.0f} s" for one in statement.running]
    if statement.calls is not None:
        words.append(labels.count(statement.calls, "call"))
        if statement.mean_ms is not None:
            words.append(f"{statement.mean_ms:.1f} ms each")
        if statement.rows is not None and statement.calls:
            words.append(f"{_number(statement.rows / statement.calls)} each")
    names = f" ({', '.join(statement.applications)})" if statement.applications else ""
    words.append(f"by {statement.role}{names}")
    if statement.in_routine:
        words.append("in a routine")
    if not use.is_certain:
        words.append("perhaps")
    return sanitize.sanitize_line(", ".join(words))


def _number(rows: float) -> str:
    return labels.count(round(rows), "row") if rows == round(rows) else f"{rows:,.1f} rows"


def statement_line(statement: ClientStatement, width: int = _WIDTH) -> str:
    """Return the text of a statement on one line, cut off, its secrets hidden before that."""
    text = " ".join(sanitize.mask_secrets(statement.text).split())
    return text if len(text) <= width else f"{text[:width]}…"
