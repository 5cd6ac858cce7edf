"""The panel of a watcher: a widget with buttons, or an updated output."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pgmg.model.results.watch_events import PendingMigrations, WatchPhase
from pgmg.notebook.formatters import HTML, PLAIN, Bundle, display_updatable
from pgmg.notebook.live.watchers import PanelUpdater, Watch
from pgmg.notebook.magic_commands.magic_hints import page_as_magics
from pgmg.render.html.watch_html import watch_html
from pgmg.render.text.results.panel_lines import WatchView, panel_lines
from pgmg.render.text.spans import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIVE = "The panel above is updated, and its buttons work, while the kernel runs."


def picture_bundle(picture: WatchView, *, is_still: bool = False) -> Bundle:
    """Return a watcher's state at this time as HTML and text.

    A page that shows the live panel hides a picture that `is_still`; a saved notebook shows it in the panel's place.
    """
    now = time.strftime("%H:%M:%S")
    return {PLAIN: plain(panel_lines(picture)), HTML: watch_html(picture, as_of=now, is_still=is_still)}


def _texts(pending: PendingMigrations | None, root: Path) -> Iterator[tuple[str, str]]:
    """Read the SQL of pending migrations."""
    for migration in pending.migrations if pending is not None else ():
        with suppress(OSError):
            yield migration.name, (root / migration.path).read_text(encoding="utf-8", errors="replace")


class TextPanel:
    """For front ends without widgets: an output that is updated in place."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._update: Callable[[Bundle], None] = lambda _: None
        self._updater: PanelUpdater | None = None

    def show(self) -> None:
        """Display the panel here; an earlier output is no longer updated."""
        if self._updater is not None:
            self._updater.end()
        self._update = display_updatable(picture_bundle(self._watch.picture))
        self._updater = PanelUpdater(self._watch, lambda picture: self._update(picture_bundle(picture)))
        self._updater.start()


class WidgetPanel:
    """State and buttons of a watcher. `again` starts a new watcher after this one has stopped."""

    def __init__(self, watch: Watch, again: Callable[[], Watch]) -> None:
        import ipywidgets

        self._widgets: Any = ipywidgets
        self.watch, self._again = watch, again
        self._guard = threading.RLock()
        self._asked: PendingMigrations | None = None  # the migrations of the displayed question
        self._texts: dict[str, str] = {}
        self.view = ipywidgets.HTML()
        self.stop = self._button("Stop watching", "stop", "Stop the watcher", self._on_stop)
        self.begin = self._button("Start again", "play", "Watch again", self._on_again)
        self.apply = self._button("Apply …", "check", "Show the migrations, and ask", self._on_apply, "primary")
        self.back = self._button("Go back", "arrow-left", "Run nothing", self._on_back)
        self.confirm = self._button("Yes, apply", "exclamation-triangle", "Run them", self._on_confirm, "danger")
        self._row = ipywidgets.HBox()
        self.box = ipywidgets.VBox([self.view, self._row])
        self._updater: PanelUpdater | None = None
        self._drawn = ""
        self._pictures: list[Callable[[Bundle], None]] = []  # of each display: its still picture and its widget
        self._live: list[Callable[[Bundle], None]] = []

    def bundle(self) -> Bundle:
        """Return the widget, with a text for front ends without widgets."""
        found: Bundle = self.box._repr_mimebundle_()
        return {**found, PLAIN: LIVE, HTML: f'<p class="pgmg muted">{LIVE}</p>'}

    def show(self) -> None:
        """Display the panel; all its displays show the same state."""
        self._pictures.append(display_updatable(picture_bundle(self.watch.picture, is_still=True)))
        self.draw(self.watch.picture)
        self._live.append(display_updatable(self.bundle()))
        if self._updater is None:
            self._follow()

    def finish(self) -> None:
        """Replace the panel by a last picture: nothing more will happen."""
        if self._updater is not None:
            self._updater.end()
        for update in self._live:
            update({HTML: "", PLAIN: ""})
        for update in self._pictures:
            update(picture_bundle(self.watch.picture))

    def draw(self, picture: WatchView) -> None:
        """Show a state."""
        with self._guard:
            pending = picture.state.pending
            if self._asked is not pending:
                self._asked = None  # the question was about other migrations
            html = watch_html(picture, asks=self._texts if self._asked is not None else None)
            if html != self._drawn:
                self._drawn = html
                self.view.value = page_as_magics(html)
                for update in self._pictures:
                    update(picture_bundle(picture, is_still=True))
            if pending is not None and pending.migrations:
                number = len(pending.migrations)
                self.apply.description = "Apply migration …" if number == 1 else f"Apply {number} migrations …"
            self._row.children = self._buttons(picture)

    def _buttons(self, picture: WatchView) -> tuple[Any, ...]:
        state = picture.state
        if state.phase is WatchPhase.STOPPED:
            return (self.begin,)
        if self._asked is not None:
            return (self.back, self.confirm)  # a double click on Apply hits Go back
        if state.pending is not None and state.pending.migrations:
            return (self.apply, self.stop)
        return (self.stop,)

    def _follow(self) -> None:
        self._updater = PanelUpdater(self.watch, self.draw)
        self._updater.start()

    # -- clicks: each acts only while its button is visible, so that a second click does nothing -----------

    def _on_stop(self) -> None:
        self.watch.ask_to_stop()

    def _on_again(self) -> None:
        if self.watch.is_running:
            return
        if self._updater is not None:
            self._updater.end()
        self.watch = self._again()
        self._follow()

    def _on_apply(self) -> None:
        self._asked = self.watch.state.pending
        self._texts = dict(_texts(self._asked, self.watch.settings.root))
        self.draw(self.watch.picture)
        self.back.focus()

    def _on_back(self) -> None:
        self._asked = None
        self.draw(self.watch.picture)
        self.apply.focus()

    def _on_confirm(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and asked is self.watch.state.pending:
            self.watch.apply_migrations()
        self.draw(self.watch.picture)

    def _button(self, text: str, icon: str, tooltip: str, act: Callable[[], None], style: str = "") -> Any:
        def click(_: object) -> None:
            with self._guard:
                act()

        layout = self._widgets.Layout(width="auto")
        button = self._widgets.Button(description=text, icon=icon, tooltip=tooltip, button_style=style, layout=layout)
        button.on_click(click)
        return button
