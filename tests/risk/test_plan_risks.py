"""The risks of whole plans: of which relations they speak, in text and JSON, and what needs consent."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import psycopg
import pytest

from pgmg.errors import ConfigError, RefusedChange
from pgmg.model.plans.permission import parse_permission
from pgmg.model.plans.risk import LockMode, Risk, RiskKind, size_text
from pgmg.render.json import documents
from pgmg.render.markdown.plan_markdown import plan_markdown
from pgmg.render.text import plain

USERS = """
CREATE TABLE users (id integer PRIMARY KEY, age integer, note text);
INSERT INTO users SELECT g, g, repeat('x', 500) FROM generate_series(1, 2000) g;
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users);
"""


def risks(plan, *kinds):
    """Kind, relation and lock of the risks of a plan, in order."""
    return [(risk.kind, risk.relation, risk.lock) for risk in plan.risks if not kinds or risk.kind in kinds]


@pytest.fixture
def applied(project):
    project.write("migrations/001_users.sql", USERS)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;")
    project.apply()
    return project


def test_a_new_database_has_nothing_to_lose(project):
    project.write("migrations/001_users.sql", USERS)
    project.write("migrations/002_more.sql", "ALTER TABLE users ALTER COLUMN age TYPE bigint; DROP TABLE orders;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;")
    assert project.plan().risks == ()


def test_the_strongest_lock_and_what_comes_with_it(applied):
    applied.write(
        "migrations/002.sql", "SELECT 1;\nALTER TABLE users\n  ALTER COLUMN age TYPE bigint,\n  DROP COLUMN note;"
    )
    plan = applied.plan()
    of_migration = [risk for risk in plan.risks if risk.relation == "table.users"]
    assert [risk.kind for risk in of_migration] == [RiskKind.DATA_LOSS, RiskKind.REWRITE, RiskKind.EXCLUSIVE_LOCK]
    assert {risk.lock for risk in of_migration} == {LockMode.ACCESS_EXCLUSIVE}
    assert {risk.where for risk in of_migration} == {"migrations/002.sql:2"}
    assert all(risk.bytes > 500_000 for risk in of_migration)
    assert (RiskKind.EXCLUSIVE_LOCK, "view.v", LockMode.ACCESS_EXCLUSIVE) in risks(plan)


def test_a_migration_that_runs_in_parts_has_the_risks_of_each_part(applied):
    applied.write("migrations/002.sql", "CREATE TABLE copied AS SELECT id FROM v;\nALTER TABLE users DROP COLUMN age;")
    applied.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    plan = applied.plan()
    assert len([step for step in plan.steps if step.migration is not None]) == 2
    assert [risk.where for risk in plan.risks if risk.kind is RiskKind.DATA_LOSS] == ["migrations/002.sql:2"]


def test_rows_are_counted_after_analyze(applied):
    applied.do("ANALYZE users")
    applied.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN note;")
    assert {risk.rows for risk in applied.plan().risks if risk.relation == "table.users"} == {2000}


def test_tables_that_the_plan_creates_are_left_out(applied):
    applied.write(
        "migrations/002.sql",
        "CREATE TABLE fresh (id integer REFERENCES users);\n"
        "ALTER TABLE fresh ADD COLUMN x double precision DEFAULT random();\n"
        "ALTER TABLE fresh RENAME TO fresher;\nDROP TABLE fresher;",
    )
    assert risks(applied.plan()) == [(RiskKind.LOCK, "table.users", LockMode.SHARE_ROW_EXCLUSIVE)]


def test_a_name_that_passes_to_a_new_table_means_that_one(applied):
    applied.write(
        "migrations/002.sql",
        "ALTER TABLE orders RENAME TO old_orders;\nCREATE TABLE orders (id integer);\n"
        "ALTER TABLE orders ADD COLUMN x integer GENERATED ALWAYS AS IDENTITY;\nDROP TABLE old_orders;",
    )
    plan = applied.plan()
    assert not risks(plan, RiskKind.REWRITE)
    assert [name for _, name, _ in risks(plan, RiskKind.DATA_LOSS)] == ["table.orders"]


def test_names_follow_the_search_path_of_the_migration(applied):
    applied.do("CREATE SCHEMA app", "CREATE TABLE app.users (id integer)", "INSERT INTO app.users VALUES (1)")
    applied.write("migrations/002.sql", "SET search_path = app;\nTRUNCATE users;")
    assert [name for _, name, _ in risks(applied.plan(), RiskKind.DATA_LOSS)] == ["table.app.users"]


def test_partitions_are_named_once_by_their_table(applied):
    applied.do(
        "CREATE TABLE days (id integer, day date) PARTITION BY RANGE (day)",
        "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        "INSERT INTO days SELECT g, '2020-06-01' FROM generate_series(1, 1000) g",
    )
    applied.write("migrations/002.sql", "ALTER TABLE days ALTER COLUMN id TYPE bigint;")
    plan = applied.plan()
    assert risks(plan) == [
        (RiskKind.REWRITE, "table.days", LockMode.ACCESS_EXCLUSIVE),
        (RiskKind.EXCLUSIVE_LOCK, "table.days", LockMode.ACCESS_EXCLUSIVE),
    ]
    assert plan.risks[0].bytes >= 8192


def test_a_migration_that_runs_in_parts_has_risks_at_each(applied):
    applied.do("CREATE SCHEMA app", "CREATE TABLE app.things (id integer, n integer)")
    applied.write(
        "migrations/002.sql",
        "SET search_path = app, public;\nINSERT INTO things SELECT id, age FROM v;\n"
        "ALTER TABLE users ALTER COLUMN age TYPE bigint;\nALTER TABLE things ADD COLUMN more integer DEFAULT random();\n"
        "INSERT INTO things SELECT id, age FROM v;\nALTER TABLE users DROP COLUMN note;",
    )
    plan = applied.plan()
    rewritten = {(risk.relation, risk.where) for risk in plan.risks if risk.kind is RiskKind.REWRITE}
    assert rewritten == {("table.users", "migrations/002.sql:3"), ("table.app.things", "migrations/002.sql:4")}
    (loss,) = [risk for risk in plan.risks if risk.kind is RiskKind.DATA_LOSS]
    assert (loss.relation, loss.where) == ("table.users", "migrations/002.sql:6")
    assert len([step for step in plan.steps if step.migration is not None]) > 1
    assert "migrations/002.sql:6" in plan_markdown(plan)


def test_what_cannot_be_read_is_said(applied):
    applied.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x integer'; END $$;")
    (risk,) = applied.plan().risks
    assert (risk.kind, risk.reason, risk.where) == (RiskKind.UNKNOWN, "DO", "migrations/002.sql:1")


def test_steps_of_code_have_risks_too(applied):
    applied.write("sql/index.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;\nCREATE INDEX m_id ON m (id);")
    applied.write("sql/f.sql", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';")
    applied.write("sql/t.sql", "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();")
    assert risks(applied.plan()) == [(RiskKind.LOCK, "table.users", LockMode.SHARE_ROW_EXCLUSIVE)]


def test_long_transactions_are_named(applied, monkeypatch):
    monkeypatch.setattr("pgmg.catalog.reading.relation_facts_reader.LONG_TRANSACTION", 0.0)
    applied.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN x integer;")
    with psycopg.connect(applied.dsn, application_name="report") as reader:
        reader.execute("SELECT count(*) FROM users")
        plan = applied.plan()
        pid = reader.info.backend_pid
    (risk,) = [risk for risk in plan.risks if risk.relation == "table.users"]
    assert [(one.pid, one.application) for one in risk.transactions] == [(pid, "report")]
    assert f"would wait for pid {pid} (report): open transaction of" in plain.plan_text(plan)


def test_text_and_json(applied):
    applied.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN age TYPE bigint;")
    plan = applied.plan()
    text = plain.plan_text(plan)
    size = size_text(plan.risks[1].bytes)
    assert f"  - rewrites users ({size}): column age gets another type (under AccessExclusiveLock, " in text
    assert text.rstrip().endswith(f"1 to recreate, 1 migration; rewrites users ({size}); breaking for clients")
    document = documents.plan_document(plan)
    jsonschema.validate(document, documents.schema()["$defs"]["plan"] | {"$defs": documents.schema()["$defs"]})
    assert [risk["kind"] for risk in document["risks"] if risk["relation"] == "table.users"] == [
        "rewrite",
        "exclusive-lock",
    ]


# -- consent --------------------------------------------------------------------------------------------


def test_without_a_setting_everything_is_allowed(applied):
    applied.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN note;")
    plan = applied.plan()
    assert not plan.warnings
    assert applied.apply().applied


@pytest.mark.parametrize("saved", [False, True])
def test_what_is_not_allowed_is_refused_with_the_missing_words(applied, saved):
    applied.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN age TYPE bigint, DROP COLUMN note;")
    with applied.open(allow=["rewrite"]) as project:
        plan = project.plan()
        (warning,) = [notice for notice in plan.warnings if notice.code == "not-allowed"]
        assert "--allow 'data-loss'" in warning.message
        with pytest.raises(RefusedChange) as refused:
            project.apply(plan if saved else None, yes=True)
        assert "column note" in refused.value.message
        assert "--allow 'rewrite,data-loss'" in refused.value.hint
    assert applied.value("SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'") == 3
    with applied.open(allow="rewrite,data-loss") as project:
        assert project.apply().applied
    applied.settled()


def test_allowing_rewrites_is_the_short_option(applied):
    applied.write("sql/d.sql", "CREATE DOMAIN d AS varchar(10);")
    applied.apply()
    applied.do("CREATE TABLE t (x d)")
    applied.write("sql/d.sql", "CREATE DOMAIN d AS varchar(5);")
    command = [sys.executable, "-m", "pgmg", "plan", "--connection-string", applied.dsn, "--format", "json"]
    refused = subprocess.run(command, cwd=applied.root, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    planned = subprocess.run(
        [*command, "--allow", "rewrite"], cwd=applied.root, capture_output=True, text=True, check=True
    )
    document = json.loads(planned.stdout)
    assert "rewrite" in [risk["kind"] for risk in document["risks"] if risk["relation"] == "table.t"]
    assert document["warnings"] == [] or all(w["code"] != "not-allowed" for w in document["warnings"])


def risk(kind, size):
    return Risk(1, kind, "table.t", LockMode.ACCESS_EXCLUSIVE, bytes=size)


@pytest.mark.parametrize(
    ("word", "kind", "size", "covered"),
    [
        ("rewrite", RiskKind.REWRITE, 10**12, True),
        ("rewrite", RiskKind.DATA_LOSS, 1, False),
        ("rewrite<1GB", RiskKind.REWRITE, 10**6, True),
        ("rewrite<1GB", RiskKind.REWRITE, 2**31, False),
        ("rewrite<1GB", RiskKind.REWRITE, None, False),
        ("exclusive-lock>1GB", RiskKind.EXCLUSIVE_LOCK, 2**31, True),
        ("exclusive-lock < 10 GB", RiskKind.EXCLUSIVE_LOCK, 2**31, True),
        ("data-loss", RiskKind.DATA_LOSS, None, True),
    ],
)
def test_words_of_consent(word, kind, size, covered):
    assert parse_permission(word).covers(risk(kind, size)) is covered


@pytest.mark.parametrize("word", ["", "rewrites", "scan", "rewrite>", "rewrite>1XB", "exclusive-lock=1GB"])
def test_other_words_are_refused(applied, word):
    assert parse_permission(word) is None
    if word:
        with pytest.raises(ConfigError, match="rewrite"):
            applied.open(allow=[word])


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (8192, "8.0 kB"), (1.2 * 2**30, "1.2 GB"), (200 * 2**20, "200 MB")]
)
def test_sizes(size, text):
    assert size_text(int(size)) == text
