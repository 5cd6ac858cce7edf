"""What cannot share a transaction (rule 9.2)."""

from __future__ import annotations

import psycopg
import pytest

import pgmg
from pgmg.model.results.events import Recorded

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    project.do("INSERT INTO users VALUES (1, 'ann', 30), (2, 'ann', 31)")
    return project


def test_statements_that_need_to_be_alone_run_alone(users):
    """Concurrent builds, VACUUM; the groups are in the plan, and each is recorded with what it did."""
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);\nVACUUM users;")
    users.write("migrations/003.sql", "ALTER TABLE users ADD COLUMN note text;")
    users.write("sql/notes.sql", "CREATE VIEW notes AS SELECT id, note FROM users;")
    events = []
    with users.open() as opened:
        assert [step.group for step in opened.plan().steps if step.object.name == "002.sql"] == [1]
        opened.apply(listener=events.append)
    recorded = [event for event in events if isinstance(event, Recorded)]
    assert [event.migrations for event in recorded] == [("002.sql",), ("003.sql",)]
    assert users.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_name'::regclass")
    users.settled()


def test_a_single_statement_shares_its_commit_with_what_it_recreates(users):
    """No other migration ran without transaction before: there is no record yet of how far one is."""
    users.write("migrations/002.sql", "-- pgmg: no-transaction\nALTER TABLE users ALTER name TYPE varchar;")
    users.apply()
    users.settled()
    assert users.value("SELECT count(*) FROM names") == 2


def test_a_concurrent_build_waits_for_others_however_long(users):
    """lock_timeout is for locks that stop others; a concurrent build stops nobody."""
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    import threading
    import time

    with psycopg.connect(users.dsn) as other:
        other.execute("INSERT INTO users VALUES (3, 'bob', 1)")
        timer = threading.Timer(0.6, other.commit)
        timer.start()
        began = time.monotonic()
        with users.open(lock_timeout="50ms", lock_retries=0) as opened:
            opened.apply()
        assert time.monotonic() - began > 0.5
        timer.join()
    users.settled()


