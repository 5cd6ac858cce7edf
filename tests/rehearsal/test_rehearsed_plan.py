"""Plans that are rehearsed at once: what is shown, saved and shown again, and what a killed rehearsal leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import jsonschema
import pytest

from pgmg import saved_plans
from pgmg.catalog.servers import server_programs
from pgmg.catalog.servers.scratch_names import create_role, remove_dead
from pgmg.catalog.sessions.connection import connect
from pgmg.errors import ConfigError, FailedOnCopyError, UsageError
from pgmg.model.plans.risk import LockMode, RiskKind
from pgmg.rehearsal import rehearse, with_rehearsal
from pgmg.rehearsed_plan import planned
from pgmg.render.html.plan_html import plan_html
from pgmg.render.html.report_html import report_html
from pgmg.render.json import documents
from pgmg.render.markdown.plan_markdown import plan_markdown
from pgmg.render.plan_content import ReportExtras
from pgmg.render.text import plain
from pgmg.verifier import verify

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
HIDDEN = "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x integer'; END $$;"


@pytest.fixture
def case(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, age integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;")
    project.apply()
    return project


@pytest.fixture
def rehearsed(case, server):
    """Plan and rehearse on the server of the tests."""

    def go():
        with case.open() as project:
            return with_rehearsal(project, project.plan(), server.dsn)

    return go


def test_the_result_is_shown_with_the_plan_everywhere(case, rehearsed):
    case.write("migrations/002.sql", "ALTER TABLE users ALTER age TYPE bigint;")
    plan = rehearsed()
    assert plan.rehearsal.proved
    assert plan.rehearsal.fingerprint == plan.fingerprint
    text = plain.plan_text(plan)
    assert "Rehearsal: on a copy without rows, PostgreSQL" in text
    assert "the plan runs (" in text
    assert "(under AccessExclusiveLock, migrations/002.sql:1, measured)" in text
    assert "locks table.users" not in text
    assert "locks table.users: AccessExclusiveLock, rewrites table.users" in plain.plan_text(plan, 1)
    html = plan_html(plan)
    assert '<span class="badge r-created">proved</span>' in html
    assert "locks table.users: AccessExclusiveLock, rewrites table.users" in html
    assert "nothing is left to do afterwards" in plan_markdown(plan)
    document = json.loads(documents.dumps(documents.plan_document(plan)))
    jsonschema.validate(document, documents.schema(), jsonschema.Draft202012Validator)
    assert document["rehearsal"]["proved"]


def test_risks_are_measured_and_those_that_nobody_forecast_are_added(case, rehearsed):
    case.write("migrations/002.sql", "ALTER TABLE users ALTER age TYPE bigint;")
    case.write("migrations/003.sql", HIDDEN)
    plan = rehearsed()
    of_users = [
        (risk.step, risk.kind, risk.lock, risk.measured) for risk in plan.risks if risk.relation == "table.users"
    ]
    rewrite = next(step.number for step in plan.steps if str(step.object) == "migration.002.sql")
    assert (rewrite, RiskKind.REWRITE, LockMode.ACCESS_EXCLUSIVE, True) in of_users
    assert [risk for risk in plan.risks if risk.kind is RiskKind.UNKNOWN and risk.measured] == []


def test_a_hidden_lock_becomes_a_measured_risk(case, rehearsed):
    case.write("migrations/002.sql", HIDDEN)
    (found,) = [risk for risk in rehearsed().risks if risk.measured]
    assert (found.relation, found.kind, found.lock) == (
        "table.users", RiskKind.EXCLUSIVE_LOCK, LockMode.ACCESS_EXCLUSIVE,
    )  # fmt: skip
    assert found.reason == "seen in the rehearsal, not forecast"


def test_a_plan_that_fails_on_the_copy_is_shown_with_the_error(case, rehearsed):
    case.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN x nowhere;")
    plan = rehearsed()
    assert not plan.rehearsal.proved
    text = plain.plan_text(plan)
    assert "the plan fails: " in text
    assert "nowhere" in text.partition("Rehearsal:")[2]
    assert '<span class="badge r-dropped">not proved</span>' in plan_html(plan)
    jsonschema.validate(documents.plan_document(plan), documents.schema(), jsonschema.Draft202012Validator)


def test_an_empty_plan_is_not_rehearsed(rehearsed):
    assert rehearsed().rehearsal is None


def test_scratch_needs_rehearse(case):
    with case.open() as project, pytest.raises(UsageError, match="--rehearse"):
        planned(project, project.plan().options, {"rehearse": False, "scratch": "postgresql://"})


def test_it_is_saved_and_shown_again_with_the_same_plan_only(case, rehearsed, tmp_path):
    case.write("migrations/002.sql", HIDDEN)
    plan = rehearsed()
    path = tmp_path / "plan.json"
    saved_plans.save_plan(plan, path)
    with case.open() as project:
        again = saved_plans.plan_again(project, path, {})
    assert again.fingerprint == plan.fingerprint
    assert plain.rehearsal_text(again.rehearsal) == plain.rehearsal_text(plan.rehearsal)

    document = json.loads(path.read_text(encoding="utf-8"))
    document["rehearsal"]["fingerprint"] = "sha256:another"
    path.write_text(json.dumps(document), encoding="utf-8")
    with case.open() as project:
        assert saved_plans.plan_again(project, path, {}).rehearsal is None

    document["rehearsal"] = {"fingerprint": plan.fingerprint, "steps": 7}
    path.write_text(json.dumps(document), encoding="utf-8")
    with case.open() as project, pytest.raises(ConfigError, match="damaged"):
        saved_plans.plan_again(project, path, {})


@pytest.mark.parametrize("form", ["json", "html", "markdown"])
def test_verify_says_whether_the_rehearsal_holds(case, rehearsed, tmp_path, form):
    case.write("migrations/002.sql", HIDDEN)
    plan = rehearsed()
    path = tmp_path / f"plan.{form}"
    if form == "json":
        saved_plans.save_plan(plan, path)
    else:
        page = plan_markdown(plan) if form == "markdown" else report_html(plan, ReportExtras(), NOON)
        path.write_text(page, encoding="utf-8")
    with case.open() as project:
        found = verify(project, path)
    assert [part.part.value for part in found.parts if not part.holds] == []
    assert "rehearsal" in [part.part.value for part in found.parts]
    case.write("migrations/003.sql", "SELECT 1;")
    with case.open() as project:
        found = verify(project, path)
    assert {part.part.value for part in found.parts if not part.holds} == {"migrations", "steps", "rehearsal"}


def test_the_command_shows_saves_and_exits(case, server, tmp_path):
    case.write("migrations/002.sql", HIDDEN)
    words = [sys.executable, "-m", "pgmg", "plan", "--rehearse", "--scratch", server.dsn, "--out", "plan.json"]
    environment = {**os.environ, "PGMG_CONNECTION_STRING": case.dsn}
    done = subprocess.run(words, cwd=case.root, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Rehearsal: on a copy without rows" in done.stdout
    assert json.loads((case.root / "plan.json").read_text(encoding="utf-8"))["rehearsal"]["proved"]
    case.write("migrations/002.sql", "ALTER TABLE nowhere ADD COLUMN x integer;")
    done = subprocess.run(words, cwd=case.root, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, "the plan fails: " in done.stdout) == (1, True), done.stderr


# --- what a killed one leaves


def scratch_databases(server):
    found = server.admin.execute("SELECT datname::text FROM pg_database WHERE datname LIKE 'pgmg\\_scratch\\_%'")
    return {name for (name,) in found}


def busy(server):
    """The scratch databases in which the migration sleeps."""
    found = server.admin.execute(
        "SELECT datname::text FROM pg_stat_activity WHERE datname LIKE 'pgmg\\_scratch\\_%' AND query ~ 'pg_sleep'"
        " AND state = 'active'"
    )
    return {name for (name,) in found}


def wait_for(what):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def start(case, server):
    """Begin a rehearsal that sleeps on its copy; return the process, and the databases that are its own."""
    before = scratch_databases(server)
    process = subprocess.Popen(
        [sys.executable, "-m", "pgmg", "rehearse", "--scratch", server.dsn],
        cwd=case.root, env={**os.environ, "PGMG_CONNECTION_STRING": case.dsn},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    (asleep,) = wait_for(lambda: busy(server) - before)
    return process, held_with(server, asleep)


def held_with(server, name):
    """The scratch databases of the session that holds the lock of one of them: other tests rehearse as well."""
    found = server.admin.execute(
        "WITH held AS (SELECT d.datname::text AS name, l.pid FROM pg_database AS d JOIN pg_locks AS l"
        " ON l.locktype = 'advisory' AND l.objid::bigint = ('x' || right(d.datname, 8))::bit(32)::bigint"
        " WHERE d.datname LIKE 'pgmg\\_scratch\\_%%')"
        " SELECT h.name FROM held AS h JOIN held AS o USING (pid) WHERE o.name = %s",
        [name],
    )
    return {name for (name,) in found}


def test_the_next_rehearsal_removes_what_a_killed_one_left(case, server):
    case.write("migrations/002.sql", "SELECT pg_sleep(600);")
    process, left = start(case, server)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left <= scratch_databases(server)
    case.write("migrations/002.sql", "SELECT 1;")
    with case.open() as project:
        assert rehearse(project, project.plan(), server.dsn).proved
    assert left & scratch_databases(server) == set()


def test_one_that_lives_keeps_its_databases(case, server):
    case.write("migrations/002.sql", "SELECT pg_sleep(600);")
    process, own = start(case, server)
    try:
        case.write("migrations/002.sql", "SELECT 1;")
        with case.open() as project:
            assert rehearse(project, project.plan(), server.dsn).proved
        assert own <= scratch_databases(server)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_role_that_a_killed_one_left_is_removed(server):
    server.admin.execute("DROP ROLE IF EXISTS pgmg_rehearsal_left")
    with connect(server.dsn) as admin:
        create_role(admin, "pgmg_rehearsal_left")

        def is_gone():
            remove_dead(admin)
            return not admin.execute("SELECT FROM pg_roles WHERE rolname = 'pgmg_rehearsal_left'").fetchall()

        wait_for(is_gone)  # another test's rehearsal keeps it for a while


ABSENT = """SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
SELECT max(e.oid::bigint) + 1000000, 'pgmg_test_absent', min(r.oid), 'public'::regnamespace, false, '1'
FROM pg_extension e, pg_roles r WHERE r.rolname = current_user;"""
"""A row like that of an extension: no server can restore its dump."""


@pytest.fixture
def incomplete(case):
    case.do(ABSENT)
    return case


def test_a_failure_on_an_incomplete_copy_says_what_the_copy_lacks(incomplete, rehearsed, server):
    incomplete.write("migrations/002.sql", "ALTER EXTENSION pgmg_test_absent SET SCHEMA pg_catalog;")
    plan = rehearsed()
    assert not plan.rehearsal.proved
    assert '"pgmg_test_absent" is not available' in plan.rehearsal.omitted[0]
    text = plain.plan_text(plan)
    assert f"not in the copy: {plan.rehearsal.omitted[0]}" in text
    with incomplete.open() as project, pytest.raises(FailedOnCopyError) as caught:
        rehearse(project, project.plan(), server.dsn)
    assert plan.rehearsal.omitted[0] in caught.value.hint
    assert "--scratch" in caught.value.hint


def test_a_failure_names_the_version_of_the_copy(case, rehearsed, server):
    case.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN x nowhere;")
    failed = rehearsed().rehearsal
    assert failed.failure
    assert failed.omitted == ()
    assert failed.server_version == case.value("SHOW server_version")
    with case.open() as project:  # on the embedded server of the project
        there = with_rehearsal(project, project.plan()).rehearsal
    assert there.server_version.startswith(str(max(server_programs.programs())))
