"""Every form of statement: what is forecast of it, and what the server says right after it."""

from __future__ import annotations

import random
import re
from contextlib import suppress

import psycopg
import pytest

from tests.risk.forecasts import first_locks_of, forecast
from tests.risk.forms import BARE, OUTSIDE, ROLE, SCHEMA, TRANSACTIONAL, Form
from tests.risk.server_effects import RANKS, measure, waited_for

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
            locks = first_locks_of(schemas[0], script)
            held = {(f"{lock.schema}.{lock.relation.name}", lock.mode.value) for lock in locks}
            assert held <= said.locks.items(), script
            seen += bool(locks)
    assert seen > 15
