"""Every form of statement: what is forecast of it, and what the server says right after it."""

from __future__ import annotations

import random
import re
from contextlib import suppress

import psycopg
import pytest

from pgmg.catalog.reading.catalog_queries import read_only
from pgmg.catalog.reading.relation_facts_reader import read_relation_facts
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.sessions.connection import connect
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action, DatabaseInfo, Plan, Step
from pgmg.model.sources.source import MigrationFile
from pgmg.planning.risk.effects import Forecast
from pgmg.planning.risk.forecast import PlannedStatement, facts_wanted
from pgmg.planning.risk.relation_names import RelationNames
from pgmg.planning.risk.statement_forecast import StatementForecaster
from pgmg.risk_reader import with_first_locks
from pgmg.source import parse_migration
from pgmg.source.operations import operations_of
from tests.risk.forms import BARE, OUTSIDE, ROLE, SCHEMA, TRANSACTIONAL, Form
from tests.risk.server_effects import NOTICEABLE, RANKS, Effects, measure, waited_for

READS = re.compile(
    r"(WITH|SELECT|INSERT|UPDATE|DELETE|MERGE|ANALYZE|REFRESH|CREATE TABLE|CREATE MATERIALIZED|TRUNCATE)"
)
"""Statements whose queries read tables for their own sake."""


@pytest.fixture(scope="module")
def schemas(server):
    """The connection strings of two databases, the second one bare; statements are rolled back in them."""
    with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        server.admin.execute(f"CREATE ROLE {ROLE}")
    made = []
    for script in (SCHEMA, SCHEMA + BARE):
        made.append(server.create())
        with psycopg.connect(made[-1], autocommit=True) as conn:
            conn.execute(script)
    yield made
    for dsn in made:
        server.drop(dsn)


def forecast(dsn: str, sql: str) -> tuple[Effects, Forecast]:
    """Return what pgmg expects of a statement, in the shape of what the server is asked."""
    operations = operations_of(sql)
    wanted = facts_wanted([PlannedStatement(1, operations, None)])
    if wanted is None:
        found = Forecast(unknown=[o.what for o in operations if type(o).__name__ == "Unknown"])
        return Effects({}, frozenset(), frozenset()), found
    with connect(dsn) as conn, read_only(conn, None):
        facts = read_relation_facts(conn, wanted, ("public",))
    found = StatementForecaster(facts, RelationNames(facts)).forecast(operations)
    name = {oid: f"{r.schema}.{r.name}" for oid, r in facts.relations.items()}
    return (
        Effects(
            locks={name[oid]: mode.value for oid, mode in found.locks.items() if mode.value in NOTICEABLE},
            rewritten=frozenset(name[oid] for oid in found.rewrites),
            scanned=frozenset(name[oid] for oid in found.scans),
        ),
        found,
    )


def _ids(form: Form) -> str:
    return re.sub(r"\W+", "_", str(form))[:90]


@pytest.mark.parametrize("form", TRANSACTIONAL, ids=_ids)
def test_as_the_server_says(schemas, server, form):
    if server.major < form.since:
        pytest.skip(f"only for PostgreSQL >= {form.since}")
    dsn = schemas[form.bare]
    with psycopg.connect(dsn, autocommit=True) as conn:
        said = measure(conn, form.sql)
    expected, found = forecast(dsn, form.sql)
    if found.unknown:
        assert "CASCADE" in form.sql
        return
    assert expected.locks == said.locks
    if form.sql.startswith("TRUNCATE"):
        assert len(found.losses) >= len(said.rewritten)  # files are new because they are empty
    else:
        assert expected.rewritten == said.rewritten
    if not READS.match(form.sql):
        assert expected.scanned - expected.rewritten == said.scanned - said.rewritten


@pytest.mark.parametrize("form", OUTSIDE, ids=_ids)
def test_locks_outside_a_transaction(schemas, form):
    expected, _ = forecast(schemas[0], form.sql)
    waited = waited_for(schemas[0], form.sql)
    assert waited
    if "DETACH" in form.sql:  # begins with a weaker lock on the partition
        assert all(RANKS.index(mode) <= RANKS.index(expected.locks[name]) for name, mode in waited.items())
    else:
        assert waited.items() <= expected.locks.items()


def test_what_is_locked_first_is_locked_as_strongly_all_the_same(schemas, server):
    """Random pairs of statements: a plan of both takes no lock first that the server does not say it holds in the end."""
    randomness = random.Random(7)
    forms = [form for form in TRANSACTIONAL if not form.bare and server.major >= form.since]
    seen = 0
    with psycopg.connect(schemas[0], autocommit=True) as conn:
        for _ in range(150):
            script = [form.sql.rstrip("; ") for form in randomness.sample(forms, 2)]
            try:
                said = measure(conn, ";\n".join(script))
            except psycopg.Error:
                continue  # they do not go together
            locks = _first_locks(schemas[0], script)
            held = {(f"{lock.schema}.{lock.relation.name}", lock.mode.value) for lock in locks}
            assert held <= said.locks.items(), script
            seen += bool(locks)
    assert seen > 15


def _first_locks(dsn: str, script: list[str]):
    migration = parse_migration(MigrationFile("1.sql", "1.sql", ";\n".join(script), ""))
    name = ObjectName(Kind.MIGRATION, "1")
    statements = tuple(statement.sql for statement in migration.sent)
    step = Step(1, Action.MIGRATE, name, statements, "pending", migration=migration)
    plan = Plan("", DatabaseInfo("", ""), steps=(step,))
    with connect(dsn) as conn, read_only(conn, "public"):
        return with_first_locks(conn, plan, read_snapshot(conn, "public"), None).first_locks
