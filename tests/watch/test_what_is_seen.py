"""A watcher sees what apply reads: names, targets of links, the settings, and what other processes apply."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading

import pytest

from pgmg.config import CONFIG_FILE
from pgmg.model.results.watch_events import Applied, Broken, Mended, PendingMigrations, Watching
from pgmg.source import read_files
from pgmg.watch.folder_events import Folders
from tests.watch.conftest import Watched


def view(name, what="1 AS one"):
    return f"CREATE VIEW {name} AS SELECT {what};"


def exists(project, name):
    return project.value("SELECT to_regclass(%s)::text", name) is not None


# -- names ----------------------------------------------------------------------------------------------

NAMES = [
    "x", "x.bak", "x.lock", "x.part", "x.tmp", "x.orig", "x.swp", "X.BAK", "x.sql", ".x", "#x#", "~x", "x~", "4913",
    ".git", "node_modules", "a b", "ünï", "x.sql.bak", "x.crswap", "x.temp",
]  # fmt: skip


@pytest.mark.parametrize("folder", NAMES)
def test_folders_of_any_name_are_seen_if_and_only_if_they_are_read(tmp_path, folder):
    """One rule of names for both."""
    (tmp_path / "sql" / folder).mkdir(parents=True)
    with Folders([tmp_path / "sql"]) as watched:
        while watched.tick():
            pass
        (tmp_path / "sql" / folder / "v.sql").write_text(view("v"))
        is_read = bool(read_files(tmp_path, tmp_path / "sql", None).code)
        seen = False
        for _ in range(400 if is_read else 40):
            seen = seen or watched.tick()
            if seen:
                break
        assert seen is is_read


@pytest.mark.parametrize(
    "name", ["v.sql", "v.SQL", "v.sql.bak", ".v.sql", "v.sql~", "#v.sql#", "v.Sql", "v.txt", "v.sql.swp", "4913"]
)
def test_files_of_any_name_are_seen_if_and_only_if_they_are_read(tmp_path, name):
    (tmp_path / "sql").mkdir()
    with Folders([tmp_path / "sql"]) as watched:
        while watched.tick():
            pass
        (tmp_path / "sql" / name).write_text(view("v"))
        is_read = bool(read_files(tmp_path, tmp_path / "sql", None).code)
        assert any(watched.tick() for _ in range(400 if is_read else 40)) is is_read


def test_a_folder_named_like_a_temporary_file_is_watched(project, watch):
    project.write("sql/x.bak/v.sql", view("v"))
    with watch() as watched:
        project.write("sql/x.bak/v.sql", view("v", "2 AS one"))
        watched.saved("sql/x.bak/v.sql")
        assert project.value("SELECT one FROM v") == 2


# -- links ----------------------------------------------------------------------------------------------


def test_the_target_of_a_link_goes_and_returns(project, watch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "shared"
    elsewhere.mkdir()
    (elsewhere / "v.sql").write_text(view("v"))
    (project.root / "sql/shared").symlink_to(elsewhere)
    project.write("sql/w.sql", view("w"))
    with watch() as watched:
        elsewhere.rename(elsewhere.with_name("away"))
        told = watched.until(Broken, lambda event: "sql/shared" in event.paths)
        assert "cannot be followed" in str(told.error)
        assert exists(project, "v")
        (elsewhere.with_name("away") / "v.sql").write_text(view("v", "2 AS one"))
        elsewhere.with_name("away").rename(elsewhere)
        watched.until(Mended)
        watched.calm()
        assert project.value("SELECT one FROM v") == 2
        (elsewhere / "v.sql").write_text(view("v", "3 AS one"))
        watched.until(Applied, lambda event: "sql/shared/v.sql" in event.paths)
        assert project.value("SELECT one FROM v") == 3


def test_a_link_that_leads_nowhere_when_watching_begins(project, watch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    project.write("sql/w.sql", view("w"))
    (project.root / "sql/late.sql").symlink_to(elsewhere / "late.sql")
    with watch() as watched:
        assert [problem.paths for problem in watched.watcher.state.problems] == [("sql/late.sql",)]
        (elsewhere / "late.sql").write_text(view("late"))
        watched.until(Mended)
        assert exists(project, "late")


# -- settings -------------------------------------------------------------------------------------------


def settings(project, text):
    (project.root / CONFIG_FILE).write_text(text)


def test_an_edited_settings_file_takes_effect(project, watch):
    project.write("sql/a.sql", view("a"))
    project.write("other/b.sql", view("b"))
    with watch() as watched:
        settings(project, 'migrations_dir = "migrations"\ncode_dir = "other"\n')
        begun = watched.until(Watching)
        assert begun.folders == ("other", "migrations")
        watched.until(Applied)
        assert exists(project, "b")
        told = watched.until(Broken, lambda event: "view.a" in map(str, event.objects))
        assert "not in this folder since watching began" in told.error.message
        assert exists(project, "a")
        project.write("other/b.sql", view("b", "2 AS one"))
        watched.saved("other/b.sql")
        assert project.value("SELECT one FROM b") == 2


def test_a_broken_settings_file_is_told_and_the_old_ones_hold(project, watch):
    before = (project.root / CONFIG_FILE).read_text()
    with watch() as watched:
        settings(project, "code_dir = ")
        told = watched.until(Broken)
        assert told.paths == (CONFIG_FILE,)
        project.write("sql/a.sql", view("a"))
        watched.saved("sql/a.sql")
        assert exists(project, "a")
        assert [problem.paths for problem in watched.watcher.state.problems] == [(CONFIG_FILE,)]
        settings(project, before)
        watched.until(Mended)
        assert watched.watcher.state.problems == ()


def test_a_settings_file_that_says_the_same_changes_nothing(project, watch):
    with watch() as watched:
        settings(project, (project.root / CONFIG_FILE).read_text() + "# a comment\n")
        project.write("sql/a.sql", view("a"))
        watched.saved("sql/a.sql")
        watched.calm()
        assert len(watched.told(Watching)) == 1


def test_the_watcher_ends_what_it_has_opened_anew(project, watch, server):
    """Connections of projects with other settings are closed with it."""
    with watch() as watched:
        for number in range(3):
            settings(project, f'migrations_dir = "migrations"\ncode_dir = "sql"\nlock_timeout = "{number + 1}s"\n')
            watched.until(Watching)
            watched.until(Applied)
    left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgmg'"
    assert project.value(left) == 0


# -- other processes ------------------------------------------------------------------------------------


def apply_elsewhere(project, *words):
    variables = {**os.environ, "PGMG_CONNECTION_STRING": project.dsn}
    done = subprocess.run(
        [sys.executable, "-m", "pgmg", "apply", *words],
        cwd=project.root,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_migration_that_another_process_applies_is_pending_no_longer(project, watch):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    with watch() as watched:
        watched.until(PendingMigrations, lambda event: event.migrations)
        apply_elsewhere(project)
        told = watched.until(PendingMigrations, lambda event: not event.migrations)
        assert told.error is None
        assert watched.watcher.state.pending is None


def test_what_waits_for_a_migration_is_applied_when_another_process_has_run_it(project, watch):
    """That process has no code folder: the watcher applies the view."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/v.sql", view("v", "id FROM t"))
    with watch() as watched:
        assert not exists(project, "v")
        (project.root / "only.toml").write_text('migrations_dir = "migrations"\n')
        apply_elsewhere(project, "--config", "only.toml")
        watched.until(Applied, lambda event: any(str(step.step.object) == "view.v" for step in event.result.steps))
        assert exists(project, "v")


