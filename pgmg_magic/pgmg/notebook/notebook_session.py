"""A notebook's connection choice and its open projects, by settings, so that an edit of pgmg.toml takes effect."""

from __future__ import annotations

import threading
import weakref
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg import config
from pgmg.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pgmg.catalog.sessions.connection import Connection


class LiveProject(Project):
    """A project whose running statements can be cancelled from another thread."""

    def __init__(self, settings: config.Settings, again: Callable[[], config.Settings] | None = None) -> None:
        super().__init__(settings, again)
        self._made: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._recording = False

    def connect(self) -> Connection:
        """Return a new connection; during an apply it is kept for `cancel`."""
        made = super().connect()
        with self._guard:
            if self._recording:
                self._made.add(made)
        return made

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Within this block, `cancel` reaches connections that are opened in it."""
        with self._guard:
            self._recording = True
        try:
            yield
        finally:
            with self._guard:
                self._recording = False
                self._made.clear()

    def cancel(self) -> None:
        """Ask the server to cancel the running statements."""
        from pgmg.catalog.sessions.connection import cancel

        with self._guard:
            running = [conn for conn in self._made if not conn.closed]
        for conn in running:
            cancel(conn)


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of project and server, by `%pgmg_connect` or the options of a call.

    Paths are absolute: a notebook may change its working folder afterwards.
    """

    overrides: tuple[tuple[str, object], ...] = ()
    config: Path | None = None
    environment: str | None = None

    def with_overrides(self, values: Mapping[str, object]) -> Choice:
        """Return this choice overridden by the options of a call."""
        keys = (*config.KEYS,)
        own = {key: value for key, value in values.items() if key in keys and value is not None}
        for key in config.DEFAULT_FOLDERS.keys() & own.keys():
            own[key] = _absolute(own[key])
        file, environment = values.get("config"), values.get("environment")
        return Choice(
            tuple({**dict(self.overrides), **own}.items()),
            _absolute(file) if isinstance(file, Path) else self.config,
            environment if isinstance(environment, str) else self.environment,
        )


@dataclass(slots=True)
class NotebookSession:
    """The notebook's choice, and the open projects."""

    choice: Choice = Choice()
    _open: dict[config.Settings, LiveProject] = field(default_factory=dict)
    current: LiveProject | None = None
    """The project used last; completion reads names from it."""

    _announced: str | None = None

    def announce(self, project: LiveProject, *, again: bool = False) -> bool:
        """Print project and server; by default only if they differ from the last announcement. Say whether it did."""
        line = f"Server: {project.server}; project: {project.root.name}"
        is_news = again or line != self._announced
        if is_news:
            print(line)  # noqa: T201 - a notebook's output
        self._announced = line
        return is_news

    def settings(self, values: Mapping[str, object]) -> config.Settings:
        """Return the settings of a call; without a configured server, those of the embedded one."""
        return settings_of(self.choice.with_overrides(values))

    def project(self, values: Mapping[str, object]) -> LiveProject:
        """Return the project of a call; projects stay open and are reused by settings."""
        choice, folder = self.choice.with_overrides(values), Path.cwd()
        settings = settings_of(choice, folder)
        project = self._open.get(settings)
        if project is None:
            project = self._open[settings] = LiveProject(settings, lambda: settings_of(choice, folder))
        self.current = project
        return project

    def close(self) -> None:
        """Close every project."""
        for project in self._open.values():
            project.close()
        self._open.clear()
        self.current = None


def settings_of(choice: Choice, folder: Path | None = None) -> config.Settings:
    """Load the settings for a choice in a folder, by default the working folder.

    Raises:
        ConfigError: they are not usable.
    """
    overrides, start = dict(choice.overrides), folder or Path.cwd()
    found = config.load(start, config=choice.config, environment=choice.environment, overrides=overrides)
    if found.connection_string is not None:
        return found
    overrides["connection_string"] = config.EMBEDDED
    return config.load(start, config=choice.config, environment=choice.environment, overrides=overrides)


def _absolute(path: object) -> Path:
    return Path(str(path)).expanduser().absolute()
