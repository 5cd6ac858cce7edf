"""What a notebook has chosen and has open: projects by their settings, so that an edit of pgmg.toml is noticed."""

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
    from collections.abc import Iterator, Mapping

    from pgmg.catalog.connection import Connection


class LiveProject(Project):
    """A project whose running statements can be cancelled from another thread."""

    def __init__(self, settings: config.Settings) -> None:
        super().__init__(settings)
        self._made: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._recording = False

    def connect(self) -> Connection:
        """Return a new connection, and remember it while an apply is at work."""
        made = super().connect()
        with self._guard:
            if self._recording:
                self._made.add(made)
        return made

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Within, `cancel` ends what new connections are doing."""
        with self._guard:
            self._recording = True
        try:
            yield
        finally:
            with self._guard:
                self._recording = False
                self._made.clear()

    def cancel(self) -> None:
        """Ask the server to stop the statements that are running."""
        from pgmg.catalog.connection import cancel

        with self._guard:
            running = [conn for conn in self._made if not conn.closed]
        for conn in running:
            cancel(conn)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which project and server: what `%pgmg_connect` or a call's own options say."""

    overrides: tuple[tuple[str, object], ...] = ()
    config: Path | None = None
    environment: str | None = None

    def under(self, values: Mapping[str, object]) -> Choice:
        """Return the choice of a call: its options, and below them what the notebook has chosen."""
        keys = (*config.KEYS,)
        own = {key: value for key, value in values.items() if key in keys and value is not None}
        file, environment = values.get("config"), values.get("environment")
        return Choice(
            tuple({**dict(self.overrides), **own}.items()),
            file if isinstance(file, Path) else self.config,
            environment if isinstance(environment, str) else self.environment,
        )


@dataclass(slots=True)
class NotebookSession:
    """The notebook's choice, and the projects that are open."""

    choice: Choice = Choice()
    _open: dict[config.Settings, LiveProject] = field(default_factory=dict)
    current: LiveProject | None = None
    """The one that was used last: what completion knows names from."""

    def settings(self, values: Mapping[str, object]) -> config.Settings:
        """Return the settings of a call; a notebook counts as interactive: without a server, the embedded one."""
        return settings_of(self.choice.under(values))

    def project(self, values: Mapping[str, object]) -> LiveProject:
        """Return the project of a call, open since it was first used with these settings."""
        settings = self.settings(values)
        project = self._open.get(settings)
        if project is None:
            project = self._open[settings] = LiveProject(settings)
        self.current = project
        return project

    def close(self) -> None:
        """Close every project."""
        for project in self._open.values():
            project.close()
        self._open.clear()
        self.current = None


def settings_of(choice: Choice) -> config.Settings:
    """Read the settings that a choice means."""
    overrides = dict(choice.overrides)
    found = config.load(".", config=choice.config, environment=choice.environment, overrides=overrides)
    if found.connection_string is not None:
        return found
    overrides["connection_string"] = config.EMBEDDED
    return config.load(".", config=choice.config, environment=choice.environment, overrides=overrides)
