"""A watcher drops only what disappeared from its own folder while it ran, and overwrites nobody (rule 3.7)."""

from __future__ import annotations

import os
import shutil

import pytest

from pgmg.errors import RefusedChange
from pgmg.model.results.watch_events import Applied, Broken, Mended
from tests.conftest import Case
from tests.watch.conftest import Watched


def view(name, what="1 AS one"):
    return f"CREATE VIEW {name} AS SELECT {what};"


def exists(project, name):
    return project.value("SELECT to_regclass(%s)::text", name) is not None


@pytest.fixture
def checkout(project, tmp_path_factory):
    """A function that makes another checkout of the project, of the same database."""

    def make() -> Case:
        other = Case(tmp_path_factory.mktemp("checkout"), project.dsn)
        for folder in ("sql", "migrations"):
            shutil.rmtree(other.root / folder)
            shutil.copytree(project.root / folder, other.root / folder)
        return other

    return make


def about(watched, name):
    """The problem that a watcher has with an object."""
    known = [event for event in watched.told(Broken) if name in map(str, event.objects)]
    return known[-1] if known else watched.until(Broken, lambda event: name in map(str, event.objects))


def test_what_was_not_in_the_folder_when_watching_began_is_kept_and_named(project, watch):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    project.remove("sql/b.sql")
    with watch() as watched:
        told = about(watched, "view.b")
        assert isinstance(told.error, RefusedChange)
        assert "pgmg apply" in told.error.hint
        watched.calm()
        assert exists(project, "b")
        project.apply()  # whoever means it
        project.write("sql/a.sql", view("a", "2 AS one"))
        watched.saved("sql/a.sql")
        assert watched.watcher.state.problems == ()
    assert not exists(project, "b")


def test_what_disappears_while_it_watches_is_dropped(project, watch):
    project.write("sql/a.sql", view("a"))
    with watch() as watched:
        project.write("sql/b.sql", view("b"))
        watched.saved("sql/b.sql")
        project.remove("sql/b.sql")
        watched.saved("sql/b.sql")
        assert not exists(project, "b")
        assert watched.told(Broken) == []


def test_two_watchers_of_two_branches_leave_each_others_objects_alone(project, watch, checkout):
    project.write("sql/a.sql", view("a"))
    project.apply()
    other = checkout()
    with watch() as one, watch(other) as two:
        project.write("sql/mine.sql", view("mine"))
        one.saved("sql/mine.sql")
        other.write("sql/theirs.sql", view("theirs"))
        two.saved("sql/theirs.sql")
        for _ in range(3):
            one.calm()
            two.calm()
        assert exists(project, "mine")
        assert exists(project, "theirs")
        assert len([event for event in one.told(Broken) if "view.theirs" in map(str, event.objects)]) == 1
        project.remove("sql/mine.sql")
        one.saved("sql/mine.sql")
        assert not exists(project, "mine")
        assert exists(project, "theirs")


def test_what_another_checkout_applied_last_is_kept_although_its_file_disappears_here(project, watch, checkout):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    other = checkout()
    with watch() as watched:
        other.write("sql/b.sql", view("b", "2 AS one"))
        other.apply()
        project.remove("sql/b.sql")
        told = about(watched, "view.b")
        assert str(other.root) in told.error.message
        watched.calm()
        assert exists(project, "b")


def test_another_checkouts_version_is_not_overwritten_by_a_save_of_something_else(project, watch, checkout):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    other = checkout()
    with watch() as watched:
        other.write("sql/b.sql", view("b", "2 AS one"))
        other.apply()
        project.write("sql/a.sql", view("a", "3 AS one"))
        watched.saved("sql/a.sql")
        told = about(watched, "view.b")
        assert str(other.root) in told.error.message
        watched.calm()
        assert project.value("SELECT one FROM b") == 2
        project.write("sql/b.sql", view("b", "4 AS one"))  # now it is meant
        watched.saved("sql/b.sql")
        assert project.value("SELECT one FROM b") == 4
        assert watched.watcher.state.problems == ()


def test_what_another_checkout_has_dropped_is_not_created_again_by_a_save_of_something_else(project, watch, checkout):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    other = checkout()
    other.remove("sql/b.sql")
    with watch() as watched:
        with other.open() as opened:
            opened.apply(yes=True)
        project.write("sql/a.sql", view("a", "3 AS one"))
        watched.saved("sql/a.sql")
        about(watched, "view.b")
        watched.calm()
        assert not exists(project, "b")
        project.write("sql/b.sql", view("b", "4 AS one"))
        watched.saved("sql/b.sql")
        assert exists(project, "b")


def test_what_somebody_drops_by_hand_is_still_put_back(project, watch):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    with watch() as watched:
        project.do("DROP VIEW b")
        watched.calm()
        assert exists(project, "b")


def test_an_unreadable_folder_drops_nothing(project, watch, monkeypatch):
    for number in range(3):
        project.write(f"sql/deep/v{number}.sql", view(f"v{number}"))
    project.write("sql/a.sql", view("a"))
    with watch() as watched:
        real = os.scandir
        forbidden = os.fspath(project.root / "sql/deep")

        def scandir(path="."):
            if os.fspath(path) == forbidden:
                raise PermissionError(13, "Permission denied")
            return real(path)

        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", scandir)
            project.write("sql/a.sql", view("a", "2 AS one"))
            told = watched.until(Broken, lambda event: "sql/deep" in event.paths)
            assert "cannot be listed: Permission denied" in str(told.error)
            watched.calm()
            assert all(exists(project, f"v{number}") for number in range(3))
            assert project.value("SELECT one FROM a") == 2
        project.write("sql/a.sql", view("a", "3 AS one"))
        watched.until(Mended)
        watched.calm()
        assert watched.watcher.state.problems == ()


def test_an_emptied_folder_drops_nothing(project, watch):
    project.write("sql/a.sql", view("a"))
    with watch() as watched:
        (project.root / "sql/a.sql").rename(project.root / "a.sql")
        told = about(watched, "view.a")
        assert "The folder sql holds no code" in told.error.message
        assert "pgmg apply --yes" in told.error.hint
        assert exists(project, "a")
        (project.root / "a.sql").rename(project.root / "sql/a.sql")
        watched.until(Mended)


def test_two_watchers_of_one_folder_are_one_checkout(project, watch):
    project.write("sql/a.sql", view("a"))
    with watch() as one:
        other = Watched(project)
        other.thread.start()
        try:
            other.until(Applied)
            for number in range(3):
                project.write("sql/b.sql", view("b", f"{number} AS one"))
                one.calm()
                other.calm()
                project.remove("sql/b.sql")
                one.calm()
                other.calm()
                assert not exists(project, "b")
            assert one.told(Broken) == other.told(Broken) == []
        finally:
            other.end()
