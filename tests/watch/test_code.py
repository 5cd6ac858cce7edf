"""Code is applied as it is saved: new, edited, moved, deleted, with what depends on it."""

from __future__ import annotations

import os
import shutil
import threading
import time

from pgmg.model.plans.plan import Action
from pgmg.model.results.watch_events import Applied, Broken, Mended, Saw, WatchPhase

TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text);"


def test_it_begins_with_what_differs_and_goes_on_with_what_is_saved(project, watch, built_anew):
    project.do(TABLE)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
    with watch() as watched:
        assert watched.watcher.state.last.result.applied
        assert project.value("SELECT count(*) FROM a") == 0
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, name FROM users;")
        done = watched.saved("sql/a.sql")
        assert [step.step.action for step in done.result.steps] == [Action.REPLACE]
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT name FROM a;")
        watched.saved("sql/b.sql")
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT name, id FROM users;")  # not in place: b comes along
        done = watched.saved("sql/a.sql")
        assert [str(step.step.object) for step in done.result.steps] == ["view.b", "view.a", "view.a", "view.b"]
        project.remove("sql/b.sql")
        watched.saved("sql/b.sql")
        assert project.value("SELECT to_regclass('b')::text") is None
        assert watched.watcher.state.phase is WatchPhase.IDLE
        assert watched.told(Broken) == []
    assert watched.watcher.state.phase is WatchPhase.STOPPED
    project.settled()


def test_temporary_files_are_nothing_and_a_save_by_rename_is_one_save(project, watch):
    with watch(debounce=0.2) as watched:
        for name in (".a.sql.swp", "a.sql~", ".#a.sql", "#a.sql#", "4913", "a.sql.tmp", ".git/index", "a.sql.bak"):
            project.write(f"sql/{name}", "CREATE VIEW nonsense AS SELECT 1;")
        project.write("sql/.a.sql.tmp", "CREATE VIEW a AS SELECT 1 AS one;")
        (project.root / "sql/.a.sql.tmp").replace(project.root / "sql/a.sql")
        watched.saved("sql/a.sql")
        assert [event.paths for event in watched.told(Saw)] == [("sql/a.sql",)]
        assert project.value("SELECT to_regclass('nonsense')::text") is None