def test_a_failed_concurrent_build_leaves_an_index_that_the_next_apply_drops_first(users):
    """The plan names it; IF NOT EXISTS would have accepted it."""
    users.write("migrations/002.sql", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_name ON users (name);")
    with pytest.raises(pgmg.ApplyError) as caught:
        users.apply()
    assert caught.value.sqlstate == "23505"
    assert users.rows(INVALID) == [("users_name",)]
    users.do("UPDATE users SET name = name || id")
    steps = [(str(step.action), str(step.object), step.reason) for step in users.plan().steps]
    assert steps[0] == ("drop", "index.users_name", "left invalid by a failed concurrent build")
    users.apply()
    assert users.rows(INVALID) == []
    users.settled()


def test_a_migration_that_breaks_is_continued_at_the_statement_that_failed(users):
    """What was done is not done again; the message says so; its settings hold again."""
    users.write(
        "migrations/002.sql",
        "-- pgmg: no-transaction\nSET search_path = other, public;\nUPDATE users SET age = age + 1;\n"
        "CREATE SCHEMA IF NOT EXISTS other;\nCREATE TABLE other.gauge (n integer CHECK (n < 40));\n"
        "INSERT INTO gauge SELECT max(age) + 9 FROM public.users;\nUPDATE users SET age = age + 1;",
    )
    users.do("UPDATE users SET age = 31")
    with pytest.raises(pgmg.ApplyError) as caught:
        users.apply()
    assert "4 statements before it are done" in caught.value.hint
    assert str(caught.value.where) == "migrations/002.sql:6:1"
    assert users.rows("SELECT DISTINCT age FROM users") == [(32,)]
    assert users.value("SELECT statements FROM pgmg_progress") == 4
    users.do("UPDATE users SET age = 20")
    users.apply()
    assert users.rows("SELECT DISTINCT age FROM users") == [(21,)]
    assert users.rows("SELECT n FROM other.gauge") == [(29,)]
    assert users.rows("SELECT * FROM pgmg_progress") == []
    users.settled()


def test_an_index_that_was_there_before_is_an_error_every_time(users):
    """Only what this migration began may be found finished."""
    users.do("CREATE INDEX users_name ON users (age)")
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    for _ in range(2):
        with pytest.raises(pgmg.ApplyError) as caught:
            users.apply()
        assert caught.value.sqlstate == "42P07"


def test_roles_and_transactions_of_its_own_do_not_disturb_the_record(users, role):
    """A no-transaction migration may take a role, and begin and commit."""
    other = role("pgmg_other")
    users.do(f"GRANT ALL ON users TO {other}", f"GRANT {other} TO CURRENT_USER")
    users.write(
        "migrations/002.sql",
        f"-- pgmg: no-transaction\nSET ROLE {other};\nUPDATE users SET age = 1;\nBEGIN;\nUPDATE users SET age = 2;\nCOMMIT;\n"
        "CREATE TEMPORARY TABLE t (n integer);\nVACUUM;",
    )
    users.do(f"GRANT TEMPORARY ON DATABASE {users.value('SELECT current_database()')} TO {other}")
    users.apply()
    assert users.rows("SELECT DISTINCT age FROM users") == [(2,)]
    assert users.value("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'pgmg_progress'")
    users.settled()


def test_copy_and_procedures_that_commit_run_outside(users):
    """Inline data is sent; CALL may commit."""
    users.write(
        "migrations/002.sql",
        "-- pgmg: no-transaction\nCREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO users VALUES (7, 'x', 1); COMMIT;"
        " INSERT INTO users VALUES (8, 'y', 1); END $$;\nCALL fill();\nCOPY users FROM stdin;\n9\tz\t1\n\\.\n"
        "DO $$ BEGIN COMMIT; END $$;",
    )
    users.apply()
    assert users.rows("SELECT id FROM users ORDER BY id") == [(1,), (2,), (7,), (8,), (9,)]
    users.settled()


def test_what_was_dropped_before_a_group_is_there_again_at_its_commit(users):
    """Readers of a view never see a database without it."""
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    users.write("migrations/003.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    users.write("migrations/004.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(50);")
    plan = users.plan()
    for group in plan.groups:
        dropped = [step.object for step in group if step.action == "drop"]
        assert set(dropped) <= {step.object for step in group if step.action in ("create", "restore")}
    seen = []
    with psycopg.connect(users.dsn, autocommit=True) as reader, users.open() as opened:
        opened.apply(
            listener=lambda event: (
                seen.append(reader.execute("SELECT count(*) FROM names").fetchone())
                if isinstance(event, Recorded)
                else None
            )
        )
    assert set(seen) == {(2,)}
    users.settled()


def test_a_lock_timeout_outside_is_tried_again_and_named(users):
    """As inside, with the statement's own place."""
    users.write("migrations/002.sql", "-- pgmg: no-transaction\nSELECT 1;\nALTER TABLE users ADD COLUMN note text;")
    with psycopg.connect(users.dsn, application_name="long report") as blocker:
        blocker.execute("SELECT * FROM users")
        with users.open(lock_timeout="150ms", lock_retries=1) as opened, pytest.raises(pgmg.LockedError) as caught:
            opened.apply()
    assert "long report" in str(caught.value)
    assert str(caught.value.where) == "migrations/002.sql:3:1"
    users.apply()
    users.settled()


def test_what_was_changed_by_hand_is_put_back_after_a_group_that_failed(users):
    """A group that commits notes how the database spells things now; not so what a later one was to put back."""
    users.write("sql/grown.sql", "CREATE FUNCTION grown(age integer) RETURNS boolean LANGUAGE sql RETURN age > 17;")
    users.apply()
    users.do("CREATE OR REPLACE FUNCTION grown(age integer) RETURNS boolean LANGUAGE sql RETURN age > 20")
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    users.write("migrations/003.sql", "SELECT 1 / 0;")
    with pytest.raises(pgmg.ApplyError, match="division"):
        users.apply()
    assert users.value("SELECT grown(18)") is False
    users.write("migrations/003.sql", "SELECT 1;")
    users.apply()
    assert users.value("SELECT grown(18)") is True
    users.settled()


def test_what_is_planned_anew_after_a_commit_is_part_of_one_result(users):
    """The server teaches something about the last group when the first ones are done."""
    users.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
    insert = "DO $$ BEGIN EXECUTE 'INSERT INTO users SELECT n FROM num' || 'bers'; END $$;"
    users.write("migrations/003.sql", f"CREATE TABLE seven AS SELECT 7 AS n;\n{insert}")
    users.write("sql/numbers.sql", "CREATE VIEW numbers AS SELECT n FROM seven;")
    result = users.apply()
    assert [str(edge.depends_on) for edge in result.discovered] == ["view.numbers"]
    assert [migration.name for migration in result.plan.migrations] == ["002.sql", "003.sql"]
    assert [str(applied.step.object) for applied in result.steps] == [
        "migration.002.sql", "migration.003.sql:1", "view.numbers", "migration.003.sql:2",
    ]  # fmt: skip
    assert result.migrations_recorded == ("002.sql", "003.sql")
    users.settled()


@pytest.mark.parametrize("text", ["DO $$ BEGIN COMMIT; END $$;", "CALL ending();"])
def test_what_ends_transactions_is_told_how_to_run(users, text):
    """In a migration that runs in one transaction with everything else."""
    users.do("CREATE PROCEDURE ending() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$")
    users.write("migrations/002.sql", text)
    with pytest.raises(pgmg.ApplyError) as caught:
        users.apply()
    assert "-- pgmg: no-transaction" in caught.value.hint
    users.write("migrations/002.sql", f"-- pgmg: no-transaction\n{text}")
    users.apply()
    users.settled()
