"""Rehearsals with rows: what is copied keeps every key, nothing of it is shown, and nothing of it stays."""

from __future__ import annotations

import json

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import conninfo

from pgmg.catalog.servers.schema_copy import scratch_copies
from pgmg.cli.main import program
from pgmg.errors import ApplyError
from pgmg.rehearsal import rehearse
from pgmg.render.json.rehearsal_json import rehearsal_document
from pgmg.render.text import plain

SCHEMA = """
CREATE DOMAIN price AS numeric CHECK (VALUE >= 0);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree);
CREATE TABLE heads (id integer PRIMARY KEY, first_line integer NOT NULL);
CREATE TABLE lines (head integer REFERENCES heads, n integer, cost price, PRIMARY KEY (head, n));
ALTER TABLE heads ADD FOREIGN KEY (id, first_line) REFERENCES lines DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE parts (id integer, day date, feeling mood DEFAULT 'ok', PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE uses (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Part" integer, day date,
  twice integer GENERATED ALWAYS AS ("Part" * 2) STORED, raw bytea, words text[], FOREIGN KEY ("Part", day) REFERENCES parts
);
CREATE TABLE logged (id serial PRIMARY KEY, tree integer);
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''fired''; END';
INSERT INTO tree SELECT n, nullif(n - 1, 0) FROM generate_series(1, 50) AS n;
BEGIN;
INSERT INTO heads SELECT n, 1 FROM generate_series(1, 40) AS n;
INSERT INTO lines SELECT n, k, k FROM generate_series(1, 40) AS n, generate_series(1, 3) AS k;
COMMIT;
INSERT INTO parts SELECT n, date '2025-06-01' + n * 10 FROM generate_series(1, 40) AS n;
INSERT INTO uses ("Part", day, raw, words) SELECT id, day, '\\x00ff', ARRAY['a,b', NULL, '"'] FROM parts ORDER BY id DESC;
INSERT INTO logged (tree) SELECT 99 FROM generate_series(1, 30);
ALTER TABLE logged ADD CONSTRAINT old_ones FOREIGN KEY (tree) REFERENCES tree NOT VALID;
CREATE TRIGGER never BEFORE INSERT ON tree FOR EACH ROW EXECUTE FUNCTION never();
CREATE MATERIALIZED VIEW depth AS SELECT count(*) AS n FROM tree;
"""


@pytest.fixture
def filled(project):
    project.do(*filter(str.strip, [SCHEMA]))
    return project


def rows(dsn, query):
    with psycopg.connect(dsn, autocommit=True) as conn:
        return conn.execute(query).fetchall()


TABLES = ("tree", "heads", "lines", "parts_2025", "parts_2026", "uses", "logged")
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype IN ('f', 'p', 'u', 'c') AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
)


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_sample_is_part_of_the_rows_and_keeps_all_constraints(filled, server, limit):
    with scratch_copies(filled.dsn, server.dsn, "public", None, limit) as copies:
        assert copies.omitted == ()
        for copy in (copies.first, copies.second):
            assert rows(copy, CONSTRAINTS) == rows(filled.dsn, CONSTRAINTS)
            for table in TABLES:
                every = f"SELECT to_jsonb(t)::text FROM ONLY {table} AS t"
                whole, some = set(rows(filled.dsn, every)), set(rows(copy, every))
                assert some <= whole
                assert len(some) >= min(limit, len(whole))
                if limit == 1000:
                    assert some == whole
    names = [conninfo.conninfo_to_dict(copy)["dbname"] for copy in (copies.first, copies.second)]
    assert server.admin.execute("SELECT datname FROM pg_database WHERE datname = ANY (%s)", [names]).fetchall() == []


