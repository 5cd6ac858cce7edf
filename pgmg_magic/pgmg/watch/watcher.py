"""The watcher: waits for files, for quiet, for the server, and tells what happens."""

from __future__ import annotations

import os
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.errors import ConfigError, ConnectionFailedError, EmbeddedServerError, PgmgError
from pgmg.model.plans.plan import ChangeKind, MigrationImpact
from pgmg.model.results.events import Event, Retrying, ServerNotice, Waiting
from pgmg.model.results.watch_events import (
    Applied,
    Broken,
    Disconnected,
    Mended,
    Noted,
    PendingMigrations,
    Reconnected,
    Saw,
    Stopped,
    WatchEvent,
    Watching,
    WatchListener,
    WatchPhase,
    WatchState,
)
from pgmg.watch.config_changes import ConfigChanges
from pgmg.watch.file_changes import changed_paths
from pgmg.watch.watch_session import Round, WatchSession, is_busy, is_passing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.config import Settings
    from pgmg.partial.partial_plan import PartialPlan
    from pgmg.project import Project
    from pgmg.source import SourceFiles
    from pgmg.watch.folder_events import Folders

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to reach the server; the last one goes on."""
_AGAIN = 2.0
"""Seconds until what failed in passing (a lock) is tried again."""
_LOOK_AROUND = 0.5
"""Seconds between two looks at whether an idle connection still lives."""
_THINK_TWICE = 0.25
"""Seconds of quiet before something is dropped or called broken: it may be half written, or on its way elsewhere."""


class Watcher:
    """Watches one project. `run` does everything; the rest may be called from other threads.

    `debounce` is how many seconds of quiet a change needs; with `migrations` pending migrations are run as well.
    """

    def __init__(
        self,
        project: Project,
        *,
        debounce: float = 0.05,
        migrations: bool = False,
        listener: WatchListener = lambda _event: None,
    ) -> None:
        self._project = self._given = project
        self._config = ConfigChanges(project.settings)
        self._config_problem: Broken | None = None
        self._debounce = debounce
        self._migrations = migrations
        self._listener = listener
        self._state = WatchState()
        self._session = WatchSession(project.settings, project.connect)
        self._files: SourceFiles | None = None  # what the last round was about
        self._seen: SourceFiles | None = None  # what the next one will be about
        self._known_pending: object = ()
        self._asked = threading.Event()  # somebody wants the pending migrations applied
        self._working = threading.Event()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._project.settings

    @property
    def state(self) -> WatchState:
        """Where the watcher stands: one consistent comparison, never changed once it is handed out."""
        return self._state

    def apply_migrations(self) -> None:
        """Ask for the pending migrations to be applied, once, as soon as the watcher has time."""
        self._asked.set()

    # -- running ------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; what the server is doing then is stopped and rolled back.

        Raises:
            ConfigError: no folder is configured, or no server.
        """
        failure: PgmgError | None = None
        try:
            with self._interrupting(stop):
                self._run(stop)
        except Exception as error:
            failure = error if isinstance(error, PgmgError) else _unexpected(error)
            raise
        finally:
            self._session.close()
            if self._project is not self._given:
                self._project.close()
            self._tell(Stopped(failure), replace(self._state, phase=WatchPhase.STOPPED))

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._watch_folders(stop)
            except _SettingsChanged as change:
                self._begin_anew(change.settings)

    def _watch_folders(self, stop: threading.Event) -> None:
        """Watch with the settings as they are, until `stop`.

        Raises:
            _SettingsChanged: others are in force now.
        """
        from pgmg.watch.folder_events import Folders

        settings = self._project.settings
        folders = [folder for folder in (settings.code_dir, settings.migrations_dir) if folder is not None]
        if not folders:
            raise ConfigError("There is nothing to watch.", hint="Set code_dir and migrations_dir in pgmg.toml.")
        with Folders(folders) as watched:
            shown = tuple(os.path.relpath(folder, settings.root).replace(os.sep, "/") for folder in folders)
            state = replace(self._state, server=self._project.server, folders=shown)
            self._tell(Watching(state.server, shown, self._migrations), state)
            again = 0.0  # when to work although no file changes: 0 at once, inf never
            while not stop.is_set():
                try:
                    again = self._watch(watched, stop, again)
                except (ConnectionFailedError, EmbeddedServerError) as error:
                    if not stop.is_set():
                        self._wait_for_server(error, stop)
                    again = 0.0

    def _reload(self) -> None:
        """Read the settings again; what is wrong with them is told, and the old ones stay in force.

        Raises:
            _SettingsChanged: they are others now.
        """
        try:
            settings = self._project.reloaded_settings()
        except PgmgError as error:
            self._config_problem = Broken(error, (self._config.path.name,))
            self._problems(self._state.problems)
            return
        self._config_problem = None
        self._problems(self._state.problems)
        if settings is not None and settings != self._project.settings:
            raise _SettingsChanged(settings)

    def _begin_anew(self, settings: Settings) -> None:
        """Work with other settings: another folder declares nothing that disappeared from the old one."""
        self._session.close()
        before, self._project = self._project, self._project.with_settings(settings)
        if before is not self._given:
            before.close()
        self._session = WatchSession(settings, self._project.connect)
        self._files = self._seen = None
        self._known_pending = ()
        self._config = ConfigChanges(settings)
        self._state = WatchState()

    def _watch(self, watched: Folders, stop: threading.Event, again: float) -> float:
        """Wait for something to do, and do it; return when to work again."""
        asked_for = time.monotonic() + _LOOK_AROUND
        while not stop.is_set():
            changed = watched.tick()
            now = time.monotonic()
            if changed and not self._grows_quiet(watched, stop):
                continue
            wanted = self._asked.is_set()
            if changed or wanted or now >= again:
                return self._work(stop, wanted=wanted, due=now >= again)
            if now >= asked_for:
                if self._session.is_lost:
                    raise ConnectionFailedError("The connection was lost.")
                if self._config.found():
                    self._reload()
                if self._session.have_others_applied():
                    return self._work(stop, wanted=False, due=True)
                asked_for = now + _LOOK_AROUND
        return again

    @contextmanager
    def _interrupting(self, stop: threading.Event) -> Iterator[None]:
        """While the server works, this thread cannot notice `stop`: another one waits for it."""
        over = threading.Event()

        def wait() -> None:
            stop.wait()
            while not over.wait(0.05):
                if self._working.is_set():
                    self._session.interrupt()

        helper = threading.Thread(target=wait, name="pgmg-watch-stop", daemon=True)
        helper.start()
        try:
            yield
        finally:
            over.set()

    # -- quiet ----------------------------------------------------------------------------------------------

    def _grows_quiet(self, watched: Folders, stop: threading.Event) -> bool:
        """Wait until nothing has changed for long enough; plan meanwhile. False: nothing has changed after all."""
        last, partial = time.monotonic(), self._look()
        while not stop.is_set():
            if watched.tick():
                now, before = time.monotonic(), partial
                partial = self._look()
                if partial is None or before is None or partial.files is not before.files:
                    last = now
                    continue  # else it was about something that does not concern us, and may never end
            patience = self._patience if partial is not None and self._is_grave(partial) else self._debounce
            if time.monotonic() - last >= patience:
                self._seen = None if partial is None else partial.files
                return partial is None or partial.files is not self._files
        return False

    @property
    def _patience(self) -> float:
        return max(_THINK_TWICE, 2 * self._debounce)

    def _look(self) -> PartialPlan | None:
        try:
            return self._session.look(migrations=self._migrations)
        except Exception:  # noqa: BLE001 - whoever applies will meet it again, and tell
            return None

    def _is_grave(self, partial: PartialPlan) -> bool:
        """Say whether something would be dropped or be told to be broken."""
        known = {_key(problem) for problem in self._state.problems}
        deleted = any(change.change is ChangeKind.DELETED for change in partial.plan.changes)
        return deleted or any(_key(problem) not in known for problem in partial.problems)

    # -- work -------------------------------------------------------------------------------------------------

    def _work(self, stop: threading.Event, *, wanted: bool, due: bool) -> float:
        """Apply, tell, and look at what is left; return when to work again."""
        self._asked.clear()
        seen, self._seen = self._seen or self._session.files(), None
        before, known = self._state, self._files
        self._state = replace(before, phase=WatchPhase.WORKING)
        self._working.set()
        try:
            self._files = seen
            if paths := changed_paths(known, seen):
                self._tell(Saw(paths), self._state)
            if wanted:
                self._session.unblock()
            done = self._session.apply(self._heard, migrations=self._migrations or wanted)
            paths = changed_paths(known, done.partial.files)  # with what was saved after the quiet
            known = self._files = done.partial.files
            self._told(done, paths, quietly=due and not wanted and before.phase is not WatchPhase.STARTING)
            left = self._session.settle(migrations=self._migrations)
            if left.files is done.partial.files:  # else another round is about to begin
                self._announce(done, left)
        except Exception as problem:
            if stop.is_set():
                return float("inf")
            error = self._known_error(problem)
            if isinstance(error, ConnectionFailedError | EmbeddedServerError) or is_busy(error):
                self._files = known  # it is still to be done
            if isinstance(error, ConnectionFailedError | EmbeddedServerError):
                raise
            if is_busy(error):
                if wanted:
                    self._asked.set()
                return 0.0
            self._state = replace(self._state, phase=WatchPhase.IDLE)
            # what was known to be broken stays so; one failure of everything replaces another
            self._problems((*(p for p in self._state.problems if p.objects or p.paths), Broken(error)))
            return time.monotonic() + _AGAIN if is_passing(error) else float("inf")
        finally:
            self._working.clear()
            self._state = replace(self._state, phase=WatchPhase.IDLE)
        return float("inf")

    def _known_error(self, error: Exception) -> PgmgError:
        """Return an error to tell; a mistake of pgmg's own is told too, and the next save is another try."""
        if isinstance(error, PgmgError):
            return error
        self._session.close()  # in whatever state it is
        return _unexpected(error)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Waiting | Retrying | ServerNotice):
            self._tell(Noted(event), self._state)

    def _told(self, done: Round, paths: tuple[str, ...], *, quietly: bool) -> None:
        applied = Applied(done.result, paths, done.duration_ms)
        if not done.result.applied:  # because of these, so they come first
            self._problems(done.partial.problems)
        if not quietly or done.result.applied:
            self._tell(applied, replace(self._state, phase=WatchPhase.IDLE, last=applied))
        if done.result.applied:
            self._problems(done.partial.problems)

    def _problems(self, now: tuple[Broken, ...]) -> None:
        """Tell what is newly broken, and what is so no longer."""
        now = tuple(problem for problem in now if problem.paths != (self._config.path.name,))
        if self._config_problem is not None:
            now = (*now, self._config_problem)
        before = {_key(problem) for problem in self._state.problems}
        after = {_key(problem) for problem in now}
        paths = {path for problem in now for path in problem.paths}
        objects = {name for problem in now for name in problem.objects}
        gone = [problem for problem in self._state.problems if _key(problem) not in after]
        fine_paths = tuple(sorted({path for problem in gone for path in problem.paths} - paths))
        fine_objects = tuple(sorted({name for problem in gone for name in problem.objects} - objects, key=str))
        self._state = replace(self._state, problems=now)
        if fine_paths or fine_objects or (gone and not now):
            self._tell(Mended(fine_paths, fine_objects), self._state)
        for problem in now:
            if _key(problem) not in before:
                self._tell(problem, self._state)

    def _announce(self, done: Round, left: PartialPlan) -> None:
        """Tell which migrations are pending now, if that is news."""
        known = ([(m.name, m.hash) for m in left.pending], left.waiting, str(done.blocked or ""))
        if known == self._known_pending:
            return
        impacts: tuple[MigrationImpact, ...] = tuple(MigrationImpact(m.name, m.path) for m in left.pending)
        error = done.blocked
        if left.pending:
            try:
                impacts = self._session.impact()
            except (ConnectionFailedError, EmbeddedServerError):
                raise
            except PgmgError as failure:
                error = error or failure
        self._known_pending = known
        event = PendingMigrations(impacts, error, left.waiting)
        is_news = bool(impacts or error or self._state.pending)
        state = replace(self._state, pending=event if impacts or error else None)
        if is_news:
            self._tell(event, state)

    # -- the server ---------------------------------------------------------------------------------------------

    def _wait_for_server(self, error: PgmgError, stop: threading.Event) -> None:
        for number in range(1_000_000_000):
            pause = _PAUSES[min(number, len(_PAUSES) - 1)]
            self._tell(Disconnected(error, pause), replace(self._state, phase=WatchPhase.DISCONNECTED))
            if stop.wait(pause):
                return
            try:
                self._session.reopen()
            except (ConnectionFailedError, EmbeddedServerError) as again:
                error = again
            else:
                self._tell(Reconnected(self._state.server), replace(self._state, phase=WatchPhase.IDLE))
                return

    def _tell(self, event: WatchEvent, state: WatchState) -> None:
        self._state = state
        self._listener(event)


class _SettingsChanged(Exception):
    """Other settings are in force now."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("other settings")
        self.settings = settings


def _unexpected(error: Exception) -> PgmgError:
    frames = traceback.extract_tb(error.__traceback__)
    spot = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return PgmgError(f"Unexpected {type(error).__name__}{spot}: {error}", hint="Please report it.")


def _key(problem: Broken) -> tuple[str, tuple[str, ...], frozenset[object]]:
    return str(problem.error), problem.paths, frozenset(problem.objects)
