"""Pending migrations are told, with what they would affect; they are run when somebody says so."""

from __future__ import annotations

from pgmg.model.results.watch_events import Applied, Broken, Mended, PendingMigrations

FIRST = "CREATE TABLE users (id integer PRIMARY KEY);"
SECOND = "ALTER TABLE users ADD COLUMN email text;"


def _pending(watched, *names):
    return watched.until(PendingMigrations, lambda event: tuple(m.name for m in event.migrations) == names)


def test_code_goes_on_while_a_migration_is_pending_and_what_needs_it_waits(project, watch, built_anew):
    project.write("migrations/001.sql", FIRST)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
    project.apply()
    with watch(debounce=0.2) as watched:
        project.write("migrations/002.sql", SECOND)
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, email FROM users;")
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT id FROM users;")
        told = _pending(watched, "002.sql")
        assert {str(one.object) for one in told.migrations[0].affects} >= {"view.b"}
        assert [str(name) for name in told.waiting] == ["view.a"]
        assert "002.sql" in watched.told(Broken)[-1].error.hint
        assert watched.watcher.state.pending == told
        assert project.rows("SELECT id FROM b") == []
        assert project.rows("SELECT name FROM pgmg_migrations ORDER BY 1") == [("001.sql",)]
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT id, 1 AS one FROM users;")
        assert len(watched.saved("sql/b.sql").result.steps) == 1
        watched.watcher.apply_migrations()
        done = watched.until(Applied)
        assert done.result.migrations_recorded == ("002.sql",)
        watched.until(Mended)
        assert _pending(watched).error is None
        assert watched.watcher.state.pending is None
        assert project.rows("SELECT id, email FROM a") == []
    assert built_anew() == []
    project.settled()


def test_nothing_is_made_or_dropped_that_a_pending_migration_makes_or_drops(project, watch):
    project.write("migrations/001.sql", FIRST)
    project.write("sql/old.sql", "CREATE VIEW old AS SELECT id FROM users;")
    project.apply()
    with watch(debounce=0.2) as watched:
        project.write("migrations/002.sql", "DROP VIEW old; CREATE VIEW fresh AS SELECT 1 AS id;")
        project.remove("sql/old.sql")
        project.write("sql/fresh.sql", "CREATE VIEW fresh AS SELECT id FROM users;")
        told = _pending(watched, "002.sql")
        assert {str(name) for name in told.waiting} == {"view.old", "view.fresh"}
        assert project.value("SELECT to_regclass('old')::text") == "old"
        assert project.value("SELECT to_regclass('fresh')::text") is None
        watched.watcher.apply_migrations()
        _pending(watched)
        assert project.value("SELECT to_regclass('old')::text") is None
        assert project.rows("SELECT id FROM fresh") == []
    project.settled()


def test_with_migrations_they_are_run_as_they_come(project, watch, built_anew):
    project.write("migrations/001.sql", FIRST)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT * FROM users;")
    with watch(migrations=True, debounce=0.2) as watched:
        assert watched.watcher.state.last.result.migrations_recorded == ("001.sql",)
        project.write("migrations/002.sql", SECOND)
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT email FROM a;")
        done = watched.saved("migrations/002.sql")
        assert done.result.migrations_recorded == ("002.sql",)
        assert project.rows("SELECT email FROM b") == []
        assert watched.told(Broken) == []
    assert built_anew() == []
    project.settled()


def test_a_migration_that_fails_is_told_and_code_goes_on(project, watch):
    project.write("migrations/001.sql", FIRST)
    with watch(migrations=True, debounce=0.2) as watched:
        project.write(
            "migrations/002.sql", "ALTER TABLE users ADD COLUMN email text;\nALTER TABLE nix ADD COLUMN a text;"
        )
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
        told = _pending(watched, "002.sql")
        assert str(told.error.where) == "migrations/002.sql:2:1"
        assert project.rows("SELECT id FROM a") == []
        project.write("migrations/003.sql", "ALTER TABEL users;")
        told = watched.until(PendingMigrations)
        assert "syntax error" in str(told.error)
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, 1 AS one FROM users;")
        assert len(watched.saved("sql/a.sql").result.steps) == 1
        project.write("migrations/003.sql", "ALTER TABLE users ADD COLUMN age integer;")
        project.write("migrations/002.sql", SECOND)
        watched.until(Applied, lambda event: event.result.migrations_recorded == ("002.sql", "003.sql"))
        assert _pending(watched).error is None
    project.settled()


def test_a_migration_under_a_new_name_is_told(project, watch):
    project.write("migrations/001.sql", FIRST)
    project.apply()
    with watch() as watched:
        (project.root / "migrations/001.sql").rename(project.root / "migrations/001_users.sql")
        told = watched.until(PendingMigrations)
        assert "applied already" in told.error.message
        project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
        assert len(watched.saved("sql/a.sql").result.steps) == 1
