"""Live progress without widgets: one output that is updated in place, by the kernel's own thread or another."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pgmg.model.events import Event, Finished
from pgmg.notebook.formatters import HTML, PLAIN, Bundle, place
from pgmg.render.html_progress import HtmlProgress

_EVERY = 0.1
"""Seconds between two pictures: nobody sees more, and a thousand steps would be a thousand messages."""


class Ticker:
    """Listens, and hands out a picture now and then."""

    def __init__(self, show: Callable[[HtmlProgress], None]) -> None:
        self.state = HtmlProgress()
        self._show = show
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.state(event)
        now = time.monotonic()
        if now - self._last >= _EVERY or isinstance(event, Finished):
            self._last = now
            self._show(self.state)


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
        if kind is not None:
            self._put({HTML: self.state.html("Ended by an error"), PLAIN: self.state.text()})

    def end(self, result: Bundle) -> None:
        """Put the result in its place; what the server said stays above it."""
        remarks = "\n".join(self.state.remarks)
        shown = {**result, PLAIN: f"{remarks}\n\n{result[PLAIN]}"} if remarks else result
        if remarks:
            shown[HTML] = self.state.remarks_html() + result[HTML]
        self._put(shown)
