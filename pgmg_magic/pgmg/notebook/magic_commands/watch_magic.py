"""`%pgmg_watch`: starts, stops and shows the watchers of a notebook, and stops them when the kernel ends."""

from __future__ import annotations

import atexit
import weakref
from typing import TYPE_CHECKING, Any

from pgmg.model.secrets import mask_secrets
from pgmg.notebook.formatters import display_bundle
from pgmg.notebook.live.watch_panel import TextPanel, WidgetPanel, picture_bundle
from pgmg.notebook.live.watchers import Watch, WatcherRegistry, is_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.config import Settings
    from pgmg.notebook.front_end import FrontEnd
    from pgmg.project import Project

ACTIONS = ("start", "stop", "status")
_USAGE = "%pgmg_watch status shows its state, %pgmg_watch stop stops it."


class WatchMagic:
    """The watchers of one notebook and their panels. `secrets` returns passwords to mask in errors."""

    def __init__(self, front: FrontEnd, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._front, self._secrets = front, secrets
        self._watches = WatcherRegistry()
        self._panels: dict[Watch, WidgetPanel | TextPanel] = {}
        self._told: weakref.WeakSet[Watch] = weakref.WeakSet()

    def open(self) -> None:
        """Stop all watchers when the process ends."""
        atexit.register(self._end)

    def close(self) -> None:
        """Stop all watchers, and say so."""
        running = self._watches.running()
        self._end()
        for watch in running:
            _say(f"Stopped watching {watch.name}.")

    def _end(self) -> None:
        atexit.unregister(self._end)
        self._watches.close()
        for panel in self._panels.values():
            if isinstance(panel, WidgetPanel):
                panel.finish()  # its buttons would start a watcher that no magic knows
        self._panels.clear()

    def start(self, project: Project, values: dict[str, Any]) -> Watch:
        """Start the watcher of a project, or show the one that runs."""
        return self._start(project, (values["debounce"] / 1000, values["migrations"]), text=values["plain"])

    def stop(self, settings: Settings | None) -> Watch | None:
        """Stop the watcher of these settings; where it has none, all others: they are named."""
        running = self._watches.running()
        chosen = tuple(w for w in running if settings is not None and is_of(w, settings)) or running
        for watch in chosen:
            ended = watch.stop()
            panel = self._panels.pop(watch, None)
            if isinstance(panel, WidgetPanel):
                panel.finish()
            waits = "is still waiting for the server and will stop after that"
            _say(f"Stopped watching {watch.name}." if ended else f"The watcher of {watch.name} {waits}.")
        if not chosen:
            _say("No watcher is running.")
        self.tell_others(None)
        return chosen[0] if chosen else self._known(settings)

    def status(self, settings: Settings | None) -> Watch | None:
        """Show the watcher of these settings; where it has none, all others."""
        own = self._known(settings)
        shown = (own,) if own is not None else self._watches.running()
        for watch in shown:
            display_bundle(picture_bundle(watch.picture))
        if not shown:
            _say("No watcher is running. %pgmg_watch start starts one.")
        else:
            self.tell_others(shown[0].settings)
        return shown[0] if shown else None

    def tell_others(self, settings: Settings | None) -> None:
        """Name the running watchers that are not of these settings: they go on while other projects are used."""
        for watch in self._watches.running():
            if settings is None or not is_of(watch, settings):
                _say(f"A watcher still watches {watch.name}. %pgmg_watch stop stops it.")

    def tell_ended(self) -> None:
        """Name, once, the watchers that have ended by themselves."""
        for watch in self._watches:
            failure = watch.failure
            if failure is not None and watch not in self._told:
                self._told.add(watch)
                text = mask_secrets(failure.message, watch.picture.secrets)
                _say(f"The watcher of {watch.name} has ended: {text}")

    def _known(self, settings: Settings | None) -> Watch | None:
        return None if settings is None else self._watches.of(settings)

    def _start(self, project: Project, options: tuple[float, bool], *, text: bool) -> Watch:
        settings, name = project.settings, f"{project.root.name} on {project.server}"

        def begin() -> Watch:
            watch, _ = self._watches.begin(lambda: self._new(project, name, options), settings, options)
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
            _say(f"Watching. {_USAGE}")  # a terminal cannot update an output
        return watch

    def _new(self, project: Project, name: str, options: tuple[float, bool]) -> Watch:
        debounce, migrations = options
        own = project.with_settings(project.settings)
        return Watch(own, debounce=debounce, migrations=migrations, secrets=self._secrets(), name=name)


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a notebook's output
