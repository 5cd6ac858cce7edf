"""Watchers that run in background threads of the kernel."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from pgmg.errors import PgmgError
from pgmg.model.results.watch_events import Stopped, WatchEvent, WatchState
from pgmg.render.text.results.panel_lines import TimedEvent, WatchView
from pgmg.watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgmg.config import Settings
    from pgmg.project import Project

_HISTORY = 50
"""Number of latest events that are kept."""
_STOP_TIMEOUT = 10.0
"""Seconds to wait for a watcher's end: the server may have to roll back a statement."""


class Watch:
    """One running watcher. It has its own connections and never prints; displays read `picture`.

    `name` says which project on which server it watches.
    """

    def __init__(
        self,
        project: Project,
        *,
        debounce: float,
        migrations: bool,
        secrets: tuple[str, ...] = (),
        name: str = "the project",
    ) -> None:
        self.name = name
        self.options = (debounce, migrations)
        self.news = threading.Event()
        self._project, self._secrets = project, secrets
        self._stop = threading.Event()
        self._events: deque[TimedEvent] = deque(maxlen=_HISTORY)
        self._watcher = Watcher(project, debounce=debounce, migrations=migrations, listener=self._on_event)
        self._thread = threading.Thread(target=self._run, name="pgmg watch", daemon=True)

    @property
    def settings(self) -> Settings:
        """The settings in force: the watcher reads them again when pgmg.toml is edited."""
        return self._watcher.settings

    @property
    def state(self) -> WatchState:
        """The watcher's state."""
        return self._watcher.state

    @property
    def events(self) -> tuple[WatchEvent, ...]:
        """The latest events, in order."""
        return tuple(one.event for one in tuple(self._events))

    @property
    def picture(self) -> WatchView:
        """State and latest events."""
        return WatchView(self.state, tuple(self._events), self._secrets)

    @property
    def is_running(self) -> bool:
        """The thread has not ended."""
        return self._thread.is_alive()

    @property
    def failure(self) -> PgmgError | None:
        """Why it ended by itself; None while it runs, and where it was asked to stop."""
        if self.is_running or self._stop.is_set():
            return None
        return next((event.error for event in reversed(self.events) if isinstance(event, Stopped)), None)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Request the end; a running statement is rolled back."""
        self._stop.set()

    def stop(self, seconds: float = _STOP_TIMEOUT) -> bool:
        """Stop and wait for the end; False after the timeout."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self.is_running

    def apply_migrations(self) -> None:
        """Apply the pending migrations, once."""
        self._watcher.apply_migrations()

    def _on_event(self, event: WatchEvent) -> None:
        self._events.append(TimedEvent(time.time(), event))
        self.news.set()

    def _run(self) -> None:
        try:
            self._watcher.run(self._stop)
        except PgmgError:
            pass  # the watcher has sent it as an event
        except Exception as error:  # noqa: BLE001 - a thread's traceback would be printed into a cell
            self._on_event(Stopped(PgmgError(f"The watcher ended unexpectedly: {type(error).__name__}: {error}")))
        finally:
            self._project.close()
            self.news.set()


class PanelUpdater:
    """Calls `draw` after changes, from its own thread, so that the watcher never waits for a display."""

    _LOOK, _REST = 0.25, 0.1

    def __init__(self, watch: Watch, draw: Callable[[WatchView], None]) -> None:
        self._watch, self._draw = watch, draw
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pgmg watch panel", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the updates."""
        self._over.set()
        self._watch.news.set()

    def _run(self) -> None:
        drawn: WatchView | None = None
        alive = True
        while alive and not self._over.is_set():
            self._watch.news.wait(self._LOOK)
            self._watch.news.clear()
            alive = self._watch.is_running
            picture = self._watch.picture
            if picture != drawn and not self._over.is_set():
                drawn = picture
                try:
                    self._draw(picture)
                except Exception:  # noqa: BLE001 - the front end is gone
                    return
            self._over.wait(self._REST)


class WatcherRegistry:
    """The watchers of a notebook, one per project and server."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []

    def __iter__(self) -> Iterator[Watch]:
        return iter(tuple(self._watches))

    def running(self) -> tuple[Watch, ...]:
        """Return those that have not ended."""
        return tuple(watch for watch in self._watches if watch.is_running)

    def of(self, settings: Settings) -> Watch | None:
        """Return the watcher of a project, running or stopped."""
        return next((watch for watch in self._watches if is_of(watch, settings)), None)

    def begin(self, make: Callable[[], Watch], settings: Settings, options: tuple[float, bool]) -> tuple[Watch, bool]:
        """Return the watcher of a project, and whether it is new; one with other settings is stopped and replaced."""
        known = self.of(settings)
        if known is not None:
            if known.is_running and known.settings == settings and known.options == options:
                return known, False
            known.stop()
            self._watches.remove(known)
        made = make()
        self._watches.append(made)
        made.start()
        return made, True

    def close(self) -> None:
        """Stop all watchers and wait for their end."""
        for watch in self:
            watch.ask_to_stop()
        for watch in self:
            watch.stop()
        self._watches.clear()


def is_of(watch: Watch, settings: Settings) -> bool:
    """Say whether a watcher watches the project of these settings, on the same server."""
    known = watch.settings
    return (known.root, known.connection_string) == (settings.root, settings.connection_string)
