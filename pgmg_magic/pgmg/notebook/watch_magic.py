"""`%pgmg_watch`: starts, stops and shows the watchers of a notebook, and stops them when the kernel ends."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.notebook.formatters import display_bundle
from pgmg.notebook.watch_panel import TextPanel, WidgetPanel, picture_bundle
from pgmg.notebook.watchers import Watch, WatcherRegistry
from pgmg.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.config import Settings
    from pgmg.notebook.front_end import FrontEnd

ACTIONS = ("start", "stop", "status")
_USAGE = "%pgmg_watch status shows its state, %pgmg_watch stop stops it."


class WatchMagic:
    """The watchers of one notebook and their panels. `secrets` returns passwords to mask in errors."""

    def __init__(self, front: FrontEnd, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._front, self._secrets = front, secrets
        self._watches = WatcherRegistry()
        self._panels: dict[Watch, WidgetPanel | TextPanel] = {}

    def open(self) -> None:
        """Stop all watchers when the process ends."""
        atexit.register(self.close)

    def close(self) -> None:
        """Stop all watchers."""
        atexit.unregister(self.close)
        self._watches.close()
        self._panels.clear()

    def run(self, settings: Settings, values: dict[str, Any]) -> Watch | None:
        """Carry out the action; return the watcher, None if there is none.

        Raises:
            UsageError: the action is not start, stop or status.
        """
        match values["action"] or "start":
            case "start":
                return self._start(settings, (values["debounce"] / 1000, values["migrations"]), text=values["plain"])
            case "stop":
                return self._stop(settings)
            case "status":
                return self._status(settings)
            case other:
                raise UsageError(f"%pgmg_watch {other}: unknown action", hint=f"One of {', '.join(ACTIONS)}.")

    def _start(self, settings: Settings, options: tuple[float, bool], *, text: bool) -> Watch:
        def begin() -> Watch:
            watch, _ = self._watches.begin(lambda: self._new(settings, options), settings, options)
            return watch

        watch = begin()
        panel = self._panels.get(watch)
        if panel is None or isinstance(panel, TextPanel) != text:
            panel = TextPanel(watch) if text or not self._front.has_kernel else WidgetPanel(watch, begin)
            self._panels = {known: shown for known, shown in self._panels.items() if known.is_running}
            self._panels[watch] = panel
        if self._front.has_kernel:
            panel.show()
        else:
            print(f"Watching. {_USAGE}")  # noqa: T201 - a terminal cannot update an output
        return watch

    def _new(self, settings: Settings, options: tuple[float, bool]) -> Watch:
        debounce, migrations = options
        return Watch(Project(settings), debounce=debounce, migrations=migrations, secrets=self._secrets())

    def _stop(self, settings: Settings) -> Watch | None:
        watch = self._watches.of(settings)
        if watch is None or not watch.is_running:
            print("No watcher is running.")  # noqa: T201 - a notebook's output
            return watch
        ended = watch.stop()
        panel = self._panels.pop(watch, None)
        if isinstance(panel, WidgetPanel):
            panel.finish()
        print("Stopped watching." if ended else "The watcher is still waiting for the server and will stop after that.")  # noqa: T201
        return watch

    def _status(self, settings: Settings) -> Watch | None:
        watch = self._watches.of(settings)
        if watch is None:
            print("No watcher is running. %pgmg_watch start starts one.")  # noqa: T201 - a notebook's output
            return None
        display_bundle(picture_bundle(watch.picture))
        return watch
