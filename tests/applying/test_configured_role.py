"""The settings `role` and `session_settings` hold for everything that a project does (rule 9.6)."""

from __future__ import annotations

import pytest

import pgmg
from pgmg.errors import PgmgError

NOTING = """
CREATE TABLE seen (place text, who text, what text);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.seen VALUES (tg_tag, current_user, current_setting('work_mem')); END $$;
CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note();
"""
MIGRATIONS = {
    "001.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text);",
    "002.sql": "SET ROLE {other}; SET work_mem = '1MB';",
    "003.sql": "ALTER TABLE users ADD COLUMN age integer;",
    "004.sql": "-- pgmg: no-transaction\nVACUUM users;\nSET ROLE {other};\nSELECT 1;\nSET ROLE {owner};\nCREATE INDEX CONCURRENTLY users_name ON users (name);",
    "005.sql": "ALTER TABLE users ADD COLUMN note text;",
}


@pytest.fixture
def owner(project, role):
    """A role that may create in the schema; who connects is another one."""
    name = role("pgmg_owner")
    project.do(f"ALTER SCHEMA public OWNER TO {name}")
    return name


@pytest.fixture
def configured(project, owner):
    with project.open(role=owner, session_settings={"work_mem": "77MB"}) as opened:
        yield opened


def test_everything_runs_as_the_configured_role(project, configured, owner, role):
    """In transactions and outside them, after a migration that takes another role, pgmg's own tables included."""
    other = role("pgmg_other")
    project.do(f"GRANT {other} TO {owner}", NOTING)
    for name, text in MIGRATIONS.items():
        project.write(f"migrations/{name}", text.format(other=other, owner=owner))
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name, note FROM users;")
    configured.apply()
    assert configured.plan().is_empty
    assert set(project.rows("SELECT place, who, what FROM seen WHERE (who, what) <> (%s, %s)", owner, "77MB")) == set()
    created = "SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'seen'"
    assert {one for _, one in project.rows(created)} == {owner}
    assert project.value("SELECT count(*) FROM pgmg_migrations") == len(MIGRATIONS)


def test_planning_and_questions_run_as_the_configured_role(project, owner, role):
    """What only the connection's own role could read is not read."""
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, current_user::text AS who FROM users;")
    with project.open(role=owner) as opened:
        opened.apply()
        project.do("INSERT INTO users VALUES (1, 'ann')")
        project.write(
            "sql/names.sql", "CREATE VIEW names AS SELECT id + 1 AS id, current_user::text AS who FROM users;"
        )
        with opened.connect() as conn:
            assert conn.execute("SELECT current_user <> session_user").fetchone() == (False,)  # of the session: nothing
        (difference,) = opened.diff_rows()
    assert owner in repr(difference)
    blind = role("pgmg_blind")
    with project.open(role=blind) as opened, pytest.raises(PgmgError, match="pgmg_state"):
        opened.plan()


def test_a_role_that_cannot_be_taken_is_named_before_anything_runs(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);")
    with project.open(role="nobody_of_that_name") as opened:
        for ask in (opened.plan, opened.apply):
            with pytest.raises(PgmgError, match="nobody_of_that_name"):
                ask()
    assert project.value("SELECT to_regclass('pgmg_migrations') IS NULL")


def test_a_setting_that_the_server_does_not_know_is_named(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);")
    unknown = project.open(session_settings={"wrok_mem": "1MB"})
    with unknown as opened, pytest.raises(pgmg.PgmgError, match="wrok_mem"):
        opened.plan()
