"""A database of the original pgmg (written in Rust): the first plan goes on where it stopped."""

from __future__ import annotations

import pytest

from pgmg.errors import ConfigError, ImportRefused, RefusedChange
from pgmg.importing import Importer
from pgmg.model.plans.consent import Consent
from pgmg.model.results.import_report import ImportOptions
from pgmg.rehearsal import rehearse
from pgmg.render.text.results.import_lines import import_lines
from tests.importing.test_neighbours import ORIGINAL
from tests.oracle import differences, dump

MADE = """
CREATE SCHEMA app;
CREATE TABLE users (id serial PRIMARY KEY, name text, active boolean, updated timestamptz);
ALTER TABLE users ADD COLUMN email text;
CREATE TYPE status AS ENUM ('new', 'done');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE VIEW active_users AS SELECT id, name FROM users WHERE active;
CREATE VIEW app.names AS SELECT name FROM active_users;
CREATE MATERIALIZED VIEW counts AS SELECT active, count(*) AS n FROM users GROUP BY active;
CREATE UNIQUE INDEX counts_active ON counts (active);
CREATE INDEX users_name ON users (lower(name));
CREATE FUNCTION named(p integer) RETURNS text LANGUAGE sql AS $$ SELECT name FROM users WHERE id = p $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE PROCEDURE tidy() LANGUAGE sql AS $$ DELETE FROM users WHERE NOT active $$;
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE FUNCTION close_to(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) = lower($2) $$;
CREATE OPERATOR ~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = close_to);
COMMENT ON VIEW active_users IS 'who is here';
INSERT INTO users (name, active) VALUES ('ann', true);
"""
RECORDS = """
INSERT INTO pgmg.pgmg_migrations (name) VALUES ('001_users'), ('002_email');
INSERT INTO pgmg.pgmg_state (object_type, object_name, ddl_hash) SELECT t, n, md5(n) FROM (VALUES
    ('type', 'status'), ('type', 'pair'), ('domain', 'email'), ('view', 'active_users'), ('view', 'app.names'),
    ('materialized_view', 'counts'), ('index', 'counts_active'), ('index', 'users_name'), ('function', 'named'),
    ('function', 'touch'), ('trigger', 'touch:users'), ('procedure', 'tidy'), ('aggregate', 'total'),
    ('function', 'close_to'), ('operator', '~~~'), ('comment', 'view:active_users'), ('cron_job', 'nightly')
) AS v (t, n);
"""
FILES = {
    "migrations/001_users.sql": "CREATE SCHEMA app; CREATE TABLE users (id serial PRIMARY KEY, name text, active boolean, updated timestamptz);",
    "migrations/002_email.sql": "ALTER TABLE users ADD COLUMN email text;",
    "sql/types.sql": """create type status as enum ('new', 'done');
        create type pair as (a int, b text);
        create domain email as text check (value like '%@%');""",
    "sql/views.sql": """create or replace view active_users as select id, name from users where active;
        comment on view active_users is 'who is here';
        create view app.names as select name from active_users;
        create materialized view counts as select active, count(*) as n from users group by active;
        create unique index counts_active on counts (active);
        create index users_name on users (lower(name));""",
    "sql/code.sql": """create or replace function named(p int) returns text language sql as $$ SELECT name FROM users WHERE id = p $$;
        create or replace function touch() returns trigger language plpgsql as $$ BEGIN NEW.updated := now(); RETURN NEW; END $$;
        create trigger touch before update on users for each row execute function touch();
        create or replace procedure tidy() language sql as $$ DELETE FROM users WHERE NOT active $$;
        create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
        create function close_to(text, text) returns boolean language sql immutable as $$ SELECT lower($1) = lower($2) $$;
        create operator ~~~ (leftarg = text, rightarg = text, procedure = close_to);""",
}  # fmt: skip


@pytest.fixture
def moved(project):
    """A project of the original tool, in its folders, and the database that it has made."""
    project.do(MADE, ORIGINAL, RECORDS)
    for path, text in FILES.items():
        project.write(path, text)
    return project


def taken_over(project, *, dry_run=False):
    with project.open() as opened:
        return Importer(opened.settings, opened.connect).run(ImportOptions(from_rust=True), dry_run=dry_run)


def test_the_first_plan_has_nothing_to_do(moved):
    before = dump(moved.dsn)
    assert moved.plan().steps == ()
    moved.apply()
    assert differences(before, dump(moved.dsn)) == []
    assert moved.plan().changes == ()
    assert moved.rows("SELECT name FROM pgmg_migrations ORDER BY 1") == [("001_users.sql",), ("002_email.sql",)]
    assert moved.value("SELECT count(*) FROM pgmg_state WHERE object_hash = ''") == 0
    assert moved.value("SELECT count(*) FROM pgmg.pgmg_state") == 17


def test_when_its_migrations_ran_is_kept(moved):
    moved.do("UPDATE pgmg.pgmg_migrations SET applied_at = '2020-01-02 03:04:05+00' WHERE name = '001_users'")
    moved.apply()
    assert (
        moved.value("SELECT applied_at::date::text FROM pgmg_migrations WHERE name = '001_users.sql'") == "2020-01-02"
    )


