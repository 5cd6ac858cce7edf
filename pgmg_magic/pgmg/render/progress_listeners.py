"""Listeners that show an apply while it runs: lines for pipes, a bar for terminals, JSON for programs (rule 9.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TextIO

from pgmg.model.events import (
    Discovered,
    Event,
    Finished,
    Recorded,
    Retrying,
    ServerNotice,
    Started,
    StepBegun,
    StepDone,
    Waiting,
)
from pgmg.render import labels
from pgmg.render.text.spans import Line, Role, Span, plain, span_line

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.progress import Progress, TaskID

_AGAIN_AFTER = 10.0
"""Seconds after which the same wait is mentioned again."""


class _Listener:
    """To be called with events within a `with` statement, which leaves the terminal as it was."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop showing anything."""


class _Remarks:
    """Chooses the events worth a line of their own, and says each wait once in a while only."""

    def __init__(self) -> None:
        self._wait: tuple[str, float] | None = None

    def of(self, event: Event) -> Line | None:
        match event:
            case Waiting(reason=reason, seconds=seconds):
                if self._wait and self._wait[0] == reason and 0 <= seconds - self._wait[1] < _AGAIN_AFTER:
                    return None
                self._wait = (reason, seconds)
                since = f" (for {labels.duration(seconds * 1000)})" if seconds >= 1 else ""
                return span_line(Span("Waiting", Role.WARNING), f": {reason}{since}")
            case Retrying(attempt=attempt, of=of, reason=reason):
                return span_line(Span(f"Retrying, attempt {attempt} of {of}", Role.WARNING), f": {reason}")
            case Discovered(edge=edge):
                return span_line(Span("Learned", Role.KEPT), f": {labels.edge(edge)}")
            case ServerNotice(severity=severity, message=message, step=step):
                during = f" ({step.object})" if step is not None else ""
                role = Role.WARNING if severity.upper() == "WARNING" else Role.KEPT
                return span_line(Span(severity.upper(), role), f": {message.strip()}", Span(during, Role.MUTED))
            case Started() | StepBegun() | StepDone() | Recorded() | Finished():
                return None


class PlainProgress(_Listener):
    """Writes a line for what is out of the ordinary: waiting, retrying, learning, the server's own words."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._remarks = _Remarks()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        line = self._remarks.of(event)
        if line is not None:
            self._stream.write(f"{plain([line])}\n")
            self._stream.flush()


class JsonLines(_Listener):
    """Writes each event as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Take an event."""
        from pgmg.render.json.documents import dumps, event_document

        self._stream.write(f"{dumps(event_document(event), indent=None)}\n")
        self._stream.flush()


class RichProgress(_Listener):
    """Shows a bar: what is being done, how many steps of how many, for how long. Remarks scroll by above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._remarks = _Remarks()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        """Take an event."""
        line = self._remarks.of(event)
        if line is not None:
            from pgmg.render.text.styled import show

            show(self._console, [line])
        match event:
            case Started(plan=plan):
                self._begin(len(plan.steps))
            case StepBegun(step=step):
                self._tell(labels.past_tense(step, doing=True))
            case StepDone():
                self._tell(advance=1)
            case Waiting(reason=reason):
                self._tell(f"Waiting: {reason}")
            case Recorded():
                self._tell("Recording state")
            case Finished():
                self.close()
            case Retrying() | Discovered() | ServerNotice():
                pass

    def close(self) -> None:
        """Take the bar away; what was printed stays."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def _begin(self, total: int) -> None:
        """Start over: after a retry or something learned, the work begins again with the first step."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self.close()
        what = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
        columns = (SpinnerColumn(), what, BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("Starting", total=total)
        self._bar.start()

    def _tell(self, description: str | None = None, *, advance: int = 0) -> None:
        if self._bar is None or self._task is None:
            return
        shown = None if description is None else plain([span_line(description)])
        self._bar.update(self._task, description=shown, advance=advance)
