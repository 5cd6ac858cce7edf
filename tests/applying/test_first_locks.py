"""A transaction waits for what it locks strongly before it holds anything (rule 9.3). The other session is the judge."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

import pgmg
from pgmg.model.results.events import Retrying
from pgmg.planning.risk import lock_order
from pgmg.render.html.plan_html import plan_html
from pgmg.render.json.documents import plan_document
from pgmg.render.markdown.plan_markdown import plan_markdown
from pgmg.render.text import plain

TABLES = """
CREATE TABLE accounts (id integer PRIMARY KEY, name text);
CREATE TABLE bills (id integer PRIMARY KEY, total integer);
CREATE TABLE parts (id integer) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20);
"""
BOTH = "ALTER TABLE accounts ADD COLUMN note text;\nALTER TABLE bills ADD COLUMN note text;"
TRIGGER = "CREATE TRIGGER t BEFORE UPDATE ON accounts EXECUTE FUNCTION suppress_redundant_updates_trigger();"
PATIENT = "60s"
"""Longer than any test takes: whatever gives up by the clock would be seen as a failure."""

_LOCKS = """
SELECT l.granted, c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
JOIN pg_stat_activity a USING (pid)
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name = 'pgmg'
  AND c.relname IN ('accounts', 'bills', 'parts', 'parts_low', 'parts_high') AND l.mode <> 'AccessShareLock'
