"""A superuser is not needed; what a role may not do is said clearly (rules 6.5, 9.6, 10)."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import conninfo

import pgmg
from pgmg.errors import InsufficientPrivilegeError
from tests.oracle import differences, dump

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"


def as_role(project, name: str, **overrides):
    """The project as another role sees it; the password file and trust let it in."""
    return pgmg.Project.open(
        project.root, connection_string=conninfo.make_conninfo(project.dsn, user=name, password="x"), **overrides
    )


@pytest.fixture
def owner(project, role):
    """A role that owns the schema and is nothing special."""
    name = role("pgmg_owner", "LOGIN PASSWORD 'x'")
    project.do(f"ALTER SCHEMA public OWNER TO {name}")
    return name


@pytest.fixture
def reader(role):
    return role("pgmg_reader", "LOGIN PASSWORD 'x'")


def test_a_plain_owner_can_do_everything(project, owner):
    """Recreate views with grants, comments, unmanaged dependents."""
    project.write("migrations/001.sql", USERS)
    project.write(
        "sql/names.sql",
        "CREATE VIEW names AS SELECT id, name FROM users;\nGRANT SELECT ON names TO PUBLIC;\nCOMMENT ON VIEW names IS 'who';",
    )
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM names $$;")
    with as_role(project, owner) as opened:
        assert opened.apply().applied
        project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
        project.write("migrations/003.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);")
        opened.apply()
        assert opened.plan().is_empty
        assert [change.object for change in opened.diff()] == []
    assert project.value("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'names'") == owner


def test_planning_needs_only_to_read(project, owner, reader):
    """A role that may read the state tables plans as the owner does; the transaction is read-only."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    with as_role(project, owner) as opened:
        opened.apply()
        project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name, age FROM users;")
        wanted = [step.sql for step in opened.plan().steps]
    with as_role(project, reader) as opened, pytest.raises(InsufficientPrivilegeError, match="pgmg_state"):
        opened.plan()
    project.do(f"GRANT SELECT ON pgmg_state, pgmg_migrations TO {reader}")
    with as_role(project, reader) as opened:
        assert [step.sql for step in opened.plan().steps] == wanted
        assert opened.status().changes
        assert opened.pending() == ()
        assert opened.reset(dry_run=True).statements
        before = dump(project.dsn)
        with pytest.raises(InsufficientPrivilegeError) as caught:
            opened.apply()
    assert caught.value.sqlstate == "42501"
    assert differences(before, dump(project.dsn)) == []


def test_planning_works_where_nothing_may_be_written(project):
    """As on a hot standby."""
    project.write("migrations/001.sql", USERS)
    project.do(f"ALTER DATABASE {project.value('SELECT current_database()')} SET default_transaction_read_only = on")
    assert [step.object.name for step in project.plan().steps] == ["001.sql"]
    with pytest.raises(pgmg.ApplyError, match="read-only"):
        project.apply()