def test_its_own_applies_wake_nobody(project, watch):
    with watch() as watched:
        project.write("sql/a.sql", view("a"))
        watched.saved("sql/a.sql")
        rounds = len(watched.told(Applied))
        threading.Event().wait(1.5)
        assert len(watched.told(Applied)) == rounds


def test_two_watchers_that_hear_of_each_other_come_to_rest(project, watch):
    project.write("sql/a.sql", view("a"))
    with watch() as one:
        other = Watched(project)
        other.thread.start()
        try:
            other.until(Applied)
            rng = random.Random(3)
            for number in range(6):
                project.write(f"sql/{rng.choice('abc')}.sql", view(rng.choice("defg"), f"{number} AS one"))
            for name in "abc":
                project.write(f"sql/{name}.sql", view(name))
            one.calm()
            other.calm()
            applied = [len([event for event in each.told(Applied) if event.result.applied]) for each in (one, other)]
            threading.Event().wait(2)
            assert applied == [
                len([event for event in each.told(Applied) if event.result.applied]) for each in (one, other)
            ]
        finally:
            other.end()


def test_nothing_is_left_to_listen_where_the_session_is_not_ours(project, monkeypatch):
    """Behind a pooler the next transaction may meet another server process (rule 9.6)."""
    from pgmg.catalog.sessions import connection

    monkeypatch.setattr(connection, "is_own_session", lambda conn: False)
    with connection.connect(project.dsn) as conn:
        connection.listen(conn, lambda: None)
        assert conn.execute("SELECT count(*) FROM pg_listening_channels()").fetchone() == (0,)
