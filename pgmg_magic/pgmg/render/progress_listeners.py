"""Event listeners that show a running apply: lines for pipes, a bar for terminals, JSON for programs (rule 9.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TextIO

from pgmg.model.results.events import (
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

_REPEAT_AFTER = 10.0
"""Seconds after which the same wait is reported again."""


class _Listener:
    """A context manager that is called with events; leaving the `with` block restores the terminal."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the display."""


class _Remarks:
    """Selects the events that get a line of their own; repeats of the same wait are reduced."""

    def __init__(self) -> None:
        self._wait: tuple[str, float] | None = None

    def of(self, event: Event) -> Line | None:
        match event:
            case Waiting(reason=reason, seconds=seconds):
                if self._wait and self._wait[0] == reason and 0 <= seconds - self._wait[1] < _REPEAT_AFTER:
                    return None
                self._wait = (reason, seconds)
                since = f" (for {labels.duration(seconds * 1000)})" if seconds >= 1 else ""
                return span_line(Span("Waiting", Role.WARNING), f": {reason}{since}")
            case Retrying(attempt=attempt, of=of, reason=reason):
                return span_line(Span(f"Retrying, attempt {attempt} of {of}", Role.WARNING), f": {reason}")
            case Discovered(edge=edge):
                return span_line(Span("Learned", Role.RESTORED), f": {labels.edge(edge)}")
            case ServerNotice(severity=severity, message=message, step=step):
                during = f" ({step.object})" if step is not None else ""
                role = Role.WARNING if severity.upper() == "WARNING" else Role.RESTORED
                return span_line(Span(severity.upper(), role), f": {message.strip()}", Span(during, Role.MUTED))
            case Started() | StepBegun() | StepDone() | Recorded() | Finished():
                return None


class PlainProgress(_Listener):
    """Writes a line for waits, retries, learned dependencies and server notices."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._remarks = _Remarks()

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        line = self._remarks.of(event)
        if line is not None:
            self._stream.write(f"{plain([line])}\n")
            self._stream.flush()


class JsonLines(_Listener):
    """Writes each event as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        from pgmg.render.json.documents import dumps, event_document

        self._stream.write(f"{dumps(event_document(event), indent=None)}\n")
        self._stream.flush()


class RichProgress(_Listener):
    """Shows a progress bar: the running step, done and total steps, elapsed time. Remarks are printed above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._remarks = _Remarks()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        """Handle an event."""
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
        """Remove the bar; printed lines stay."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def _begin(self, total: int) -> None:
        """Restart the bar: after a retry or a learned dependency, the apply begins again with the first step."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self.close()
        description = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
        columns = (SpinnerColumn(), description, BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("Starting", total=total)
        self._bar.start()

    def _tell(self, description: str | None = None, *, advance: int = 0) -> None:
        if self._bar is None or self._task is None:
            return
        shown = None if description is None else plain([span_line(description)])
        self._bar.update(self._task, description=shown, advance=advance)
