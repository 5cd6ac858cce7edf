"""Live progress of an apply, in a widget or in an updated output."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from pgmg.notebook.formatters import HTML, PLAIN, Bundle, display_updatable
from pgmg.render.html.progress_html import HtmlProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pgmg.model.results.events import Event

_EVERY = 0.1
"""Shortest time between two updates, in seconds: a thousand steps must not be a thousand messages."""
_CLOCK = 1.0
"""Longest time between two updates, in seconds: the elapsed time is displayed."""


class Ticker:
    """A listener that updates a display at intervals, from its own thread: a long step sends no events."""

    def __init__(self, show: Callable[[HtmlProgress], None]) -> None:
        self.state = HtmlProgress()
        self._show = show
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        with self._guard:
            self.state(event)
        self._news.set()
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._tick, name="pgmg progress", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the updates; after the return none is running."""
        self._closed.set()
        self._news.set()
        with self._guard:
            pass

    def _tick(self) -> None:
        while not self._closed.is_set():
            self._news.wait(_CLOCK)
            self._news.clear()
            with self._guard:
                if not self._closed.is_set():
                    self._show(self.state)
            self._closed.wait(_EVERY)


def notes_of(error: BaseException | None) -> tuple[str, ...]:
    """Return what an apply said about its end: `Nothing has been changed.`"""
    return tuple(getattr(error, "__notes__", ()))


class PanelProgress(Ticker):
    """Displays the progress below the cell and finally replaces it by the result."""

    def __init__(self) -> None:
        super().__init__(lambda state: self._update({HTML: state.html(), PLAIN: state.text()}))
        self._update = display_updatable({HTML: self.state.html(), PLAIN: self.state.text()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is not None:
            said = "Ended by an error" if isinstance(error, Exception) else " ".join(["Interrupted.", *notes_of(error)])
            self._update({HTML: self.state.html(said), PLAIN: f"{self.state.text()}\n{said}"})

    def end(self, result: Bundle) -> None:
        """Replace the progress by the result; remarks stay above it."""
        remarks = "\n".join(self.state.remarks)
        shown = {**result, PLAIN: f"{remarks}\n\n{result[PLAIN]}"} if remarks else result
        if remarks:
            shown[HTML] = self.state.remarks_html() + result[HTML]
        self._update(shown)
