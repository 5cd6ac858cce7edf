"""A watcher's events as text: saved files, applied steps, problems, pending migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.results.events import ApplyResult, Event, Retrying, ServerNotice, Waiting
from pgmg.model.results.watch_events import (
    Applied,
    Broken,
    Disconnected,
    Mended,
    Noted,
    PendingMigrations,
    Reconnected,
    Saw,
    Stopped,
    WatchEvent,
    Watching,
)
from pgmg.render import labels
from pgmg.render.text.plans.notice_lines import warnings
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.errors import PgmgError
    from pgmg.model.naming.names import ObjectName

_FEW = 5
"""Most files or objects that are named; further ones are counted."""


class Quiet:
    """Finds the events that are not shown: "no changes" at the end of a round that has reported a problem."""

    def __init__(self) -> None:
        self._is_broken = False

    def leaves_out(self, event: WatchEvent) -> bool:
        """Say whether the next event of a watcher is left out."""
        match event:
            case Watching() | Saw():
                self._is_broken = False
            case Broken():
                self._is_broken = True
            case Applied(result=result):
                return self._is_broken and not result.applied
            case _:
                pass
        return False


def watch_lines(event: WatchEvent, verbose: int = 0) -> Iterator[Line]:
    """Return an event as lines; `verbose` 1 adds saved files and each step's duration."""
    match event:
        case Watching():
            yield from _watching(event)
        case Saw(paths=paths):
            if verbose:
                yield span_line(Span(f"Saved: {_several(paths)}", Role.MUTED))
        case Applied():
            yield from _applied(event, verbose)
        case Broken():
            yield from _broken(event)
        case Mended(paths=paths, objects=objects):
            about = _several(paths or tuple(str(name) for name in objects))
            yield span_line(Span("✓", Role.CREATED), f" Fixed{f': {about}' if about else ''}")
        case PendingMigrations():
            yield from _pending(event)
        case Disconnected(error=error):
            why = error.message.split("\n", 1)[0].rstrip(".")
            yield span_line(Span("Disconnected", Role.WARNING), f": {why}; waiting for the server")
        case Reconnected(server=server):
            yield span_line(Span("Connected again", Role.CREATED), f": {server}")
        case Noted(event=noted):
            yield from _noted(noted)
        case Stopped():
            yield span_line(Span("Stopped watching.", Role.MUTED))


def _watching(event: Watching) -> Iterator[Line]:
    runs = "; pending migrations are applied, too" if event.migrations else ""
    yield span_line(
        Span("Watching", Role.HEADING), f" {' and '.join(event.folders)} for {event.server}{runs}. Ctrl-C stops."
    )


def _applied(event: Applied, verbose: int) -> Iterator[Line]:
    took = Span(f" ({labels.duration(event.duration_ms)})", Role.MUTED)
    if not event.result.applied:
        about = f"{_several(event.paths)}: " if event.paths else ""
        yield span_line(Span(f"{about}no changes", Role.MUTED), took)
        return
    yield from _steps(event.result, verbose)
    yield from warnings(event.result.plan.warnings)
    steps = len(event.result.steps)
    done = f"Applied {steps} step{'' if steps == 1 else 's'}" if steps else "Recorded, nothing to execute"
    about = f" for {_several(event.paths)}" if event.paths else ""
    yield span_line(Span(done, Role.CREATED), about, took)


def _steps(result: ApplyResult, verbose: int) -> Iterator[Line]:
    for applied in result.steps:
        mark, role = labels.mark(applied.step.action)
        took = f" ({labels.duration(applied.duration_ms)})" if verbose else ""
        yield span_line("  ", Span(mark, role), f" {labels.past_tense(applied.step)}", Span(took, Role.MUTED))


def _broken(event: Broken) -> Iterator[Line]:
    first, *rest = str(event.error).split("\n")
    yield span_line(Span("✗", Role.DROPPED), f" {first}")
    for row in rest:
        yield span_line("  ", row)
    if event.objects:
        yield span_line(Span(f"  unchanged in the database: {_objects(event.objects)}", Role.MUTED))


def _pending(event: PendingMigrations) -> Iterator[Line]:
    if not event.migrations and event.error is None:
        yield span_line("No migration is pending.")
        return
    for migration in event.migrations:
        affects = _objects(tuple(one.object for one in migration.affects))
        also = Span(f", which affects {affects}" if affects else "", Role.MUTED)
        yield span_line(Span("Pending migration", Role.WARNING), f": {migration.name}", also)
    if event.migrations:
        yield span_line(Span("  not applied: run `pgmg apply` or `pgmg watch --migrations`", Role.MUTED))
    if event.waiting:
        yield span_line(Span(f"  waiting for this migration: {_objects(event.waiting)}", Role.MUTED))
    if event.error is not None:
        yield from _problem(event.error)


def _problem(error: PgmgError) -> Iterator[Line]:
    for number, row in enumerate(str(error).split("\n")):
        yield span_line(Span("✗ ", Role.DROPPED) if number == 0 else "  ", row)


def _noted(event: Event) -> Iterator[Line]:
    match event:
        case Waiting(reason=reason):
            yield span_line(Span("Waiting", Role.WARNING), f": {reason}")
        case Retrying(attempt=attempt, of=of, reason=reason):
            yield span_line(Span(f"Retrying, attempt {attempt} of {of}", Role.WARNING), f": {reason}")
        case ServerNotice(severity=severity, message=message):
            yield span_line(Span(severity.upper(), Role.RESTORED), f": {message.strip()}")
        case _:
            return


def _objects(names: Sequence[ObjectName]) -> str:
    return _several(tuple(str(name) for name in names))


def _several(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW])
    more = len(names) - _FEW
    return f"{shown} and {more} more" if more > 0 else shown
