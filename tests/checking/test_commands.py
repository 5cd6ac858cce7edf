"""`pgmg check` and `pgmg plan` with bodies: what is printed, where bodies were checked, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from pgmg.rehearsal import check_on_copy, with_rehearsal
from pgmg.render.json import documents
from pgmg.render.text import plain

AGE = "CREATE FUNCTION age_of(n integer) RETURNS integer LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN (SELECT age FROM users WHERE id = n);\nEND $$;"


@pytest.fixture
def case(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, age integer);")
    project.write("sql/age_of.sql", AGE)
    project.apply()
    return project


@pytest.fixture
def pgmg_in(case):
    def run(*words):
        environment = {**os.environ, "PGMG_CONNECTION_STRING": case.dsn}
        command = [sys.executable, "-m", "pgmg", *words]
        return subprocess.run(command, cwd=case.root, env=environment, check=False, capture_output=True, text=True)

    return run


def test_check_says_what_is_wrong_and_how_it_was_found(case, pgmg_in):
    done = pgmg_in("check")
    assert (done.returncode, done.stdout) == (
        0, "No problem in 2 files: 1 object, 1 migration.\nNo problem in 1 body, checked on the database, rolled back.\n",
    )  # fmt: skip
    case.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN age;")
    done = pgmg_in("check", "age_of")
    assert (done.returncode, done.stdout) == (
        1,
        ('migration 002.sql breaks function.age_of(integer), sql/age_of.sql:3: column "age" does not exist\n'
        "1 problem in 1 body, read by the grammar and the catalog alone: table.users would be locked.\n"),
    )  # fmt: skip
    document = json.loads(pgmg_in("check", "--format", "json").stdout)
    jsonschema.validate(document, documents.schema())
    assert document["files"] == 3
    assert document["bodies"]["problems"][0]["where"] == "sql/age_of.sql:3"


def test_a_copy_tells_more_than_the_text(case, server, pgmg_in):
    case.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users RENAME age TO years'; END $$;")
    with case.open() as project:
        assert project.check().problems == ()
        found = check_on_copy(project, (), server.dsn)
    assert (found.checked_on.value, [one.where for one in found.problems]) == ("copy", ["sql/age_of.sql:3"])
    done = pgmg_in("check", "age_of", "--rehearse", "--scratch", server.dsn)
    assert done.returncode == 1, done.stderr
    assert "1 problem in 1 body, checked on a copy." in done.stdout


def test_a_rehearsal_proves_nothing_that_breaks_bodies(case, server, tmp_path):
    case.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN age;")
    with case.open() as project:
        plan = with_rehearsal(project, project.plan(), server.dsn)
    assert not plan.rehearsal.proved
    assert "breaks function.age_of(integer), sql/age_of.sql:3" in plain.rehearsal_text(plan.rehearsal)
    assert [n.message for n in plan.warnings if n.code == "breaks-body"] == [
        'migration 002.sql breaks function.age_of(integer), sql/age_of.sql:3: column "age" does not exist (checked on a copy)'
    ]
    jsonschema.validate(documents.plan_document(plan), documents.schema())


def test_plan_warns_and_its_document_says_how(case, pgmg_in):
    case.write("sql/v.sql", "CREATE VIEW v AS SELECT id, agee FROM users;")
    assert 'view.v would fail, sql/v.sql:1: column "agee" does not exist (checked on the database, rolled back)' in (
        pgmg_in("plan").stdout
    )
    document = json.loads(pgmg_in("plan", "--format", "json").stdout)
    jsonschema.validate(document, documents.schema())
    assert document["bodies"]["checked_on"] == "transaction"


def test_the_extension_is_asked_where_the_database_has_it(case, monkeypatch):
    """A function of the extension's name and shape answers in its place."""
    case.do(
        "CREATE SCHEMA lint",
        """CREATE FUNCTION lint.plpgsql_check_function_tb(
               funcoid regprocedure, relid regclass DEFAULT 0, fatal_errors boolean DEFAULT true,
               other_warnings boolean DEFAULT true, extra_warnings boolean DEFAULT true,
               performance_warnings boolean DEFAULT false
           ) RETURNS TABLE (lineno integer, sqlstate text, message text, level text) LANGUAGE sql AS
           $$ SELECT 3, '42703', 'column "age" is odd', 'error' WHERE funcoid::text LIKE '%age_of%' $$""",
    )
    monkeypatch.setattr("pgmg.catalog.wording.routine_bodies.extension_schema", lambda conn: "lint")
    with case.open() as project:
        found = project.check()
    assert found.with_extension
    assert [(one.where, one.message) for one in found.problems] == [("sql/age_of.sql:3", 'column "age" is odd')]