def test_a_role_that_may_not_make_the_state_tables_is_told_before_anything_runs(project, reader):
    """In the first statement."""
    project.do("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # who has it before PostgreSQL 15
    project.write("migrations/001.sql", USERS)
    with as_role(project, reader) as opened, pytest.raises(InsufficientPrivilegeError) as caught:
        opened.apply()
    assert "schema public" in str(caught.value)


def test_state_tables_of_the_original_tool_are_read_and_grown(project):
    """They have the base columns only; plan works with them, apply adds the others and keeps the rows."""
    project.do(
        USERS,
        "CREATE VIEW names AS SELECT id, name FROM users",
        "CREATE TABLE pgmg_migrations (name TEXT PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT NOW())",
        "CREATE TABLE pgmg_state (object_name TEXT PRIMARY KEY, object_hash TEXT NOT NULL, last_applied TIMESTAMP NOT NULL DEFAULT NOW())",
        "INSERT INTO pgmg_migrations VALUES ('001.sql', '2020-01-01')",
        "INSERT INTO pgmg_state VALUES ('view.names', 'of another make', '2020-01-01')",
        "CREATE VIEW gone AS SELECT 1 AS one",
        "INSERT INTO pgmg_state VALUES ('view.gone', 'of another make', '2020-01-01')",
    )
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    plan = project.plan()
    assert {(str(change.object), str(change.change)) for change in plan.changes} == {
        ("view.names", "modified"),
        ("view.gone", "deleted"),
    }
    project.apply()
    project.settled()
    assert project.rows("SELECT name, applied_at::text FROM pgmg_migrations") == [("001.sql", "2020-01-01 00:00:00")]
    assert project.rows("SELECT object_name, sql IS NOT NULL, path FROM pgmg_state") == [
        ("view.names", True, "sql/names.sql")
    ]
    project.write("migrations/002.sql", "-- pgmg: no-transaction\nSELECT 1;")
    project.apply()
    project.settled()


# -- grants -----------------------------------------------------------------------------------------------------


def test_grants_that_others_made_are_made_by_them_again(project, role):
    """A grant by another role is restored under that role."""
    middle, end = role("pgmg_middle"), role("pgmg_end")
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    project.do(
        f"GRANT SELECT ON names TO {middle} WITH GRANT OPTION", f"SET ROLE {middle}; GRANT SELECT ON names TO {end}"
    )
    acl = "SELECT relacl::text FROM pg_class WHERE relname = 'names'"
    before = project.value(acl)
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    project.apply()
    assert project.value(acl) == before
    project.settled()


def test_grants_that_others_made_are_refused_where_their_role_cannot_be_taken(project, owner, role):
    """Before anything runs."""
    middle, end = role("pgmg_middle"), role("pgmg_end")
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    with as_role(project, owner) as opened:
        opened.apply()
        project.do(
            f"GRANT SELECT ON names TO {middle} WITH GRANT OPTION", f"SET ROLE {middle}; GRANT SELECT ON names TO {end}"
        )
        project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
        events = []
        with pytest.raises(pgmg.PgmgError, match=end):
            opened.apply(listener=events.append)
        assert events == []


def test_default_privileges_do_not_widen_what_was_narrowed(project, role):
    """What they would give anew is revoked, what was lost is granted (rule 6.1)."""
    given, late = role("pgmg_given"), role("pgmg_late")
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.write(
        "sql/f.sql",
        "CREATE FUNCTION f(users) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\nCREATE VIEW fs AS SELECT f(u) AS f FROM users u;",
    )
    project.apply()
    project.do(
        f"GRANT SELECT (name) ON names TO {given}",
        f"GRANT SELECT ON fs TO {given}",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {late}",
        f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {late}",
        "REVOKE EXECUTE ON FUNCTION f(users) FROM PUBLIC",
    )
    before = dump(project.dsn)
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN age TYPE bigint;")
    project.write("migrations/003.sql", "ALTER TABLE users ALTER COLUMN age TYPE integer;")
    project.apply()
    assert differences(before, dump(project.dsn)) == []
    project.settled()


# -- verification -----------------------------------------------------------------------------------------------


def test_what_did_not_come_back_fails_the_apply_before_its_commit(project, monkeypatch):
    """An event trigger of somebody else's takes the comment away again; that is found out (rule 6.3)."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    project.do(
        "CREATE VIEW mine AS SELECT name FROM names",
        "COMMENT ON VIEW mine IS 'keep me'",
        "CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM pg_description WHERE description = 'keep me'; END $$",
        "ALTER FUNCTION meddle() SET allow_system_table_mods = on",
        "CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION meddle()",
    )
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    before = dump(project.dsn)
    with pytest.raises(pgmg.PgmgError) as caught:
        project.apply()
    assert "it lost COMMENT ON VIEW public.mine IS 'keep me'" in str(caught.value)
    assert caught.value.code == "not-restored"
    assert differences(before, dump(project.dsn)) == []
    assert not isinstance(caught.value.__cause__, psycopg.Error)
    project.do("DROP EVENT TRIGGER meddle")
    project.apply()
    project.settled()