def test_a_file_without_any_difference_makes_no_round(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        os.utime(project.root / "sql/a.sql")
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
        watched.calm()
        assert len(watched.told(Saw)) == 1  # the sentinel's
        project.write("sql/a.sql", "CREATE VIEW a AS\n  SELECT 1 AS one; -- formatted")
        done = watched.saved("sql/a.sql")
        assert done.result.steps == ()
    project.settled()


def test_somebody_else_who_never_stops_writing_is_in_nobodys_way(project, watch):
    over = threading.Event()

    def write():
        while not over.wait(0.002):
            project.write("sql/server.log", f"{time.monotonic()}")

    with watch() as watched:
        busy = threading.Thread(target=write)
        busy.start()
        try:
            project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
            watched.saved("sql/a.sql")
        finally:
            over.set()
            busy.join()


def test_a_half_written_file_is_waited_for(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;\nCREATE VIEW b AS SELECT 2 AS two;")
    with watch(debounce=0.5) as watched:
        before = project.value("SELECT 'b'::regclass::oid")
        for text in ("", "CREATE VIEW a AS SEL", "CREATE VIEW a AS SELECT 1 AS one;\n"):
            project.write("sql/a.sql", text)
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one, 2 AS two;\nCREATE VIEW b AS SELECT 2 AS two;")
        done = watched.saved("sql/a.sql")
        assert [str(step.step.object) for step in done.result.steps] == ["view.a"]
        assert watched.told(Broken) == []
        assert project.value("SELECT 'b'::regclass::oid") == before


def test_files_and_folders_are_moved_without_touching_the_database(project, watch):
    for number in range(5):
        project.write(f"sql/views/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    with watch() as watched:
        before = project.rows("SELECT oid FROM pg_class WHERE relname ~ '^v[0-9]$' ORDER BY 1")
        (project.root / "sql/views/v1.sql").rename(project.root / "sql/views/first.sql")
        assert watched.saved("sql/views/first.sql").result.steps == ()
        (project.root / "sql/views").rename(project.root / "sql/moved")
        assert watched.saved("sql/moved/first.sql").result.steps == ()
        project.write("sql/moved/v2.sql", "CREATE VIEW v2 AS SELECT 2 AS n, 3 AS m;")  # the new folder is watched, too
        assert len(watched.saved("sql/moved/v2.sql").result.steps) == 1
        shutil.copytree(project.root / "sql/moved", project.root / "elsewhere")
        assert project.rows("SELECT oid FROM pg_class WHERE relname ~ '^v[0-9]$' ORDER BY 1") == before
    project.settled()


def test_a_folder_that_appears_and_vanishes_is_followed(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        ready = project.root / "ready"
        (ready / "deep").mkdir(parents=True)
        (ready / "deep/b.sql").write_text("CREATE VIEW b AS SELECT * FROM a;")
        ready.rename(project.root / "sql/more")
        watched.saved("sql/more/deep/b.sql")
        assert project.value("SELECT one FROM b") == 1
        shutil.rmtree(project.root / "sql/more")
        watched.saved("sql/more/deep/b.sql")
        assert project.value("SELECT to_regclass('b')::text") is None


def test_the_code_folder_may_go_and_come_back(project, watch):
    for number in range(3):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    with watch() as watched:
        (project.root / "sql").rename(project.root / "away")
        gone = watched.until(Broken)
        assert "sql: the folder does not exist" in str(gone.error)
        assert project.value("SELECT count(*) FROM v1") == 1
        (project.root / "away").rename(project.root / "sql")
        watched.until(Mended)
        project.write("sql/v1.sql", "CREATE VIEW v1 AS SELECT 1 AS n, 2 AS m;")
        watched.saved("sql/v1.sql")
        shutil.rmtree(project.root / "sql")
        watched.until(Broken)
        project.write("sql/v1.sql", "CREATE VIEW v1 AS SELECT 7 AS n, 2 AS m;")  # a new folder, with less in it
        watched.saved("sql/v1.sql")
        watched.calm()
        assert project.rows("SELECT n FROM v1") == [(7,)]
        assert project.value("SELECT to_regclass('v0')::text") is None


def test_most_of_everything_is_never_dropped(project, watch):
    for number in range(12):
        project.write(f"sql/views/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    project.write("sql/other.sql", "CREATE VIEW other AS SELECT 1 AS n;")
    with watch() as watched:
        (project.root / "sql/views").rename(project.root / "views")
        refused = watched.until(Broken)
        assert len(refused.objects) == 12
        assert "no longer declared" in refused.error.message
        project.write("sql/other.sql", "CREATE VIEW other AS SELECT 1 AS n, 2 AS m;")
        assert len(watched.saved("sql/other.sql").result.steps) == 1
        assert project.value("SELECT count(*) FROM pg_views WHERE viewname ~ '^v[0-9]+$'") == 12
        (project.root / "views").rename(project.root / "sql/views")
        assert len(watched.until(Mended).objects) == 12
        assert watched.watcher.state.problems == ()
    project.settled()


def test_what_is_changed_by_hand_is_put_right_at_the_next_save(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        project.do("CREATE OR REPLACE VIEW a AS SELECT 2 AS one")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT 3 AS three;")
        done = watched.saved("sql/b.sql")
        assert {str(step.step.object) for step in done.result.steps} == {"view.a", "view.b"}
        assert project.value("SELECT one FROM a") == 1
        project.do("DROP VIEW a")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT 4 AS three;")
        watched.saved("sql/b.sql")
        assert project.value("SELECT one FROM a") == 1


def test_a_watcher_that_is_stopped_says_so_once(project, watch):
    with watch() as watched:
        pass
    assert [type(event).__name__ for event in watched.events].count("Stopped") == 1
    assert isinstance(watched.watcher.state.last, Applied)


def test_what_links_lead_to_is_watched_too(project, watch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "views").mkdir()
    (elsewhere / "views" / "a.sql").write_text("CREATE VIEW a AS SELECT 1 AS n;")
    (elsewhere / "b.sql").write_text("CREATE VIEW b AS SELECT 1 AS n;")
    (project.root / "sql" / "views").symlink_to(elsewhere / "views")
    with watch() as watched:
        (elsewhere / "views" / "a.sql").write_text("CREATE VIEW a AS SELECT 2 AS n;")
        watched.saved("sql/views/a.sql")
        assert project.rows("SELECT n FROM a") == [(2,)]
        (project.root / "sql" / "b.sql").symlink_to(elsewhere / "b.sql")
        watched.saved("sql/b.sql")
        for n in (3, 4):  # once in place, once by another file in its place
            new = elsewhere / f"new_{n}"
            new.write_text(f"CREATE VIEW b AS SELECT {n} AS n;")
            new.replace(elsewhere / "b.sql") if n == 4 else (elsewhere / "b.sql").write_text(new.read_text())
            watched.saved("sql/b.sql")
            assert project.rows("SELECT n FROM b") == [(n,)]
    project.settled()
