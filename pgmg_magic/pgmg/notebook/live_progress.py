"""Live progress: pictures of an apply while it runs, and the output that shows them where there are no widgets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from pgmg.notebook.formatters import HTML, PLAIN, Bundle, place
from pgmg.render.html.progress_html import HtmlProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pgmg.model.events import Event

_EVERY = 0.1
"""Seconds between two pictures: nobody sees more, and a thousand steps would be a thousand messages."""
_CLOCK = 1.0
"""Seconds until the next picture where nothing happens: that time goes by is worth seeing, too."""


class Ticker:
    """Listens, and hands out a picture now and then, from a thread of its own: a long step is no event."""

    def __init__(self, show: Callable[[HtmlProgress], None]) -> None:
        self.state = HtmlProgress()
        self._show = show
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._guard:
            self.state(event)
        self._news.set()
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._tick, name="pgmg progress", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Hand out no more pictures; once this returns, none is under way."""
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


class PanelProgress(Ticker):
    """Shows itself below the cell, and in the end makes room for the result."""

    def __init__(self) -> None:
        super().__init__(lambda state: self._put({HTML: state.html(), PLAIN: state.text()}))
        self._put = place({HTML: self.state.html(), PLAIN: self.state.text()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is not None:
            self._put({HTML: self.state.html("Ended by an error"), PLAIN: self.state.text()})

    def end(self, result: Bundle) -> None:
        """Put the result in its place; what the server said stays above it."""
        remarks = "\n".join(self.state.remarks)
        shown = {**result, PLAIN: f"{remarks}\n\n{result[PLAIN]}"} if remarks else result
        if remarks:
            shown[HTML] = self.state.remarks_html() + result[HTML]
        self._put(shown)
