"""The team, and its one invariant.

Nothing is dropped that its owner did not delete; nothing is called done that is not; and each refusal names a command
that leads out. A view is owned by whoever created or changed it last from a file of his own: that is known here from
what the catalog shows after each act, not from pgmg's tables. Where two may have done it, either may drop it.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pgmg.model.results.watch_events import Applied, Watching, WatchPhase
from tests.living.checkout import Checkout, git
from tests.living.facts import SENTINEL, Facts, read_facts, unreadable
from tests.watch.conftest import PATIENCE, Watched

CONFIG = 'migrations_dir = "migrations"\ncode_dir = "sql"\n'
_WAY_OUT = re.compile(r"`pgmg ([^`]+)`")
_PLACEHOLDER = re.compile(r"\b(OLD|NEW|NAME|SCHEMA)\b")
_DIFFERS = 3


class Team:
    """Checkouts of one repository that share a database; `story` is what they did."""

    def __init__(self, folder: Path, dsn: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder, self.dsn = folder, dsn
        self.story: list[str] = []
        self.owners: dict[str, set[str]] = {}
        self.by_hand: set[str] = set()
        self.numbers = iter(range(1, 10_000))
        self._begin()
        self.members = [self._clone(name) for name in ("ada", "ben")]
        self.watched: dict[str, Watched] = {}
        self.facts = read_facts(dsn)

    def _begin(self) -> None:
        """Create the repository, with a table and two views."""
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        git(self.folder, "clone", "--quiet", "origin.git", "first")
        first = Checkout(self.folder / "first", self.dsn, "first")
        first.write("pgmg.toml", CONFIG)
        first.write("migrations/001_base.sql", "CREATE TABLE base (id integer PRIMARY KEY);\n")
        first.put("v1", "base", self.mark())
        first.put("v2", "v1", self.mark())
        first.commit("begin")
        git(first.root, "push", "--quiet", "origin", "HEAD:main")

    def _clone(self, name: str) -> Checkout:
        git(self.folder, "clone", "--quiet", "--branch", "main", "origin.git", name)
        return Checkout(self.folder / name, self.dsn, name)

    def mark(self) -> str:
        """Return a mark that no view had before."""
        return f"m{next(self.numbers)}"

    def told(self, text: str) -> None:
        """Note what happens."""
        self.story.append(text)

    def fail(self, text: str) -> AssertionError:
        """Return the error of a broken invariant, with how it came to be."""
        return AssertionError("\n".join([text, "", *self.story[-40:]]))

    # -- the invariant ----------------------------------------------------------------------------------

    def look(self, *actors: Checkout, consented: Collection[str] = ()) -> Facts:
        """See what has changed in the database, and that it may have: the actors, and whoever watches, did it."""
        now = read_facts(self.dsn)
        busy = [*actors, *(member for member in self.members if member.name in self.watched)]
        for view in self.facts.views.keys() - now.views.keys():
            owners = self.owners.pop(view, set())
            mine = any(member.name in owners and view not in member.views() for member in busy)
            if view in self.by_hand or not (mine or view in consented):
                raise self.fail(f"{view} of {owners} was dropped by {[m.name for m in busy]}, which nobody asked for")
        for view, columns in now.views.items():
            same = columns == self.facts.views.get(view)
            if view in self.by_hand or (same and now.identities[view] == self.facts.identities[view]):
                continue
            authors = {member.name for member in busy if member.views().get(view) in columns}
            if not (authors or same):
                raise self.fail(f"{view} has become {sorted(columns)}, which no file of {[m.name for m in busy]} says")
            self.owners[view] = authors or self.owners[view]
        if lost := self.facts.tables.keys() - now.tables.keys():
            raise self.fail(f"The tables {lost} are gone")
        self.facts = now
        return now

    def expect_done(self, member: Checkout, *, whole: bool) -> None:
        """See that the database is as the member's files say; `whole` says that it then holds no other views."""
        for view, mark in member.views().items():
            if self.facts.views.get(view) != {"id", mark}:  # a hotfix by hand is gone, too
                raise self.fail(f"{view} is called done, and is not: {mark}, but {self.facts.views.get(view)}")
        if lost := member.tables() - self.facts.tables.keys():
            raise self.fail(f"Migrations are called done, and {lost} are not there")
        if broken := unreadable(self.dsn, member.views()):
            raise self.fail(f"Views are called done, and cannot be read: {broken}")
        left = self.facts.views.keys() - member.views().keys() - self.by_hand
        if whole and left:
            raise self.fail(f"Called done, but {left} of {[self.owners.get(view) for view in left]} are still there")

    # -- commands ---------------------------------------------------------------------------------------

    def bring(self, member: Checkout, *, accept: bool) -> bool:
        """Apply, following the ways out that refusals name; say whether it was done in the end.

        Whoever does not accept that others' objects are dropped leaves it at that.
        """
        consented: set[str] = set()
        words = ["apply"]
        for _ in range(10 + 2 * len(member.migrations())):
            done = member.cli(*words)
            self.look(member, consented=consented)
            if done.exit_code == 0:
                self._settle(member)
                self.expect_done(member, whole=True)
                return True
            self.told(f"{member.name}: {' '.join(words)}: {done.stderr.strip()}")
            way = self._way_out(done.stderr)
            if way == "apply --yes":
                if not accept:
                    return False
                consented |= self._deletions(member)
                words = way.split()
            else:
                self._run(member, way)
        raise self.fail(f"{member.name}: the ways out lead in a circle")

    def _settle(self, member: Checkout) -> None:
        """After an apply, a plan finds nothing, or says how to get there."""
        for _ in range(10 + len(member.migrations())):
            done = member.cli("plan", "--exit-code")
            if done.exit_code == 0:
                return
            if done.exit_code != _DIFFERS:
                raise self.fail(f"plan after apply: {done.output}")
            self.told(f"{member.name}: still differs: {done.output.strip()}")
            self._run(member, self._way_out(done.output))
        raise self.fail(f"{member.name}: apply is done, and plan is not")

    def _way_out(self, text: str) -> str:
        """Return the first command that a message names completely."""
        ways = [way for way in _WAY_OUT.findall(text) if not _PLACEHOLDER.search(way)]
        if not ways:
            raise self.fail(f"A refusal without a way out: {text}")
        return ways[0]

    def _run(self, member: Checkout, way: str) -> None:
        done = member.cli(*way.split())
        self.told(f"{member.name}: {way}: {done.output.strip()}")
        if done.exit_code != 0:
            raise self.fail("The way out does not lead out")

    def _deletions(self, member: Checkout) -> set[str]:
        """Return the views that the plan says it would drop: whoever consents has read it."""
        planned = json.loads(member.cli("plan", "--format", "json").stdout)
        names = (change["object"] for change in planned["changes"] if change["change"] == "deleted")
        return {name.removeprefix("view.").rpartition(".")[2] for name in names}

    # -- watchers ---------------------------------------------------------------------------------------

    def start_watching(self, member: Checkout) -> None:
        """Watch a member's folders."""
        watched = self.watched[member.name] = Watched(member, debounce=0.05)
        watched.thread.start()
        watched.until(Watching)
        self._rest()
        self.quiet()

    def stop_watching(self, member: Checkout) -> None:
        """Stop the watcher, if there is one."""
        watched = self.watched.pop(member.name, None)
        if watched is not None:
            watched.end()

    def quiet(self) -> None:
        """Wait until each watcher has seen all files as they are: it has applied a view, and dropped it."""
        for name, watched in self.watched.items():
            view = f"{SENTINEL}_{name}"
            path = f"sql/{view}.sql"
            for text in (f"CREATE VIEW {view} AS SELECT {next(self.numbers)} AS one;\n", None):
                watched.read = len(watched.events)
                if text is None:
                    watched.case.remove(path)
                else:
                    watched.case.write(path, text)
                watched.until(Applied, lambda event, path=path: path in event.paths)
        self._rest()
        self.look()

    def _rest(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while any(w.watcher.state.phase is not WatchPhase.IDLE for w in self.watched.values()):
            if time.monotonic() > deadline:
                raise self.fail("A watcher does not come to rest")
            time.sleep(0.02)

    @contextmanager
    def going_home(self) -> Iterator[None]:
        """End the watchers, whatever happens."""
        try:
            yield
        finally:
            for member in self.members:
                self.stop_watching(member)
