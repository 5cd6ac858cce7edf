"""Queries that must be true before a migration runs, and before its commit (rule 9.8)."""

from __future__ import annotations

import json

import psycopg
import pytest

from pgmg.errors import AssertionFailedError, RefusedChange

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text);"


@pytest.fixture
def users(project):
    """A project with a table of two rows, applied."""
    project.write("migrations/001.sql", f"{USERS}\nINSERT INTO users VALUES (1, 'ann'), (2, NULL);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    return project


def failure(project):
    before = project.dump()
    with pytest.raises(AssertionFailedError) as caught:
        project.apply()
    assert project.dump() == before
    return caught.value


def test_a_requirement_that_does_not_hold_stops_the_apply(users):
    users.write(
        "migrations/002.sql",
        "-- pgmg: require SELECT count(*) = 0 FROM users WHERE name IS NULL\nALTER TABLE users ALTER name SET NOT NULL;",
    )
    users.write("sql/more.sql", "CREATE VIEW more AS SELECT 1 AS one;")
    (warning,) = users.plan().warnings
    assert (warning.code, warning.where) == ("requirement", "migrations/002.sql:1:18")
    error = failure(users)
    assert str(error.where) == "migrations/002.sql:1:18"
    assert "SELECT count(*) = 0 FROM users WHERE name IS NULL" in error.message
    assert error.hint == "Nothing has been changed."
    users.do("UPDATE users SET name = 'bob' WHERE id = 2")
    assert users.plan().warnings == ()
    users.apply()
    users.settled()


def test_a_requirement_reads_a_view_that_the_migration_makes_pgmg_drop(users):
    users.write(
        "migrations/002.sql",
        "-- pgmg: require SELECT count(*) = 2 FROM names\nALTER TABLE users ALTER id TYPE bigint;",
    )
    users.apply()
    assert users.value("SELECT pg_typeof(id)::text FROM names LIMIT 1") == "bigint"
    users.settled()


def test_a_requirement_sees_what_the_migration_before_it_did(users):
    users.write("migrations/002.sql", "UPDATE users SET name = 'bob' WHERE name IS NULL;")
    users.write(
        "migrations/003.sql",
        "-- pgmg: require SELECT bool_and(name IS NOT NULL) FROM users\nALTER TABLE users ALTER name SET NOT NULL;",
    )
    (warning,) = users.plan().warnings
    assert "unless an earlier migration changes that" in warning.message
    users.apply()
    users.settled()


def test_what_cannot_be_asked_before_an_earlier_migration_has_no_forecast(users):
    users.write("migrations/002.sql", "CREATE TABLE orders (id integer);")
    users.write("migrations/003.sql", "-- pgmg: require SELECT count(*) = 0 FROM orders\nDROP TABLE orders;")
    assert users.plan().warnings == ()
    users.apply()
    users.settled()


def test_what_is_ensured_is_asked_after_all_steps(users):
    users.write(
        "migrations/002.sql",
        "-- pgmg: ensure SELECT count(*) = 2 FROM shouted\n-- pgmg: ensure SELECT count(*) = 1 FROM users\n"
        "ALTER TABLE users ADD age integer;",
    )
    users.write("sql/shouted.sql", "CREATE VIEW shouted AS SELECT upper(name) AS name, age FROM users;")
    error = failure(users)
    assert (error.where.line, error.hint) == (2, "Nothing has been changed.")
    assert "002.sql ensures what does not hold (it is false)" in error.message
    users.do("DELETE FROM users WHERE id = 2", "INSERT INTO users VALUES (3, 'cy')")
    users.write(
        "migrations/002.sql", "-- pgmg: ensure SELECT count(*) = 2 FROM shouted\nALTER TABLE users ADD age integer;"
    )
    users.apply()
    users.settled()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT count(*) FROM users", "count (int8), not one boolean"),
        ("SELECT true, true", "not one boolean"),
        ("SELECT true FROM users", "more than one row"),
        ("SELECT writes()", "cannot execute INSERT in a read-only transaction"),
    ],
)
def test_a_query_that_is_no_assertion_is_a_clear_error(users, query, why):
    users.do("CREATE FUNCTION writes() RETURNS boolean LANGUAGE sql AS 'INSERT INTO users VALUES (9); SELECT true'")
    users.write("migrations/002.sql", f"-- pgmg: require {query}\nALTER TABLE users ADD age integer;")
    with pytest.raises(RefusedChange, match=r"002\.sql requires") as caught:
        users.plan()
    assert why in caught.value.message
    assert why in failure(users).message
    users.write("migrations/002.sql", f"-- pgmg: ensure {query}\nALTER TABLE users ADD age integer;")
    assert why in failure(users).message
    assert users.value("SELECT count(*) FROM users") == 2


@pytest.mark.parametrize("query", ["SELECT NULL::boolean", "SELECT true FROM users WHERE false", "SELECT false"])
def test_only_true_is_true(users, query):
    users.write("migrations/002.sql", f"-- pgmg: require {query}\nALTER TABLE users ADD age integer;")
    assert "does not hold" in failure(users).message


def test_an_unknown_name_in_a_query_is_found_at_its_place(users):
    users.write("migrations/002.sql", "-- pgmg: ensure SELECT nothing FROM users\nALTER TABLE users ADD age integer;")
    assert 'column "nothing" does not exist' in failure(users).message


def test_outside_a_transaction_the_statements_stay_and_the_question_is_asked_again(users):
    users.write(
        "migrations/002.sql",
        "-- pgmg: no-transaction\n-- pgmg: require SELECT count(*) = 2 FROM users\n"
        "-- pgmg: ensure SELECT count(*) = 0 FROM users WHERE name IS NULL\n"
        "CREATE INDEX CONCURRENTLY users_name ON users (name);\n",
    )
    with pytest.raises(AssertionFailedError) as caught:
        users.apply()
    assert "committed already" in caught.value.hint
    assert users.value("SELECT count(*) FROM pg_class WHERE relname = 'users_name'") == 1
    assert users.value("SELECT count(*) FROM pgmg_migrations") == 1
    users.do("UPDATE users SET name = 'bob' WHERE name IS NULL")
    users.apply()
    assert users.value("SELECT count(*) FROM pgmg_migrations") == 2
    users.settled()


def test_outside_a_transaction_a_requirement_stops_before_the_first_statement(users):
    users.write(
        "migrations/002.sql",
        "-- pgmg: no-transaction\n-- pgmg: require SELECT false\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n",
    )
    assert failure(users).hint == "Nothing has been changed."


def test_the_program_says_it_as_an_error(users, monkeypatch):
    from click.testing import CliRunner

    from pgmg.cli.main import program

    users.write("migrations/002.sql", "-- pgmg: require SELECT 1 > 2\nSELECT 1;")
    monkeypatch.chdir(users.root)
    done = CliRunner().invoke(program, ["apply", "--connection-string", users.dsn, "--format", "json"])
    said = json.loads(done.stdout)["error"]
    assert (done.exit_code, said["code"], said["where"]) == (1, "assertion", "migrations/002.sql:1:18")
    with psycopg.connect(users.dsn) as conn:
        assert conn.execute("SELECT count(*) FROM pgmg_migrations").fetchone() == (1,)
