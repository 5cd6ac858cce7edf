"""Storms of edits, branches, two watchers, a lost server: in the end all is as if it were built from nothing."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading

import psycopg
import pytest
from psycopg import sql

from pgmg.model.results.watch_events import Applied, Broken, Disconnected, Noted, Reconnected
from tests.watch.conftest import Watched

TABLE = "CREATE TABLE base (id integer PRIMARY KEY, price numeric);"


def _view(number, rng):
    """A view on others of a lower number, which may or may not be there."""
    below = sorted({rng.randrange(number) for _ in range(rng.randrange(3))}) if number else []
    joins = "".join(f" JOIN v{n} AS u{n} USING (id)" for n in below)
    extra = "".join(f", {k} AS c{k}" for k in range(rng.randrange(4)))
    return f"CREATE VIEW v{number} AS SELECT b.id{extra} FROM base AS b{joins};\n"


def _all(rng, count=12):
    return {f"sql/{n % 3}/v{n}.sql": _view(n, rng) for n in range(count)}


def _write(project, files):
    for path in project.root.glob("sql/*/v*.sql"):
        if str(path.relative_to(project.root)) not in files:
            path.unlink()
    for path, text in files.items():
        project.write(path, text)


def _storm(project, rng, rounds):
    files = _all(rng)
    for _ in range(rounds):
        path = rng.choice(sorted(files))
        number = int(path.rpartition("v")[2].removesuffix(".sql"))
        match rng.randrange(5):
            case 0:
                project.write(path, "CREATE VIEW broken AS SELEC")
            case 1:
                (project.root / path).unlink(missing_ok=True)
            case 2:
                shutil.rmtree(project.root / "sql" / str(rng.randrange(3)), ignore_errors=True)
            case _:
                project.write(path, _view(number, rng))
    _write(project, _all(rng))


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_edits_ends_as_if_built_from_nothing(project, watch, built_anew, seed):
    rng = random.Random(seed)
    project.write("migrations/001.sql", TABLE)
    _write(project, _all(rng))
    project.apply()
    with watch(debounce=0.02) as watched:
        for _ in range(3):
            _storm(project, rng, 25)
            watched.calm()
            assert watched.watcher.state.problems == ()
    assert built_anew() == []
    project.settled()


def test_two_watchers_of_one_database_stay_coherent(project, watch, built_anew):
    rng = random.Random(7)
    project.write("migrations/001.sql", TABLE)
    _write(project, _all(rng))
    project.apply()
    with watch() as one:
        other = Watched(project, debounce=0.01)
        other.thread.start()
        try:
            other.until(Applied)
            for _ in range(3):
                _storm(project, rng, 10)
                one.calm()
            project.write("sql/last.sql", "CREATE VIEW last AS SELECT * FROM v1;")
            one.saved("sql/last.sql")
            other.saved("sql/last.sql")
        finally:
            other.end()
        assert one.watcher.state.problems == other.watcher.state.problems == ()
        applied = [e for w in (one, other) for e in w.told(Applied) if "sql/last.sql" in e.paths and e.result.steps]
        assert len(applied) == 1  # the other one found it done
    assert built_anew() == []
    project.settled()


def _git(project, *words):
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=project.root, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_branches_are_switched(project, watch, built_anew):
    project.write("migrations/001.sql", TABLE)
    for n in range(150):
        project.write(f"sql/common/c{n}.sql", f"CREATE VIEW c{n} AS SELECT id, {n} AS n FROM base;")
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "one")
    _git(project, "checkout", "-q", "-b", "feature")
    for n in range(150):
        project.write(f"sql/common/c{n}.sql", f"CREATE VIEW c{n} AS SELECT id, {n} AS n, price FROM base;")
    _git(project, "mv", "sql/common", "sql/shared")
    for n in range(100):
        project.write(f"sql/feature/f{n}.sql", f"CREATE VIEW f{n} AS SELECT price FROM c{n};")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "two")
    project.apply()
    with watch() as watched:
        for branch, count in (("main", 150), ("feature", 250)):
            _git(project, "checkout", "-q", branch)
            watched.calm()
            found = project.value("SELECT count(*) FROM pg_views WHERE viewname ~ '^[cf][0-9]+$'")
            assert (branch, found) == (branch, count)
            assert watched.watcher.state.problems == ()
        oids = "SELECT array_agg(oid ORDER BY oid) FROM pg_class WHERE relname ~ '^c[0-9]+$'"
        before = project.value(oids)
        _git(project, "mv", "sql/shared", "sql/again")
        watched.calm()
        assert project.value(oids) == before
    assert built_anew() == []
    project.settled()


def test_a_lost_connection_is_waited_for(project, watch, server):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    with psycopg.connect(project.dsn) as known:
        database = known.info.dbname
    name = sql.Identifier(database)
    end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(database)
    with watch() as watched:
        server.admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            server.admin.execute(end)
            lost = watched.until(Disconnected)
            project.write("sql/a.sql", "CREATE VIEW a AS SELECT 2 AS one;")
            again = watched.until(Disconnected)
            assert again.pause > lost.pause
        finally:
            server.admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        watched.until(Reconnected)
        watched.saved("sql/a.sql")
        assert project.value("SELECT one FROM a") == 2
        server.admin.execute(end)  # and while nothing happens at all
        watched.until(Reconnected)
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 3 AS one;")
        watched.saved("sql/a.sql")
        assert project.value("SELECT one FROM a") == 3


def test_what_another_apply_holds_is_waited_for(project, watch):
    from pgmg.applying.lock import lock_key

    with watch() as watched, psycopg.connect(project.dsn) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("public")])
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
        assert "another apply is running" in watched.until(Noted).event.reason
        holder.rollback()
        watched.saved("sql/a.sql")
        assert project.value("SELECT one FROM a") == 1


def test_a_stop_interrupts_the_server(project, watch):
    project.do("CREATE TABLE t (a integer)")
    with watch() as watched, psycopg.connect(project.dsn) as reader:
        project.write("sql/slow.sql", "CREATE MATERIALIZED VIEW slow AS SELECT pg_sleep(600)::text AS s;")
        working = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE MATERIALIZED VIEW slow%' AND state = 'active'"
        reader.autocommit = True
        waiting = threading.Event()
        while not reader.execute(working).fetchone()[0]:
            waiting.wait(0.02)
        watched.stop.set()
        watched.thread.join()
        assert project.value("SELECT to_regclass('slow')::text") is None
        assert watched.told(Broken) == []
