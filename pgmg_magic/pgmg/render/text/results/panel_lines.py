"""A watcher's state as text: status light, problems, pending migrations, latest events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.results.watch_events import (
    Broken,
    PendingMigrations,
    Saw,
    Stopped,
    WatchEvent,
    Watching,
    WatchPhase,
    WatchState,
)
from pgmg.render import labels, sanitize
from pgmg.render.html.error_html import error_lines
from pgmg.render.text.results.watch_lines import Quiet, watch_lines
from pgmg.render.text.spans import EMPTY, Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.plans.plan import MigrationImpact

NEWEST = 8
"""Number of latest events that are shown."""


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event and its time, in seconds since the epoch."""

    at: float
    event: WatchEvent


@dataclass(frozen=True, slots=True)
class WatchView:
    """Everything a panel shows of a watcher. `events` are in order of time; `secrets` are masked."""

    state: WatchState
    events: tuple[TimedEvent, ...] = ()
    secrets: tuple[str, ...] = ()


def status_light(state: WatchState) -> tuple[str, str]:
    """Return the status light's colour and the word beside it."""
    match state.phase:
        case WatchPhase.STOPPED:
            return "grey", "stopped"
        case WatchPhase.DISCONNECTED:
            return "amber", "disconnected"
        case WatchPhase.STARTING:
            return "blue", "starting"
        case WatchPhase.WORKING:
            return "blue", "working"
        case WatchPhase.IDLE if state.problems:
            return "red", labels.count(len(state.problems), "problem")
        case WatchPhase.IDLE if state.pending is not None:
            number = len(state.pending.migrations)
            return "green", f"up to date, {labels.count(number, 'migration')} pending"
        case WatchPhase.IDLE:
            return "green", "up to date"


def subject(state: WatchState) -> str:
    """Return the watched folders and the server."""
    return " → ".join(part for part in (" and ".join(state.folders), state.server) if part)


def problem_lines(view: WatchView) -> Iterator[Line]:
    """Return each current problem with its place and the objects that keep their last good state."""
    ended = view.events[-1].event if view.events else None
    if isinstance(ended, Stopped) and ended.error is not None:
        yield from error_lines(ended.error, view.secrets)
    for problem in view.state.problems:
        yield from error_lines(problem.error, view.secrets)
        if kept := ", ".join(map(str, problem.objects)):
            yield span_line("  ", Span(f"unchanged in the database: {kept}", Role.MUTED))
    pending = view.state.pending
    if pending is not None and pending.error is not None:
        yield from error_lines(pending.error, view.secrets)


def affected(migration: MigrationImpact) -> str:
    """Return the objects that a migration affects."""
    names = ", ".join(str(one.object) for one in migration.affects)
    return f"affects {names}" if names else "affects no other object"


def waiting(pending: PendingMigrations) -> str:
    """Return the objects that wait for the migrations; empty if none do."""
    names = ", ".join(map(str, pending.waiting))
    return f"waiting for this migration: {names}" if names else ""


def history(view: WatchView) -> Iterator[tuple[str, Line]]:
    """Return the latest events, newest first, each as a time and one line.

    A saved file is listed only until its outcome is known.
    """
    last = view.events[-1:]
    shown = [one for one in view.events if not isinstance(one.event, Watching | Saw) or (one,) == last]
    quiet = Quiet()
    ended = {one for one in view.events if quiet.leaves_out(one.event)}
    shown = [one for one in shown if one not in ended]
    for one in reversed(shown[-NEWEST:]):
        clock = time.strftime("%H:%M:%S", time.localtime(one.at))
        if isinstance(one.event, Broken):
            where = one.event.error.where
            place = f"{where}: " if where is not None else ""
            message = one.event.error.message.partition("\n")[0]
            yield clock, span_line(Span("✗ ", Role.DROPPED), _without(f"{place}{message}", view.secrets))
            continue
        lines = list(watch_lines(one.event, verbose=1))
        if lines:
            yield clock, lines[-1] if len(lines) > 1 and not _has_summary_first(one.event) else lines[0]


def panel_lines(view: WatchView) -> Iterator[Line]:
    """Return the whole panel as lines."""
    colour, word = status_light(view.state)
    roles = {
        "red": Role.DROPPED,
        "amber": Role.WARNING,
        "green": Role.CREATED,
        "blue": Role.RESTORED,
        "grey": Role.MUTED,
    }
    what = subject(view.state)
    yield span_line("Watching", Span(f" {what}" if what else "", Role.MUTED), ": ", Span(word, roles[colour]))
    for line in problem_lines(view):
        yield span_line("  ", *line)
    pending = view.state.pending
    for migration in pending.migrations if pending is not None else ():
        yield span_line(Span("Pending migration", Role.WARNING), f": {migration.name}, {affected(migration)}")
    if pending is not None and waiting(pending):
        yield span_line("  ", Span(waiting(pending), Role.MUTED))
    events = list(history(view))
    if events:
        yield EMPTY
    for clock, line in events:
        yield span_line(Span(f"{clock}  ", Role.MUTED), *line)


def _has_summary_first(event: WatchEvent) -> bool:
    """Say whether an event's first line is its summary: of an apply it is the last one."""
    return isinstance(event, PendingMigrations)


def _without(text: str, secrets: Sequence[str]) -> str:
    return sanitize.mask_secrets(text, secrets)
