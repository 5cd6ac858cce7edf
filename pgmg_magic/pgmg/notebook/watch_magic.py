"""What `%pgmg_watch` does: begins, ends and shows the watchers of a notebook, and takes them along when it ends."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.notebook.formatters import put
from pgmg.notebook.watch_panel import TextPanel, WidgetPanel, picture_bundle
from pgmg.notebook.watchers import Watch, Watches
from pgmg.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.config import Settings
    from pgmg.notebook.front_end import Front

ACTIONS = ("start", "stop", "status")
_TELL = "%pgmg_watch status tells how it goes, %pgmg_watch stop ends it."


class WatchDesk:
    """The watchers of one notebook and their panels. `secrets` are passwords that must not turn up in errors."""

    def __init__(self, front: Front, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._front, self._secrets = front, secrets
        self._watches = Watches()
        self._panels: dict[Watch, WidgetPanel | TextPanel] = {}

    def open(self) -> None:
        """Be there at the end of the process, too."""
        atexit.register(self.close)

    def close(self) -> None:
        """End all watchers."""
        atexit.unregister(self.close)
        self._watches.close()
        self._panels.clear()

    def run(self, settings: Settings, values: dict[str, Any]) -> Watch | None:
        """Do what the word says; the watcher is returned, None where there is none.

        Raises:
            UsageError: another word than start, stop or status.
        """
        match values["action"] or "start":
            case "start":
                return self._start(settings, (values["debounce"] / 1000, values["migrations"]), text=values["plain"])
            case "stop":
                return self._stop(settings)
            case "status":
                return self._status(settings)
            case other:
                raise UsageError(f"%pgmg_watch {other}: there is no such word", hint=f"One of {', '.join(ACTIONS)}.")

    def _start(self, settings: Settings, options: tuple[float, bool], *, text: bool) -> Watch:
        def begin() -> Watch:
            watch, _ = self._watches.begin(lambda: self._made(settings, options), settings, options)
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
            print(f"Watching. {_TELL}")  # noqa: T201 - a terminal's output: nothing is updated behind a prompt
        return watch

    def _made(self, settings: Settings, options: tuple[float, bool]) -> Watch:
        debounce, migrations = options
        return Watch(Project(settings), debounce=debounce, migrations=migrations, secrets=self._secrets())

    def _stop(self, settings: Settings) -> Watch | None:
        watch = self._watches.of(settings)
        if watch is None or not watch.is_running:
            print("Nothing is being watched.")  # noqa: T201 - a notebook's output
            return watch
        ended = watch.stop()
        print("Stopped watching." if ended else "The watcher is still waiting for the server; it ends after that.")  # noqa: T201
        return watch

    def _status(self, settings: Settings) -> Watch | None:
        watch = self._watches.of(settings)
        if watch is None:
            print("Nothing is being watched. %pgmg_watch start begins.")  # noqa: T201 - a notebook's output
            return None
        put(picture_bundle(watch.picture))
        return watch
