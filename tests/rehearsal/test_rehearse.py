"""Plans carried out on a copy of the database: what is measured, what is proved, what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import jsonschema
import pytest
from psycopg import conninfo

from pgmg.catalog.servers.scratch_names import scratch_name
from pgmg.errors import ApplyError, RehearsalError
from pgmg.model.plans.risk import LockMode
from pgmg.rehearsal import rehearse
from pgmg.render.json import documents
from pgmg.render.text import plain

AEL, SRE = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE


@pytest.fixture
def applied(project):
    project.write(
        "migrations/001.sql",
        "CREATE TABLE users (id integer PRIMARY KEY, age integer);\nINSERT INTO users VALUES (1, 1);\n"
        "CREATE TABLE orders (id integer PRIMARY KEY, user_id integer);",
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;\nGRANT SELECT ON v TO PUBLIC;")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT count(*)::integer FROM v';")
    project.apply()
    return project


@pytest.fixture
def rehearsed(server, monkeypatch):
    """Rehearse the plan of a project on the server of the tests; its databases are gone afterwards, however it ends."""
    made = []

    @contextmanager
    def noting(admin):
        with scratch_name(admin) as name:
            made.append(name)
            yield name

    monkeypatch.setattr("pgmg.catalog.servers.schema_copy.scratch_name", noting)

    def go(case):
        with case.open() as project:
            return rehearse(project, project.plan(), server.dsn)

    yield go
    assert made
    left = server.admin.execute("SELECT datname FROM pg_database WHERE datname = ANY (%s)", [made]).fetchall()
    assert left == []


def effects(rehearsal):
    """By step: relation, lock, whether it is rewritten."""
    return {
        done.step.number: [(one.relation, one.lock, one.rewritten) for one in done.effects] for done in rehearsal.steps
    }


def test_locks_and_rewrites_are_those_of_the_server(applied, rehearsed):
    applied.write(
        "migrations/002.sql",
        "ALTER TABLE users ALTER COLUMN age TYPE bigint;\n"
        "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;",
    )
    found = rehearsed(applied)
    assert found.proved
    seen = effects(found)
    numbers = {str(done.step.object): done.step.number for done in found.steps if done.step.action.value != "create"}
    assert ("view.v", AEL, False) in seen[1]
    assert sorted(seen[numbers["migration.002.sql"]]) == [("table.orders", SRE, False), ("table.users", AEL, True)]
    assert all(one.expected for done in found.steps for one in done.effects)
    assert applied.value("SELECT pg_typeof(age)::text FROM users") == "integer"  # only the copy has changed
    assert "The plan runs, and nothing is left to do afterwards." in plain.rehearsal_text(found)


def test_what_the_text_hides_is_measured(applied, rehearsed):
    applied.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x integer'; END $$;")
    found = rehearsed(applied)
    (unforeseen,) = [one for done in found.steps for one in done.effects if not one.expected]
    assert (unforeseen.relation, unforeseen.lock) == ("table.users", AEL)
    assert "locks table.users: AccessExclusiveLock (not forecast)" in plain.rehearsal_text(found)


def test_a_plan_that_would_fail_fails_on_the_copy(applied, rehearsed, server):
    applied.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN x nowhere;")
    with pytest.raises(ApplyError, match="nowhere"):
        rehearsed(applied)


def test_no_rows_are_copied(applied, rehearsed):
    applied.write("migrations/002.sql", "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM users); END $$;")
    assert rehearsed(applied).proved


def test_roles_that_the_scratch_server_lacks_are_created_and_dropped(applied, server, tmp_path):
    server.admin.execute("DROP ROLE IF EXISTS pgmg_rehearsal_reader")
    server.admin.execute("CREATE ROLE pgmg_rehearsal_reader")
    try:
        applied.do("GRANT SELECT ON users TO pgmg_rehearsal_reader")
        applied.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN x integer;")
        with applied.open() as project:
            found = rehearse(project, project.plan())  # on the project's own embedded server
        assert found.proved
        assert found.omitted == ()
    finally:
        applied.do("REVOKE ALL ON users FROM pgmg_rehearsal_reader")
        server.admin.execute("DROP ROLE pgmg_rehearsal_reader")


def test_steps_outside_a_transaction_are_carried_out_unmeasured(applied, rehearsed):
    applied.write("migrations/002.sql", "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY users_age ON users (age);")
    found = rehearsed(applied)
    assert found.proved
    assert [done.measured for done in found.steps] == [False]
    assert "its locks were not measured" in plain.rehearsal_text(found)


def test_a_role_that_may_create_no_database_is_told_so(applied, server):
    server.admin.execute("DROP ROLE IF EXISTS pgmg_rehearsal_poor")
    server.admin.execute("CREATE ROLE pgmg_rehearsal_poor LOGIN")
    try:
        scratch = conninfo.make_conninfo(server.dsn, user="pgmg_rehearsal_poor")
        applied.write("migrations/002.sql", "SELECT 1;")
        with applied.open() as project, pytest.raises(RehearsalError, match="permission denied"):
            rehearse(project, project.plan(), scratch)
    finally:
        server.admin.execute("DROP ROLE pgmg_rehearsal_poor")


@pytest.mark.parametrize("saved", [False, True])
def test_the_command(applied, server, saved):
    applied.write("migrations/002.sql", "SELECT 1;")
    environment = {**os.environ, "PGMG_CONNECTION_STRING": applied.dsn}
    words = [sys.executable, "-m", "pgmg"]
    if saved:
        subprocess.run(
            [*words, "plan", "--out", "plan.json"], cwd=applied.root, env=environment, check=True, capture_output=True
        )
    done = subprocess.run(
        [*words, "rehearse", *(["plan.json"] if saved else []), "--scratch", server.dsn, "--format", "json"],
        cwd=applied.root, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    schema = documents.schema()
    jsonschema.validate(document, schema["$defs"]["rehearsal"] | {"$defs": schema["$defs"]})
    assert document["proved"]
    assert [step["object"] for step in document["steps"]] == ["migration.002.sql"]


def test_what_is_required_of_rows_is_not_asked_of_a_copy_without_rows(applied, rehearsed):
    applied.write(
        "migrations/002.sql",
        "-- pgmg: require SELECT count(*) = 1 FROM users\n-- pgmg: ensure SELECT count(*) = 1 FROM v\n"
        "ALTER TABLE users ADD name text;",
    )
    done = rehearsed(applied)
    assert done.is_same_plan
    assert done.left_over == ()
    applied.apply()
    applied.settled()


def test_effects_that_nobody_forecast_are_found_among_many_quiet_steps(applied, rehearsed):
    """An event trigger of the database locks a table whenever a view is made."""
    applied.do(
        "CREATE FUNCTION lock_users() RETURNS event_trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE ''%w7'') THEN"
        " LOCK TABLE users IN SHARE MODE; END IF; END'",
        "CREATE EVENT TRIGGER lock_users ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION lock_users()",
    )
    for number in range(20):
        applied.write(f"sql/w{number}.sql", f"CREATE VIEW w{number} AS SELECT id FROM users;")
    found = rehearsed(applied)
    assert found.proved
    locking = {
        str(done.step.object): [(one.relation, one.lock) for one in done.effects]
        for done in found.steps
        if done.effects
    }
    assert locking == {"view.w7": [("table.users", LockMode.SHARE)]}
    assert all(done.measured for done in found.steps)


VIEWS = {
    "a": "CREATE MATERIALIZED VIEW a AS SELECT id, age FROM users",
    "b": "CREATE MATERIALIZED VIEW b AS SELECT max(age) AS age FROM z",
    "z": "CREATE MATERIALIZED VIEW z AS SELECT id, age FROM a",
    "w": "CREATE VIEW w AS SELECT age FROM b",
}
CHANGES = {
    "a migration below": {"migrations/002.sql": "ALTER TABLE users ALTER COLUMN age TYPE bigint;"},
    "another query": {"sql/z.sql": f"{VIEWS['z']} WHERE age > 0;"},
    "another column": {"sql/a.sql": "CREATE MATERIALIZED VIEW a AS SELECT id, age, 1 AS one FROM users;"},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("empty", [(), ("a", "b", "z"), ("b",)])
def test_materialized_views_are_as_populated_on_a_copy_without_rows(applied, rehearsed, change, empty):
    for name, text in VIEWS.items():
        applied.write(f"sql/{name}.sql", f"{text};")
    applied.apply()
    for name in empty:
        applied.do(f"REFRESH MATERIALIZED VIEW {name} WITH NO DATA")
    for path, text in CHANGES[change].items():
        applied.write(path, text)
    found = rehearsed(applied)
    assert found.is_same_plan
    assert found.left_over == ()
