"""How far a lock reaches: over views, partitions, children and foreign keys. The server's `pg_locks` is the judge."""

from __future__ import annotations

import random
from contextlib import suppress

import psycopg
import pytest

from pgmg.model.naming.names import Kind
from tests.risk.forecasts import first_locks_of, forecast
from tests.risk.forms import ROLE
from tests.risk.reach import FORMS, SCHEMA, on_the_same
from tests.risk.server_effects import RANKS, measure


@pytest.fixture(scope="module")
def schema(server):
    """The connection string of the database; statements are rolled back in it."""
    with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        server.admin.execute(f"CREATE ROLE {ROLE}")
    dsn = server.create()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(SCHEMA)
    yield dsn
    server.drop(dsn)


def test_every_relation_is_locked_as_it_is_forecast(schema):
    wrong, seen = [], 0
    with psycopg.connect(schema, autocommit=True) as conn:
        for form in FORMS:
            try:
                said = measure(conn, form.sql).locks
            except psycopg.Error:
                continue  # the server does not let it
            expected, found = forecast(schema, form.sql)
            if found.unknown:
                continue
            seen += 1
            if expected.locks != said:
                wrong.append((form.sql, said, expected.locks))
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 500


_STRONG = frozenset(RANKS[RANKS.index("ShareLock") :])
BEFORE = "ALTER TABLE bystander ADD COLUMN added integer"
"""A statement that holds a lock when the next one comes: it alone makes the others come first."""

_LOCKING = [form for form in FORMS if form.sql.startswith("LOCK TABLE")]
SAMPLE = _LOCKING + random.Random(5).sample(FORMS, 300)

_READERS = """
WITH RECURSIVE pairs AS (
  SELECT DISTINCT d.refobjid AS below, w.ev_class AS view
  FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
), readers AS (
  SELECT below, view FROM pairs
  UNION SELECT p.below, r.view FROM pairs p JOIN readers r ON r.below = p.view
)
SELECT format('%s.%s', b.relnamespace::regnamespace, b.relname), format('%s.%s', v.relnamespace::regnamespace, v.relname)
FROM readers r JOIN pg_class b ON b.oid = r.below JOIN pg_class v ON v.oid = r.view
"""


def test_what_is_locked_strongly_is_locked_first_unless_a_view_must_come_before_it(schema):
    """The locks that a statement takes are taken before, by the statements of the plan; nothing else is."""
    wrong, seen, of_views = [], 0, 0
    with psycopg.connect(schema, autocommit=True) as conn:
        kinds = dict(conn.execute("SELECT 'public.' || relname, relkind::text FROM pg_class").fetchall())
        readers = set(conn.execute(_READERS).fetchall())
        for form in SAMPLE:
            try:
                said = measure(conn, f"{BEFORE};{form.sql}").locks
            except psycopg.Error:
                continue  # the server does not let it
            locks = first_locks_of(schema, [BEFORE, form.sql])
            held = measure(conn, ";".join(lock.statement for lock in locks)).locks if locks else {}
            views = {name for name in said if kinds[name] in "vm" and not form.sql.startswith("LOCK TABLE")}
            wanted = {
                name
                for name, mode in said.items()
                if mode in _STRONG and name not in views and not any((name, view) in readers for view in views)
            }
            wanted -= {"public.bystander"} if len(wanted) == 1 else set()  # nothing is locked after it
            if not held.items() <= said.items() or wanted != held.keys():
                wrong.append((form.sql, sorted(wanted ^ held.keys()), said, held))
            seen += len(held) > 1
            of_views += any(lock.relation.kind is Kind.VIEW for lock in locks)
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 150
    assert of_views > 30


def test_what_is_locked_first_is_locked_by_two_statements_about_one_relation(schema):
    """One renames, replaces or drops it, or what reads it; nothing is locked first that the server does not hold then."""
    wrong, seen = [], 0
    with psycopg.connect(schema, autocommit=True) as conn:
        for script in on_the_same(random.Random(3), 300):
            try:
                said = measure(conn, ";".join(script)).locks
            except psycopg.Error:
                continue  # they do not go together
            locks = first_locks_of(schema, script)
            held = measure(conn, ";".join(lock.statement for lock in locks)).locks if locks else {}
            seen += bool(locks)
            if not held.items() <= said.items():
                wrong.append((script, said, held))
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 30
