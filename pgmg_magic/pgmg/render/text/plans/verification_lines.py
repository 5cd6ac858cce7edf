"""A verification of a report as text: a line for each part, with what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.verification import PartKind
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.verification import Verification

_WORDS = {
    PartKind.SERVER: "server and database",
    PartKind.FILES: "files of declared objects",
    PartKind.MIGRATIONS: "pending migrations",
    PartKind.RECORDS: "records of what was applied",
    PartKind.DATABASE: "objects in the database",
    PartKind.STEPS: "steps",
    PartKind.RISKS: "risks",
    PartKind.REHEARSAL: "rehearsal",
    PartKind.REPORT: "contents of the report",
}


def verification_lines(found: Verification) -> Iterator[Line]:
    """Return a verification as lines."""
    return sections(_parts(found), _outcome(found))


def _parts(found: Verification) -> Iterator[Line]:
    yield span_line(Span(f"Plan {found.fingerprint} for {found.database}:", Role.HEADING))
    for part in found.parts:
        if part.holds:
            yield span_line("  ", Span("✓", Role.CREATED), f" {_WORDS[part.part]}: unchanged")
            continue
        yield span_line("  ", Span("✗", Role.DROPPED), f" {_WORDS[part.part]}:")
        for change in part.changes:
            yield span_line(f"      {change}")


def _outcome(found: Verification) -> Iterator[Line]:
    if found.holds:
        yield span_line(Span("All of it is still true.", Role.CREATED))
    elif found.applied:
        yield span_line(Span("The plan has been applied, and nothing is left to do.", Role.WARNING))
    else:
        yield span_line(Span("Not all of it is still true. Make a new plan, and look at that.", Role.WARNING))