"""


@pytest.fixture
def tables(project):
    project.write("migrations/001.sql", TABLES)
    project.apply()
    project.do("INSERT INTO accounts VALUES (1, 'ann')")
    project.do("INSERT INTO bills VALUES (1, 10)")
    return project


def planned(project, sql, **settings):
    """Return the locks that come first, as words: `accounts AccessExclusiveLock`."""
    project.write("migrations/002.sql", sql)
    with project.open(**settings) as opened:
        return [f"{lock.relation.name} {lock.mode}" for lock in opened.plan().first_locks]


def waits_for(project, table):
    """Return once the apply waits for a table and holds no lock that a client minds."""
    end = time.monotonic() + 30
    seen = []
    while time.monotonic() < end:
        with psycopg.connect(project.dsn, autocommit=True) as conn:
            seen = conn.execute(_LOCKS).fetchall()
        if seen == [(False, table)]:
            return
        time.sleep(0.01)
    pytest.fail(f"it has and wants {seen}")


@pytest.fixture
def applying(tables):
    """Begin an apply in a thread; return what becomes of it and its events."""
    with ThreadPoolExecutor(1) as pool:

        def begin(**settings):
            events = []

            def run():
                with tables.open(**({"lock_timeout": PATIENT} | settings)) as opened:
                    return opened.apply(listener=events.append)

            return pool.submit(run), events

        yield begin


@pytest.mark.parametrize("held", ["accounts", "bills"])
def test_a_client_that_takes_two_tables_in_any_order_goes_on(tables, applying, held):
    """The apply waits for the one that is not free and holds nothing, so that the client gets the other one."""
    other = {"accounts": "bills", "bills": "accounts"}[held]
    assert planned(tables, BOTH) == ["accounts AccessExclusiveLock", "bills AccessExclusiveLock"]
    with psycopg.connect(tables.dsn) as client:
        client.execute(f"SELECT * FROM {held}")
        future, events = applying()
        waits_for(tables, held)
        client.execute("SET LOCAL lock_timeout = '20s'")
        assert client.execute(f"SELECT count(*) FROM {other}").fetchone() == (1,)
    assert future.result(60).applied
    assert not any(isinstance(event, Retrying) for event in events)
    tables.settled()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX i ON accounts (name);\nALTER TABLE accounts ADD COLUMN note text;",
        "UPDATE accounts SET name = 'bob' WHERE id = 1;\nALTER TABLE accounts ADD COLUMN note text;",
        "INSERT INTO accounts VALUES (2, 'eve');\nALTER TABLE accounts ADD COLUMN note text;",
        f"{TRIGGER}\nALTER TABLE accounts ADD COLUMN note text;",
    ],
)
def test_a_client_that_reads_and_then_writes_goes_on(tables, applying, sql):
    """A weaker lock first, the stronger one afterwards: between them both would wait for each other."""
    assert planned(tables, sql) == ["accounts AccessExclusiveLock"]
    with psycopg.connect(tables.dsn) as client:
        client.execute("SELECT * FROM accounts")
        future, events = applying()
        waits_for(tables, "accounts")
        client.execute("SET LOCAL lock_timeout = '20s'")
        client.execute("UPDATE accounts SET name = 'ann' WHERE id = 1")
    assert future.result(60).applied
    assert not any(isinstance(event, Retrying) for event in events)


def test_readers_of_one_table_do_not_wait_while_another_one_is_not_free(tables, applying):
    """Counted, not timed: every reader of the first table comes through while a client keeps the second one."""
    tables.write("migrations/002.sql", BOTH)
    with psycopg.connect(tables.dsn) as client, psycopg.connect(tables.dsn, autocommit=True) as reader:
        client.execute("SELECT * FROM bills")
        future, _ = applying()
        waits_for(tables, "bills")
        reader.execute("SET lock_timeout = '20s'")
        assert sum(reader.execute("SELECT count(*) FROM accounts").fetchone()[0] for _ in range(200)) == 200
        waits_for(tables, "bills")
    assert future.result(60).applied


def test_who_gives_up_names_the_statement_and_has_changed_nothing(tables):
    tables.write("migrations/002.sql", BOTH)
    with psycopg.connect(tables.dsn, application_name="report") as client:
        client.execute("SELECT * FROM bills")
        with (
            tables.open(lock_timeout="200ms", lock_retries=0) as opened,
            pytest.raises(pgmg.LockedError, match="report") as caught,
        ):
            opened.apply()
    assert str(caught.value.where) == "migrations/002.sql:2:1"
    assert tables.value("SELECT count(*) FROM pgmg_migrations") == 1
    tables.apply()
    tables.settled()


def shown(page):
    """Return the text of a page or a report: without elements, backslashes and asterisks."""
    return re.sub(r"<[^>]*>|\\|\*", "", page)


def test_what_was_shown_says_it(tables):
    tables.write("migrations/002.sql", f"{BOTH}\nCREATE INDEX ON parts (id);")
    with tables.open() as opened:
        plan = opened.plan()
    words = "locks first accounts, bills (AccessExclusiveLock), parts and its children (ShareLock)"
    for said in (plain.plan_text(plan), shown(plan_html(plan)), shown(plan_markdown(plan))):
        assert said.count(words) == 1
    assert "locks first" not in plan_html(plan, applied=True)
    assert plan_document(plan)["first_locks"][2] == {
        "group": 1,
        "relation": "table.parts",
        "lock": "ShareLock",
        "with_children": True,
        "step": 1,
    }
    json.dumps(plan_document(plan))


def test_a_view_that_is_locked_with_what_it_reads_comes_first_with_it(tables, applying):
    """LOCK TABLE of a view locks the tables below it, too: a client that has one of them gets the other one."""
    tables.do("CREATE VIEW joined AS SELECT a.id, b.total FROM accounts a JOIN bills b USING (id)")
    sql = "ALTER TABLE parts ADD COLUMN note text;\nLOCK TABLE joined;\nALTER TABLE bills ADD COLUMN note text;"
    assert planned(tables, sql) == ["joined AccessExclusiveLock", "parts AccessExclusiveLock"]
    words = "locks first view.joined and what it reads, parts and its children (AccessExclusiveLock)"
    assert words in plain.plan_text(tables.plan())
    with psycopg.connect(tables.dsn) as client:
        client.execute("SELECT * FROM parts")
        future, _ = applying()
        waits_for(tables, "parts")
        client.execute("SET LOCAL lock_timeout = '20s'")
        client.execute("SELECT * FROM joined")
    assert future.result(60).applied
    tables.settled()


def test_the_plan_that_was_shown_takes_the_locks_that_it_shows(tables, monkeypatch):
    """A transaction that is long now was short when the plan was shown."""
    sql = "UPDATE accounts SET name = 'x';\nALTER TABLE accounts ADD COLUMN note text;"
    assert planned(tables, sql) == ["accounts AccessExclusiveLock"]
    with tables.open(lock_timeout="100ms", lock_retries=0) as opened:
        plan = opened.plan()
        monkeypatch.setattr(lock_order, "SHORT_WORK", 0)
        assert opened.plan().first_locks == ()
        with psycopg.connect(tables.dsn) as client:
            client.execute("SELECT * FROM accounts")
            with pytest.raises(pgmg.LockedError) as caught:
                opened.apply(plan)
            assert str(caught.value.where) == "migrations/002.sql:2:1"
        assert opened.apply(plan).applied


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE accounts ADD COLUMN note text;",  # it holds nothing yet
        "ALTER TABLE accounts ADD COLUMN a text;\nALTER TABLE accounts ADD COLUMN b text;",
        "SELECT 1;\nALTER TABLE accounts ADD COLUMN note text;",
        "DO 'BEGIN END';\nCREATE INDEX ON accounts (name);\nALTER TABLE accounts ADD COLUMN note text;",
        f"SET LOCAL lock_timeout = '5min';\n{BOTH}",  # its statements are to wait
        "CREATE TABLE accounts2 (id integer);\nDROP TABLE accounts;\nALTER TABLE accounts2 RENAME TO accounts;",
        "CREATE TABLE c (id integer);\nCREATE INDEX ON c (id);\nALTER TABLE c ADD COLUMN note text;",
        f"-- pgmg: no-transaction\n{BOTH}",
        f"SELECT work();\n{BOTH}",
    ],
)
def test_nothing_is_locked_first_where_it_would_not_help_or_nobody_knows(tables, sql):
    tables.do("CREATE FUNCTION work() RETURNS void LANGUAGE sql AS ''")
    assert planned(tables, sql) == []


def test_what_takes_long_keeps_nobody_waiting_for_a_later_lock(tables, monkeypatch):
    """Reads and writes of many rows come first and lock little; what they need themselves may be taken at once."""
    monkeypatch.setattr(lock_order, "SHORT_WORK", 0)
    indexed = "CREATE INDEX ON bills (total);\nALTER TABLE bills ADD COLUMN note text;"
    assert planned(tables, f"UPDATE accounts SET name = '';\n{BOTH}") == []
    assert planned(tables, indexed) == []
    assert planned(tables, f"ALTER TABLE accounts ADD COLUMN n text;\n{indexed}") == [
        "accounts AccessExclusiveLock",
        "bills ShareLock",
    ]


def test_a_view_that_is_dropped_comes_before_its_table(tables):
    """Clients lock a view before its table: so does the plan, and takes no table first that a dropped view reads."""
    tables.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM accounts;")
    tables.apply()
    more = "ALTER TABLE parts ADD COLUMN note text;"
    assert planned(tables, f"{BOTH}\n{more}") == [
        "bills AccessExclusiveLock",
        "parts AccessExclusiveLock",
    ]


def test_a_table_that_the_role_may_alter_but_not_lock_is_left_out(tables, role):
    """Its owner has taken the privileges away from itself."""
    owner = role("pgmg_owner")
    for name in ("accounts", "bills", "pgmg_state", "pgmg_migrations", "pgmg_history"):
        tables.do(f"ALTER TABLE {name} OWNER TO {owner}")
    tables.do(f"GRANT ALL ON SCHEMA public TO {owner}", f"REVOKE ALL ON accounts FROM {owner}")
    assert planned(tables, BOTH, role=owner) == ["bills AccessExclusiveLock"]
    with tables.open(role=owner) as opened:
        assert opened.apply().applied
