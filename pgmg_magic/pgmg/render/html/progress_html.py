"""A running apply as HTML: progress bar, current step, elapsed time, server notices."""

from __future__ import annotations

import io
import time

from pgmg.model.results.events import Event, Recorded, Started, StepBegun, StepDone, Waiting
from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.progress_listeners import PlainProgress

_REMARKS = 6
"""Most remarks that are shown while it runs."""
_KEPT = 200
"""Most remarks that are shown afterwards."""


class HtmlProgress:
    """A listener that can render the current progress at any time."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._total = self._done = 0
        self._current = "Starting"
        self._text = io.StringIO()
        self._remarks = PlainProgress(self._text)

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        self._remarks(event)
        match event:
            case Started(plan=plan):
                self._total, self._done = len(plan.steps), 0
            case StepBegun(step=step):
                self._current = labels.past_tense(step, doing=True)
            case StepDone():
                self._done += 1
            case Waiting():
                self._current = "Waiting"
            case Recorded():
                self._current = "Recording state"
            case _:
                pass

    @property
    def remarks(self) -> tuple[str, ...]:
        """Waits, retries, learned dependencies and server notices so far."""
        return tuple(self._text.getvalue().splitlines())

    def html(self, note: str = "") -> str:
        """Return the current progress; `note` replaces the current step."""
        return self._fill(note or self._current, over=False, last=_REMARKS)

    def remarks_html(self) -> str:
        """Return the remarks after the end; empty if there were none."""
        return self._fill("", over=True, last=_KEPT) if self.remarks else ""

    def _fill(self, current: str, *, over: bool, last: int) -> str:
        return markup.fill(
            "progress.html.j2",
            over=over,
            done=self._done,
            total=self._total,
            current=current,
            took=labels.duration((time.monotonic() - self._began) * 1000),
            remarks=self.remarks[-last:],
        )

    def text(self) -> str:
        """Return the current progress as one line."""
        return f"{self._done} of {self._total} steps: {self._current}"
