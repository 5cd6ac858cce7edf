"""An apply while it runs, as HTML: a bar, the object at work, for how long, and what the server said."""

from __future__ import annotations

import io
import time

from pgmg.model.events import Event, Recorded, Started, StepBegun, StepDone, Waiting
from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.progress_listeners import PlainProgress

_REMARKS = 6
"""The last so many remarks are shown while it runs."""
_KEPT = 200
"""And so many of them afterwards."""


class HtmlProgress:
    """A listener that knows at any time how to show what it has heard."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._total = self._done = 0
        self._current = "Starting"
        self._said = io.StringIO()
        self._remarks = PlainProgress(self._said)

    def __call__(self, event: Event) -> None:
        """Take an event."""
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
        """What was out of the ordinary: waits, retries, lessons, the server's notices."""
        return tuple(self._said.getvalue().splitlines())

    def html(self, note: str = "") -> str:
        """Return the picture of now; `note` is said in place of what is being done."""
        return self._fill(note or self._current, over=False, last=_REMARKS)

    def remarks_html(self) -> str:
        """Return what is left to be read when all is over; nothing where nothing was out of the ordinary."""
        return self._fill("", over=True, last=_KEPT) if self.remarks else ""

    def _fill(self, current: str, *, over: bool, last: int) -> str:
        return markup.fill(
            "progress.html.j2",
            style=markup.asset("notebook.css"),
            over=over,
            done=self._done,
            total=self._total,
            current=current,
            took=labels.duration((time.monotonic() - self._began) * 1000),
            remarks=self.remarks[-last:],
        )

    def text(self) -> str:
        """Return the same as one line."""
        return f"{self._done} of {self._total} steps: {self._current}"
