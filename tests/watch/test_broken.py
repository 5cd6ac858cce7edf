"""What is broken keeps its last good state, and everything else goes on."""

from __future__ import annotations

import psycopg
import pytest

from pgmg.catalog.sessions.connection import UnansweredError, connect
from pgmg.errors import CycleError, LockedError
from pgmg.model.results.events import Started
from pgmg.model.results.watch_events import Broken, Mended
from pgmg.render.text.results.watch_lines import Quiet, watch_lines
from pgmg.render.text.spans import plain
from pgmg.watch.watch_session import WatchSession
from tests.watch.conftest import problem

TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text);"


def _steps(done):
    return sorted(str(step.step.object) for step in done.result.steps)


def test_a_syntax_error_says_where_and_the_rest_goes_on(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        project.write("sql/a.sql", "CREATE VIEW a AS\nSELEC 2 AS one;")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT one FROM a;")
        broken = problem(watched, "sql/a.sql")
        assert str(broken.error.where) == "sql/a.sql:2:1"
        assert [str(name) for name in broken.objects] == ["view.a"]
        assert project.rows("SELECT one FROM b") == [(1,)]
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT one, 5 AS five FROM a;")
        assert _steps(watched.saved("sql/b.sql")) == ["view.b"]
        assert len(watched.told(Broken)) == 1  # told once
        project.write("sql/a.sql", "CREATE VIEW a AS\nSELECT 3 AS one;")
        watched.until(Mended, lambda event: event.paths == ("sql/a.sql",))
        assert project.rows("SELECT one, five FROM b") == [(3, 5)]
    project.settled()


def test_a_broken_file_deletes_nothing_not_even_what_may_be_moving_into_it(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one; GRANT SELECT ON a TO PUBLIC;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT 1 AS one;")
    with watch(debounce=0.2) as watched:
        project.write(
            "sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;\nCREATE VIEW b AS SELECT;;; (;\nGRANT SELECT ON a"
        )
        project.remove("sql/b.sql")
        problem(watched, "sql/a.sql")
        watched.calm()
        assert project.rows("SELECT one FROM b") == [(1,)]
        assert project.value("SELECT relacl::text FROM pg_class WHERE relname = 'a'") is not None
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
        watched.saved("sql/a.sql")
        assert project.value("SELECT to_regclass('b')::text") is None
        assert "=r/" not in (project.value("SELECT relacl::text FROM pg_class WHERE relname = 'a'") or "")
    project.settled()


def test_what_the_server_refuses_waits_and_what_needs_it_too(project, watch):
    project.do(TABLE)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
    with watch(debounce=0.2) as watched:
        project.write("sql/bad.sql", "CREATE VIEW bad AS\nSELECT id, nix FROM users;")
        project.write("sql/worse.sql", "CREATE VIEW worse AS SELECT id FROM bad;")
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, name FROM users;")
        broken = problem(watched, "sql/bad.sql")
        assert str(broken.error.where) == "sql/bad.sql:2:12"
        assert {str(name) for name in broken.objects} == {"view.bad", "view.worse"}
        assert project.rows("SELECT id, name FROM a") == []
        project.write("sql/c.sql", "CREATE VIEW c AS SELECT id FROM users;")
        assert _steps(watched.saved("sql/c.sql")) == ["view.c"]
        project.do("ALTER TABLE users ADD COLUMN nix text")  # by hand: noticed at the next save
        project.write("sql/c.sql", "CREATE VIEW c AS SELECT id, name FROM users;")
        assert _steps(watched.saved("sql/c.sql")) == ["view.bad", "view.c", "view.worse"]
        assert watched.watcher.state.problems == ()
    project.settled()


def test_much_that_the_server_refuses_is_found_out_in_a_few_attempts(project, monkeypatch):
    project.do(TABLE)
    for n in range(12):
        project.write(f"sql/bad_{n}.sql", f"CREATE VIEW bad_{n} AS\nSELECT id FROM users;")
        project.write(f"sql/upon_{n}.sql", f"CREATE VIEW upon_{n} AS SELECT id FROM bad_{n};")
    project.write("sql/good.sql", "CREATE VIEW good AS SELECT id FROM users;")
    attempts, settings = [], project.open().settings
    listener = lambda event: attempts.append(event) if isinstance(event, Started) else None  # noqa: E731
    session = WatchSession(settings, lambda: connect(project.dsn))
    try:
        session.apply(listener, migrations=False)
        attempts.clear()
        for n in range(12):
            project.write(f"sql/bad_{n}.sql", f"CREATE VIEW bad_{n} AS\nSELECT id, nix_{n} FROM users;")
            project.write(f"sql/upon_{n}.sql", f"CREATE VIEW upon_{n} AS SELECT id, nix_{n} FROM bad_{n};")
        project.write("sql/good.sql", "CREATE VIEW good AS SELECT id, name FROM users;")
        done = session.apply(listener, migrations=False)
    finally:
        session.close()
    assert [str(step.step.object) for step in done.result.steps] == ["view.good"]
    told = {str(problem.objects[0]): problem for problem in done.partial.problems}
    assert {f"view.bad_{n}" for n in range(12)} <= told.keys()
    for n in range(12):
        problem = told[f"view.bad_{n}"]
        assert str(problem.error.where) == f"sql/bad_{n}.sql:2:12"
        assert f"nix_{n}" in problem.error.message
    assert len(attempts) <= 5


def test_a_change_that_breaks_what_depends_on_it_is_held_until_that_follows(project, watch):
    project.do(TABLE)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, name FROM users;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT name FROM a;")
    project.write("sql/c.sql", "CREATE VIEW c AS SELECT 1 AS one;")
    with watch(debounce=0.2) as watched:
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
        project.write("sql/c.sql", "CREATE VIEW c AS SELECT 1 AS one, 2 AS two;")
        broken = watched.until(Broken)
        assert [str(name) for name in broken.objects] == ["view.a"]
        assert "sql/b.sql:1:25" in str(broken.error)
        assert project.rows("SELECT name FROM b") == []
        assert project.rows("SELECT two FROM c") == [(2,)]
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT id FROM a;")
        assert "view.a" in _steps(watched.saved("sql/b.sql"))
        assert watched.watcher.state.problems == ()
    project.settled()


def test_a_refused_deletion_and_a_refused_change_keep_only_themselves(project, watch):
    project.do("CREATE TABLE t (s integer)")
    project.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('a', 'b');")
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT s FROM t;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT s FROM a;")
    with watch(debounce=0.2) as watched:
        project.do("ALTER TABLE t ADD COLUMN k kind")
        project.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('a');")
        project.remove("sql/a.sql")
        project.write("sql/c.sql", "CREATE VIEW c AS SELECT 1 AS one;")
        watched.saved("sql/c.sql")
        watched.calm()
        kept = {str(name) for broken in watched.watcher.state.problems for name in broken.objects}
        assert kept == {"type.kind", "view.a"}
        assert project.rows("SELECT one FROM c") == [(1,)]
        project.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('a', 'b');")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT s FROM t;")
        watched.saved("sql/b.sql")
        watched.calm()
        assert watched.watcher.state.problems == ()
        assert project.value("SELECT to_regclass('a')::text") is None
    project.settled()


def test_an_object_declared_twice_is_held_in_both_files(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch(debounce=0.2) as watched:
        project.write("sql/copy.sql", "CREATE VIEW a AS SELECT 2 AS one;")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT one FROM a;")
        broken = watched.until(Broken)
        assert broken.error.code == "duplicate"
        assert broken.paths == ("sql/a.sql", "sql/copy.sql")
        assert project.rows("SELECT one FROM b") == [(1,)]
        project.remove("sql/a.sql")
        watched.until(Mended)
        assert project.rows("SELECT one FROM b") == [(2,)]
    project.settled()


def test_a_file_that_is_no_text_is_said_to_be(project, watch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        (project.root / "sql/a.sql").write_bytes("CREATE VIEW a AS SELECT 'é' AS one;".encode("latin-1"))
        assert "is not UTF-8" in problem(watched, "sql/a.sql").error.message
        assert project.rows("SELECT one FROM a") == [(1,)]
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 4 AS one;")
        watched.until(Mended)
        assert project.rows("SELECT one FROM a") == [(4,)]


def test_a_mistake_of_its_own_is_told_and_the_next_save_is_another_try(project, watch, monkeypatch):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        with monkeypatch.context() as broken:
            broken.setattr("pgmg.planning.steps.plan_builder.build", lambda *_: {}["nothing"])
            project.write("sql/a.sql", "CREATE VIEW a AS SELECT 2 AS one;")
            told = watched.until(Broken)
            assert "Unexpected KeyError (test_broken.py:" in told.error.message
            assert project.rows("SELECT one FROM a") == [(1,)]
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 3 AS one;")
        watched.until(Mended)
        assert project.rows("SELECT one FROM a") == [(3,)]
    project.settled()


def test_a_file_of_which_a_part_is_left_out_is_not_recorded_as_applied(project, watch):
    project.write("sql/two.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    with watch() as watched:
        project.write("sql/two.sql", "CREATE VIEW one AS SELECT 1 AS n;\nCREATE VIEW two AS SELECT nofunc() AS n;")
        problem(watched, "sql/two.sql")
        watched.calm()
        assert [str(change.object) for change in project.plan().changes] == ["view.two"]
        project.do("CREATE FUNCTION nofunc() RETURNS integer LANGUAGE sql AS $$ SELECT 2 $$")
        project.write("sql/three.sql", "CREATE VIEW three AS SELECT 3 AS n;")
        assert _steps(watched.saved("sql/three.sql")) == ["view.three", "view.two"]
    project.settled()
    with project.open() as opened:
        assert opened.plan().is_empty


def test_a_table_that_somebody_locks_is_told_and_the_rest_is_tried_again(project, watch):
    project.do(TABLE)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
    with watch(settings={"lock_timeout": "100ms", "lock_retries": 1}) as watched:
        with psycopg.connect(project.dsn, application_name="long report") as other:
            other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, name FROM users;")
            told = watched.until(Broken)
            assert isinstance(told.error, LockedError)
            with (
                pytest.raises(LockedError, match="long report"),
                project.open(lock_timeout="50ms", lock_retries=0) as p,
            ):
                p.plan()
        watched.until(Mended)
    project.settled()


def test_an_edit_that_closes_a_cycle_is_left_out(project, watch):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS n;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT n FROM v;")
    with watch() as watched:
        project.write("sql/v.sql", "CREATE VIEW v AS SELECT n FROM w;")
        assert isinstance(watched.until(Broken).error, CycleError)
        watched.calm()
        assert project.value("SELECT n FROM w") == 1
        project.write("sql/w.sql", "CREATE VIEW w AS SELECT 2 AS n;")
        watched.until(Mended)
        assert project.value("SELECT n FROM v") == 2


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW a AS SELEC 2 AS one;",
        "CREATE VIEW a AS SELECT nowhere FROM (SELECT 1) AS b;",
        "CREATE VIEW a AS SELECT x.y;",
    ],
)
def test_a_broken_save_is_not_also_called_unchanged(project, watch, text):
    """What the panel and the command show of a round that has only a problem is that problem."""
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with watch() as watched:
        begun = len(watched.events)
        project.write("sql/a.sql", text)
        problem(watched, "sql/a.sql")
        watched.calm()
        quiet = Quiet()
        shown = [event for event in watched.events if not quiet.leaves_out(event)]
        told = plain(line for event in shown if event in watched.events[begun:] for line in watch_lines(event))
    assert "✗ sql/a.sql" in told
    assert "sql/a.sql: no changes" not in told


def settling(project, monkeypatch, answers):
    """Settle a session whose looks end as told: with an error, or None where the server answers."""
    session = WatchSession(project.open().settings, lambda: connect(project.dsn))
    look, said = session.look, iter(answers)

    def told(**options):
        error = next(said)
        if error is not None:
            raise error
        return look(**options)

    monkeypatch.setattr(session, "look", told)
    try:
        return session.settle(migrations=False), list(said)
    finally:
        session.close()


def test_what_another_apply_drops_meanwhile_is_looked_at_again(project, monkeypatch):
    project.apply()
    gone = UnansweredError("could not open relation with OID 1", "XX000")
    partial, left = settling(project, monkeypatch, [gone, gone, None])
    assert partial.plan.steps == ()
    assert left == []


@pytest.mark.parametrize("sqlstate", ["57014", "53100"])
def test_what_does_not_pass_is_told_at_once(project, monkeypatch, sqlstate):
    project.apply()
    with pytest.raises(UnansweredError):
        settling(project, monkeypatch, [UnansweredError("said", sqlstate)])