def test_only_rows_that_are_wanted_or_referred_to_are_copied(filled, server):
    with scratch_copies(filled.dsn, server.dsn, "public", None, 2) as copies:
        sizes = {table: rows(copies.first, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
        assert sizes["logged"] == 2
        assert sizes["tree"] < 10
        assert sizes["heads"] <= 4
        assert rows(copies.first, "SELECT n FROM depth") == rows(copies.first, "SELECT count(*) FROM tree")
        identity = "INSERT INTO uses DEFAULT VALUES RETURNING id"
        assert rows(copies.first, identity)[0][0] == rows(filled.dsn, "SELECT max(id) + 1 FROM uses")[0][0]


def test_what_the_role_may_not_read_is_said_and_what_refers_to_it_goes(filled, server):
    filled.do("DROP ROLE IF EXISTS pgmg_sampler", "CREATE ROLE pgmg_sampler")
    try:
        filled.do("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pgmg_sampler")
        filled.do("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO pgmg_sampler")
        filled.do("ALTER TABLE lines ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON lines USING (head > 30)")
        with scratch_copies(filled.dsn, server.dsn, "public", "pgmg_sampler", 5) as copies:
            assert "rows of public.lines: its policies hide rows from the role" in copies.omitted
            assert any(
                one.endswith(" rows of public.heads: they refer to rows that are left out") for one in copies.omitted
            )
            assert rows(copies.first, CONSTRAINTS) == rows(filled.dsn, CONSTRAINTS)
            assert rows(copies.first, "SELECT count(*) FROM parts_2025")[0][0] >= 5
    finally:
        filled.do("DROP OWNED BY pgmg_sampler", "DROP ROLE pgmg_sampler")


def test_a_large_table_is_sampled_all_over(project, server):
    project.do("CREATE TABLE t AS SELECT n FROM generate_series(1, 200000) AS n", "ANALYZE t")
    with scratch_copies(project.dsn, server.dsn, "public", None, 500) as copies:
        ((count, least, most),) = rows(copies.first, "SELECT count(*), min(n), max(n) FROM t")
    assert 0 < count <= 500
    assert most - least > 5000


# --- rehearsals


@pytest.fixture
def shop(project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);")
    project.apply()
    project.do("INSERT INTO users SELECT n, 'private ' || n % 5, n FROM generate_series(1, 20) AS n")
    return project


def rehearsed(case, server, rows_wanted):
    with case.open() as project:
        return rehearse(project, project.plan(), server.dsn, rows_wanted)


MISTAKES = {
    "unique": "ALTER TABLE users ADD UNIQUE (name);",
    "check": "ALTER TABLE users ADD CHECK (age > 3);",
    "not null": "ALTER TABLE users ADD town text NOT NULL;",
    "type": "ALTER TABLE users ALTER name TYPE integer USING name::integer;",
    "exception": "DO $$ BEGIN RAISE EXCEPTION 'found %', (SELECT max(name) FROM users); END $$;",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_that_only_rows_show_is_found_and_no_value_is_told(shop, server, mistake):
    shop.write("migrations/002.sql", MISTAKES[mistake])
    if mistake != "exception":
        assert rehearsed(shop, server, None).proved
    with pytest.raises(ApplyError) as caught:
        rehearsed(shop, server, 20)
    assert "migration 002.sql failed" in caught.value.message
    assert "private" not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.where is not None


def test_rows_that_go_are_counted_and_notices_lose_their_text(shop, server):
    shop.write(
        "migrations/002.sql",
        "DELETE FROM users WHERE id > 15;\nDO $$ BEGIN RAISE NOTICE 'first is %', (SELECT name FROM users LIMIT 1); END $$;",
    )
    found = rehearsed(shop, server, 100)
    assert found.proved
    assert [(one.relation, one.copied, one.after) for one in found.rows] == [("table.users", 20, 15)]
    shown = plain.rehearsal_text(found)
    assert "table.users: 20 rows, 15 afterwards" in shown
    assert "on a copy with 20 rows" in shown
    assert "private" not in shown + json.dumps(rehearsal_document(found))
    assert "NOTICE: 1 times, without its text" in shown


def test_the_log_of_the_scratch_server_does_not_quote_rows(shop, tmp_path):
    """The copy is on the project's own embedded server, whose log stays in its folder."""
    shop.write("migrations/002.sql", MISTAKES["type"])
    with shop.open() as project, pytest.raises(ApplyError):
        rehearse(project, project.plan(), None, 20)
    kept = [path for path in (shop.root / ".pgmg").rglob("*log*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"private" in path.read_bytes() and "pg_wal" not in str(path)]


def test_the_command_with_rows(shop, server, monkeypatch):
    shop.write("migrations/002.sql", "DROP TABLE users;")
    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", shop.dsn)
    words = ["rehearse", "--rows", "5", "--scratch", server.dsn]
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 0, done.output
    assert "table.users: 5 rows, the table is gone afterwards" in done.output
    document = json.loads(CliRunner().invoke(program, [*words, "--format", "json"]).stdout)
    assert document["rows"] == [{"relation": "table.users", "copied": 5, "after": None}]
