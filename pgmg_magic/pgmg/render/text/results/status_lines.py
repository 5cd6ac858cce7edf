"""A status as text: connection, migrations, objects, changes, drift, warnings."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render import labels
from pgmg.render.text.plans.change_lines import changes
from pgmg.render.text.plans.drift_choice import drift_choice
from pgmg.render.text.plans.notice_lines import warnings
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.results.status_report import Status

DRIFT = (ChangeKind.DRIFTED, ChangeKind.MISSING)
SHOWN = 15
"""Longest list; further entries are only counted, so that a status fits one screen."""


def status_lines(status: Status, verbose: int = 0) -> Iterator[Line]:
    """Return a status as lines."""
    drift = [change for change in status.changes if change.change in DRIFT]
    code = [change for change in status.changes if change.change not in DRIFT]
    return sections(
        _facts(status, verbose),
        _pending(status.pending),
        _list("Code changes:", code),
        chain(_list("Drift:", drift), _choice(drift)),
        warnings(status.warnings),
        _verdict(status),
    )


def _facts(status: Status, verbose: int) -> Iterator[Line]:
    database = f"{status.database.name} (PostgreSQL {status.database.server_version})"
    migrations = f"{len(status.applied)} applied, {len(status.pending)} pending"
    total = sum(number for _, number in status.objects)
    yield span_line(_label("Connection"), status.connection)
    yield span_line(_label("Database"), database)
    yield span_line(_label("Migrations"), migrations)
    if status.applied:
        yield span_line(_label(""), Span(f"last applied: {status.applied[-1]}", Role.MUTED))
    if status.last_apply is not None:
        yield span_line(_label("Last apply"), labels.applied_from(status.last_apply))
    yield span_line(_label("Objects"), f"{total} managed")
    width = max((len(kind) for kind, _ in status.objects), default=0)
    for kind, number in status.objects:
        yield span_line(_label(""), f"{kind:<{width}}  {number:>5}")
    if status.ignored:
        yield span_line(_label("Ignored"), labels.count(len(status.ignored), "object"))
        for name in status.ignored if verbose else ():
            yield span_line(_label(""), name)


def _label(word: str) -> Span:
    return Span(f"{word + ':' if word else '':<13}", Role.HEADING)


def _pending(names: Sequence[str]) -> Iterator[Line]:
    if not names:
        return
    yield span_line(Span("Pending data migrations:", Role.HEADING))
    for name in names[:SHOWN]:
        yield span_line("  - ", Span(name, Role.MIGRATION))
    yield from _more(len(names))


def _list(heading: str, found: Sequence[Change]) -> Iterator[Line]:
    if not found:
        return
    yield span_line(Span(heading, Role.HEADING))
    yield from changes(found[:SHOWN])
    yield from _more(len(found))


def _choice(drift: Sequence[Change]) -> Iterator[Line]:
    if choice := drift_choice(drift):
        yield span_line(f"  {choice}")


def _more(number: int) -> Iterator[Line]:
    if number > SHOWN:
        yield span_line(Span(f"  … and {number - SHOWN:,} more", Role.MUTED))


def _verdict(status: Status) -> Iterator[Line]:
    if status.pending or status.changes:
        parts = (
            labels.count(len(status.pending), "migration") if status.pending else "",
            labels.count(len(status.changes), "change") if status.changes else "",
        )
        yield span_line(
            Span(f"To do: {', '.join(part for part in parts if part)}.", Role.CHANGED), " `pgmg plan` shows how."
        )
    elif status.differs:
        yield span_line(Span("Nothing to apply,", Role.WARNING), " but the project is not what was applied: see above.")
    else:
        yield span_line(Span("Nothing to do.", Role.CREATED), " The database matches the project.")
