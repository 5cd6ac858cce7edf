"""Statements that create objects without naming them: sources that use those wait for the statement.

Each project is applied to an empty database at once, and statement by statement in an order that the server accepts. The
dumps are equal.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.oracle import differences, dump

WITH_VECTOR = (
    "CREATE FUNCTION f(x integer, v vector DEFAULT NULL) RETURNS integer LANGUAGE plpgsql IMMUTABLE"
    " AS $$ BEGIN RETURN x; END $$"
)
PROVIDERS = {
    "a language": (
        "CREATE LANGUAGE odd HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator",
        "CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE odd IMMUTABLE AS $$ BEGIN RETURN x; END $$",
    ),
    "a type of an extension": (
        "CREATE EXTENSION vector",
        WITH_VECTOR,
    ),
    "a type within a body": (
        "CREATE EXTENSION vector",
        "CREATE FUNCTION f(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE v vector; BEGIN RETURN x; END $$",
    ),
    "a type that a block creates": (
        "DO $$ BEGIN EXECUTE 'CREATE TYPE vec' || 'tor AS (a integer)'; END $$",
        WITH_VECTOR,
    ),
}
NEEDS = {
    "an index": ["CREATE INDEX i ON t (f(id))"],
    "a check": ["ALTER TABLE t ADD CHECK (f(id) > 0)"],
    "a default": ["ALTER TABLE t ADD b integer DEFAULT f(1)"],
    "a generated column": ["ALTER TABLE t ADD b integer GENERATED ALWAYS AS (f(id)) STORED"],
    "rows": ["INSERT INTO t (id) SELECT f(7)"],
    "a block": ["DO $$ BEGIN INSERT INTO t (id) VALUES (f(8)); END $$"],
    "a view of a migration": ["CREATE VIEW early AS SELECT f(id) AS b FROM t"],
}
PLACES = {
    "the same migration": lambda provider, need: ["CREATE TABLE t (id integer PRIMARY KEY)", provider, need],
    "a migration of its own": lambda provider, need: ["CREATE TABLE t (id integer PRIMARY KEY)", [provider], need],
    "after another one": lambda provider, need: [
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE LANGUAGE other HANDLER plpgsql_call_handler",
        provider,
        "CREATE TABLE u (id integer)",
        need,
    ],
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_source_waits_for_what_a_statement_creates_without_a_name(project, server, provider, need, place):
    provides, source = PROVIDERS[provider]
    if "vector" in provides and not project.rows("SELECT FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip("only for servers that have vector")
    statements = PLACES[place](provides, NEEDS[need][0])
    flat = [text for one in statements for text in ([one] if isinstance(one, str) else one)]
    files, current = [], []
    for one in statements:
        if isinstance(one, str):
            current.append(one)
        else:
            files += [current, one]
            current = []
    for number, texts in enumerate([*files, current], start=1):
        project.write(f"migrations/{number:03}.sql", ";\n".join(texts) + ";\n")
    project.write("sql/f.sql", source + ";\n")
    by_hand = server.create()
    with psycopg.connect(by_hand, autocommit=True) as conn:
        for text in [*flat[:-1], source, flat[-1]]:
            conn.execute(text)
    project.apply()
    project.settled()
    assert not differences(dump(by_hand, rows=True), dump(project.dsn, rows=True))
    server.drop(by_hand)


SWAPS = {
    "renamed": [
        "ALTER TABLE hidden RENAME TO passing",
        "ALTER TABLE t RENAME TO hidden",
        "ALTER TABLE passing RENAME TO t",
    ],
    "moved": [
        "ALTER TABLE t SET SCHEMA other",
        "ALTER TABLE hidden SET SCHEMA other",
        "ALTER TABLE other.hidden RENAME TO x",
    ],
}
AFTER = {"renamed": "t", "moved": "other.x"}
UNREAD = {
    "a block that renames": (
        "CREATE TABLE first (id integer)",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE fi' || 'rst RENAME TO hidden'; END $$",
    ),
    "a block that creates": ("SELECT 1", "DO $$ BEGIN EXECUTE 'CREATE TABLE hid' || 'den (id integer)'; END $$"),
}


@pytest.mark.parametrize(
    "noticing", [[], ["DO $$ BEGIN EXECUTE format('COMMENT ON TABLE %I IS NULL', 't'); END $$"]], ids=["", "noticed"]
)
@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("unread", UNREAD)
def test_a_name_that_an_unread_statement_gave_is_followed(project, server, unread, swap, noticing):
    """A view reads the table that has the name in the end, not another one that had it when the view could be made."""
    first, given = UNREAD[unread]
    source = f"CREATE VIEW v AS SELECT id::text AS id FROM {AFTER[swap]}"
    base = [first, "CREATE SCHEMA other", "CREATE TABLE base (id integer)"]
    later = [[given, "CREATE TABLE t (id integer)"], noticing, SWAPS[swap]]
    by_hand = server.create()
    with psycopg.connect(by_hand, autocommit=True) as conn:
        for text in [*base, *(one for texts in later for one in texts), source]:
            conn.execute(text)
    project.write("migrations/1.sql", ";\n".join(base) + ";\n")
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT id FROM {'first' if 'first' in first else 'base'};\n")
    project.apply()
    for number, texts in enumerate(filter(None, later), start=2):
        project.write(f"migrations/{number}.sql", ";\n".join(texts) + ";\n")
    project.write("sql/v.sql", source + ";\n")
    project.apply()
    project.settled()
    assert not differences(dump(by_hand), dump(project.dsn))
    server.drop(by_hand)
