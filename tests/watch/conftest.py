"""A watcher in a thread, what it tells, and the same project built from nothing to compare with."""

from __future__ import annotations

import itertools
import shutil
import threading
from contextlib import contextmanager

import pytest

from pgmg.model.results.watch_events import Applied, Broken, Stopped, Watching
from pgmg.render.text.results.watch_lines import watch_lines
from pgmg.render.text.spans import plain
from pgmg.watch import Watcher
from tests import oracle
from tests.conftest import Case

PATIENCE = 60  # seconds; only a failure takes as long
MOST_LOOKS = 4000
"""Looks of a watcher at its folders without any news; one that has something to tell does so within a few."""


class Stop(threading.Event):
    """Tells a watcher to stop, and counts how often it asks: once for each look at its folders."""

    def __init__(self):
        super().__init__()
        self.looks = 0

    def is_set(self):
        self.looks += 1
        return super().is_set()


_NUMBERS = itertools.count()


class Watched:
    """What a watcher has told so far; `until` waits for more."""

    def __init__(self, case, **options):
        self.case = case
        self.events = []
        self.news = threading.Condition()
        self.stop = Stop()
        self.read = 0  # how far `until` has come
        self.opened = case.open(**options.pop("settings", {}))
        self.watcher = Watcher(self.opened, listener=self._heard, **options)
        self.failure = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self.watcher.run(self.stop)
        except BaseException as error:
            self.failure = error

    def _heard(self, event):
        with self.news:
            self.events.append(event)
            self.news.notify_all()

    def until(self, kind, fits=lambda _event: True):
        """The next event of a kind that fits. Not the clock ends the waiting, but a watcher that looks and finds nothing."""
        seen = self.stop.looks
        with self.news:
            while True:
                is_over = not self.thread.is_alive()
                while self.read < len(self.events):
                    event, seen = self.events[self.read], self.stop.looks
                    self.read += 1
                    if isinstance(event, kind) and fits(event):
                        return event
                is_over = is_over or self.stop.looks - seen > MOST_LOOKS
                assert not is_over, f"no {kind.__name__} in:\n{self.story()}"
                self.news.wait(0.2)

    def story(self):
        return "\n".join(f"{type(event).__name__}: {plain(watch_lines(event, 1))}" for event in self.events)

    def saved(self, path):
        """The round that a file is part of."""
        return self.until(Applied, lambda event: path in event.paths)

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def calm(self):
        """Wait until all that has been written is applied: rounds are about the whole project."""
        number = next(_NUMBERS)  # two watchers of one folder may be waited for in turn
        path = f"sql/sentinel_{number}.sql"
        self.case.write(path, f"CREATE VIEW sentinel_{number} AS SELECT 1 AS one;\n")
        return self.saved(path)

    def end(self):
        self.stop.set()
        self.thread.join()
        self.opened.close()
        assert self.failure is None
        assert isinstance(self.events[-1], Stopped)


@pytest.fixture
def watch(project):
    """What starts to watch, for a `with` statement; inside of it the first round is over."""

    @contextmanager
    def start(case=project, **options):
        watched = Watched(case, **options)
        watched.thread.start()
        try:
            watched.until(Watching)
            watched.until(Applied)
            yield watched
        finally:
            watched.end()

    return start


@pytest.fixture
def built_anew(project, server, tmp_path_factory):
    """What pg_dump says of the project, built from nothing, that the watched database does not."""
    made = []

    def compare():
        dsn = server.create()
        made.append(dsn)
        root = tmp_path_factory.mktemp("shadow")
        shadow = Case(root, dsn)
        for folder in ("sql", "migrations"):
            shutil.rmtree(root / folder)
            shutil.copytree(project.root / folder, root / folder)
        shadow.apply()
        return oracle.differences(oracle.dump(dsn), oracle.dump(project.dsn))

    yield compare
    for dsn in made:
        server.drop(dsn)


def problem(watched, path):
    """The next problem about a file."""
    return watched.until(Broken, lambda event: path in event.paths)