def test_only_what_is_new_runs(moved):
    oids = moved.rows("SELECT 'counts'::regclass::oid, 'app.names'::regclass::oid")
    moved.write("migrations/003_note.sql", "CREATE TABLE notes (id integer);")
    moved.write(
        "sql/code.sql", FILES["sql/code.sql"].replace("SELECT name FROM users", "SELECT upper(name) FROM users")
    )
    moved.write("sql/new.sql", "CREATE VIEW fresh AS SELECT id FROM notes;")
    assert sorted(str(step.object) for step in moved.plan().steps) == [
        "function.named(integer)",
        "migration.003_note.sql",
        "view.fresh",
    ]
    moved.apply()
    assert moved.value("SELECT named(1)") == "ANN"
    assert moved.rows("SELECT 'counts'::regclass::oid, 'app.names'::regclass::oid") == oids


def test_what_no_file_declares_any_more_is_dropped_with_consent(moved):
    moved.do(
        "CREATE VIEW gone AS SELECT 1 AS one",
        "INSERT INTO pgmg.pgmg_state (object_type, object_name, ddl_hash) VALUES ('view', 'gone', 'x')",
    )
    plan = moved.plan()
    assert [notice.code for notice in plan.needs_consent] == [Consent.ORIGINAL]
    with moved.open() as opened, pytest.raises(RefusedChange, match="only the original pgmg has recorded"):
        opened.apply()
    assert moved.value("SELECT one FROM gone") == 1
    with moved.open() as opened:
        opened.apply(yes=True)
    assert moved.value("SELECT to_regclass('gone')") is None
    assert moved.plan().changes == ()


def test_a_name_that_stands_for_several_objects_drops_none(moved):
    moved.do("CREATE FUNCTION named(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$")
    assert moved.plan().steps == ()
    moved.apply()
    assert moved.value("SELECT named('by hand')") == "by hand"


def test_a_name_without_schema_means_the_search_path(moved):
    moved.do(
        "CREATE VIEW app.other AS SELECT 1 AS one",
        "INSERT INTO pgmg.pgmg_state (object_type, object_name, ddl_hash) VALUES ('view', 'other', 'x')",
    )
    assert moved.plan().changes != ()
    assert "view.app.other" not in {str(change.object) for change in moved.plan().changes}


def test_the_records_are_taken_over_without_running_anything(moved):
    moved.write("sql/views.sql", FILES["sql/views.sql"].replace("where active", "where active and id > 0"))
    before = dump(moved.dsn)
    report = taken_over(moved)
    assert differences(before, dump(moved.dsn)) == []
    assert report.taken_over == ("001_users.sql", "002_email.sql")
    assert [one.object for one in report.left_out] == ["view.active_users"]
    said = "\n".join(import_lines(report))
    assert "2 migrations of the original pgmg, recorded as applied" in said
    assert "Left to the next plan:\n  - view.active_users" in said
    moved.do("DROP SCHEMA pgmg CASCADE")
    assert [str(step.object) for step in moved.plan().steps] == ["view.active_users"]


def test_a_dry_run_takes_nothing_over(moved):
    assert taken_over(moved, dry_run=True).objects == 16
    assert moved.value("SELECT to_regclass('public.pgmg_state')") is None


def test_another_state_schema_needs_the_command(moved):
    (moved.root / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\nstate_schema = "mine"\n')
    assert [str(step.object) for step in moved.plan().steps][:2] == [
        "migration.001_users.sql",
        "migration.002_email.sql",
    ]
    taken_over(moved)
    assert moved.plan().steps == ()
    assert moved.value("SELECT count(*) FROM mine.pgmg_migrations") == 2


def test_its_own_schema_cannot_be_the_state_schema(moved):
    (moved.root / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\nstate_schema = "pgmg"\n')
    with pytest.raises(ConfigError, match="are those of the original pgmg"):
        moved.plan()


def test_records_are_taken_over_once(moved, project):
    taken_over(moved)
    with pytest.raises(ImportRefused, match="tables of its own"):
        taken_over(moved)


def test_without_its_tables_there_is_nothing_to_take_over(project):
    with pytest.raises(ImportRefused, match="no tables of the original pgmg in schema pgmg"):
        taken_over(project)


def test_an_import_brings_in_what_no_file_declares_and_proves_the_whole(moved):
    moved.do("CREATE VIEW more AS SELECT 1 AS one")
    with moved.open() as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions(scratch=moved.dsn))
    assert [file.path for file in report.files] == ["sql/public/views/more.sql"]
    assert report.proof.is_planned_empty
    assert report.proof.is_dump_equal, report.proof
    assert moved.plan().steps == ()


def test_after_a_reset_its_records_count_no_longer(moved):
    moved.apply()
    moved.do("DROP TABLE users CASCADE", "DROP SCHEMA app CASCADE")
    with moved.open() as opened:
        opened.reset()
    assert moved.value("SELECT to_regclass('pgmg.pgmg_state')") is None
    moved.apply()
    assert moved.value("SELECT count(*) FROM app.names") == 0


def test_a_rehearsal_knows_its_records(moved, server):
    moved.write("migrations/003_note.sql", "CREATE TABLE notes (id integer);")
    with moved.open() as opened:
        assert rehearse(opened, opened.plan(), server.dsn).proved


@pytest.mark.parametrize("key", ["emit_notify_events = true", 'seed_dir = "seeds"', '[tls]\nsslmode = "require"'])
def test_its_other_settings_are_refused_with_a_hint(project, key):
    (project.root / "pgmg.toml").write_text(f'code_dir = "sql"\n{key}\n')
    with pytest.raises(ConfigError) as caught:
        project.open()
    assert "a setting of the original pgmg" in caught.value.hint
