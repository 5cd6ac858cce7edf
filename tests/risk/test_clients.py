"""The compatibility that plans report, against prepared statements of a client that was connected before."""

from __future__ import annotations

import json

import psycopg
import pytest
from click.testing import CliRunner

from pgmg.cli.main import program
from pgmg.model.plans.compatibility import Compatibility

TABLE = "CREATE TYPE mood AS ENUM ('sad', 'ok');\nCREATE TABLE users (id integer PRIMARY KEY, name text, feeling mood);"
CODE = {
    "v": "CREATE VIEW v AS SELECT id, name FROM users;",
    "m": "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;",
    "f": "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 1';",
    "pair": "CREATE TYPE pair AS (a integer, b text);",
}
QUERIES = {
    "users": ("SELECT id, name, feeling FROM users", "SELECT * FROM users"),
    "v": ("SELECT id, name FROM v", "SELECT * FROM v"),
    "m": ("SELECT id FROM m", "SELECT * FROM m"),
    "f": ("SELECT f(1)", "SELECT f(a => 1)"),
    "pair": ("SELECT ROW(1, 'x')::pair", "SELECT (ROW(1, 'x')::pair).*"),
    "mood": ("SELECT 'sad'::mood, 'ok'::mood", "SELECT feeling::mood FROM users"),
}


class Client:
    """Statements that were prepared before, and how each of them gets on afterwards."""

    def __init__(self, dsn):
        self.conn = psycopg.connect(dsn, autocommit=True)
        self.names = {}
        for query in (query for about in QUERIES.values() for query in about):
            name = self.names[query] = f"p{len(self.names)}"
            self.conn.execute(f"PREPARE {name} AS {query}")
        self.shapes = {query: self.shape(f"EXECUTE {name}") for query, name in self.names.items()}

    def shape(self, query):
        try:
            cursor = self.conn.execute(query)
        except psycopg.Error:
            return None
        return [(column.name, column.type_code) for column in cursor.description]

    def verdict(self, query):
        before, prepared, again = self.shapes[query], self.shape(f"EXECUTE {self.names[query]}"), self.shape(query)
        if again != before and not ("*" in query and again is not None and set(before) <= set(again)):
            return Compatibility.BREAKING
        return Compatibility.SAFE if prepared == again == before else Compatibility.TRANSIENT


CHANGES = {
    "a view in place": ({"v": "CREATE VIEW v AS SELECT id, upper(name) AS name FROM users;"}, None),
    "a column of a view appended": ({"v": "CREATE VIEW v AS SELECT id, name, feeling FROM users;"}, None),
    "a column of a view in front": ({"v": "CREATE VIEW v AS SELECT feeling, id, name FROM users;"}, None),
    "a column of a view renamed": ({"v": "CREATE VIEW v AS SELECT id, name AS called FROM users;"}, None),
    "a column of a view lost": ({"v": "CREATE VIEW v AS SELECT id FROM users;"}, None),
    "a column of a view retyped": ({"v": "CREATE VIEW v AS SELECT id::text AS id, name FROM users;"}, None),
    "a materialized view with the same columns": (
        {"m": "CREATE MATERIALIZED VIEW m AS SELECT id FROM users LIMIT 1;"},
        None,
    ),
    "a function in place": (
        {"f": "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 2';"},
        None,
    ),
    "a parameter renamed": (
        {"f": "CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql AS 'SELECT b + 1';"},
        None,
    ),
    "another result": ({"f": "CREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql AS 'SELECT a::text';"}, None),
    "another parameter": ({"f": "CREATE FUNCTION f(a text) RETURNS integer LANGUAGE sql AS 'SELECT 1';"}, None),
    "a function dropped": ({"f": ""}, None),
    "an attribute appended": ({"pair": "CREATE TYPE pair AS (a integer, b text, c text);"}, None),
    "an attribute lost": ({"pair": "CREATE TYPE pair AS (a integer);"}, None),
    "a column added": ({}, "ALTER TABLE users ADD age integer;"),
    "a column added and read": (
        {"v": "CREATE VIEW v AS SELECT id, name, age FROM users;"},
        "ALTER TABLE users ADD age integer;",
    ),
    "a column dropped": ({"v": "CREATE VIEW v AS SELECT id FROM users;"}, "ALTER TABLE users DROP COLUMN name;"),
    "a column renamed": (
        {"v": "CREATE VIEW v AS SELECT id, called AS name FROM users;"},
        "ALTER TABLE users RENAME name TO called;",
    ),
    "a column retyped": ({}, "ALTER TABLE users ALTER id TYPE bigint;"),
    "a table with its own new column": (
        {},
        "CREATE TABLE t (a int, b int);\nALTER TABLE t DROP COLUMN b;\nDROP TABLE t;",
    ),
    "an index": ({}, "CREATE INDEX users_name ON users (name);\nDROP INDEX users_name;"),
    "a constraint": ({}, "ALTER TABLE users ADD CHECK (id > 0);"),
    "rows": ({}, "INSERT INTO users VALUES (1, 'ann', 'ok');"),
    "a label added": ({}, "ALTER TYPE mood ADD VALUE 'fine';"),
    "a label renamed": ({}, "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';"),
    "a table renamed": (
        {
            "v": "CREATE VIEW v AS SELECT id, name FROM people;",
            "m": "CREATE MATERIALIZED VIEW m AS SELECT id FROM people;",
        },
        "ALTER TABLE users RENAME TO people;",
    ),
}


@pytest.fixture
def applied(project):
    project.write("migrations/001.sql", TABLE)
    for name, sql in CODE.items():
        project.write(f"sql/{name}.sql", sql)
    project.apply()
    return project


@pytest.mark.parametrize("change", CHANGES)
def test_a_client_gets_on_as_the_plan_says(applied, change):
    code, migration = CHANGES[change]
    client = Client(applied.dsn)
    for name, sql in code.items():
        applied.write(f"sql/{name}.sql", sql)
    if migration is not None:
        applied.write("migrations/002.sql", migration)
    with applied.open() as opened:
        plan = opened.plan()
        opened.apply(plan, yes=True)
    said = plan.compatibility
    seen = max((client.verdict(query) for query in client.names), key=lambda verdict: verdict.rank)
    client.conn.close()
    assert said is seen, [(str(one.object), one.reason) for one in plan.clients]
    assert all(one.reason and one.compatibility is not Compatibility.SAFE for one in plan.clients)


HIDDEN = {
    "an expression": "DO $$ BEGIN EXECUTE 'SELECT ' || 1; END $$;",
    "an expression in a loop": "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ' || 1 LOOP NULL; END LOOP; END $$;",
    "an expression for a cursor": "DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT ' || 1; END $$;",
    "a constant and more": "DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE users'; END $$;",
    "a constant format": "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'users'); END $$;",
    "another block": "DO $$ BEGIN EXECUTE 'DO $x$ BEGIN CREATE TABLE t (); END $x$'; END $$;",
    "a procedure": "CREATE PROCEDURE p() LANGUAGE sql AS 'DROP TABLE users';\nDO $$ BEGIN CALL p(); END $$;",
    "a function": (
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP VIEW v; END';\n"
        "DO $$ BEGIN PERFORM g(); CREATE TABLE t (); END $$;"
    ),
    "another search_path": "DO $$ BEGIN SET search_path = other; DROP TABLE IF EXISTS users; END $$;",
    "another search_path by a function": (
        "DO $$ BEGIN PERFORM set_config('search_path', 'other', true); DROP TABLE IF EXISTS users; END $$;"
    ),
    "an extension that goes": "DO $$ BEGIN DROP EXTENSION IF EXISTS pgcrypto; END $$;",
    "an extension that is updated": "DO $$ BEGIN ALTER EXTENSION plpgsql UPDATE; END $$;",
    "a schema that goes": "DO $$ BEGIN DROP SCHEMA IF EXISTS app CASCADE; END $$;",
    "what does not parse": "DO $$ BEGIN ALTER TABEL users ADD x integer; END $$;",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_cannot_be_read_is_unknown(applied, how):
    applied.write("migrations/002.sql", HIDDEN[how])
    plan = applied.plan()
    found = {str(one.object): one for one in plan.clients}
    assert found["migration.002.sql"].compatibility is Compatibility.UNKNOWN
    assert found["migration.002.sql"].where == f"migrations/002.sql:{1 + HIDDEN[how].count(chr(10))}"
    assert plan.compatibility is Compatibility.UNKNOWN


BLOCKS = {
    "a type that may exist": (
        "BEGIN CREATE TYPE level AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END", "safe", None,
    ),
    "a grant": ("BEGIN GRANT EXECUTE ON FUNCTION f(integer) TO PUBLIC; END", "safe", None),
    "an index by a constant": ("BEGIN EXECUTE 'CREATE INDEX ON users (name)'; END", "safe", None),
    "a column added under a condition": (
        "BEGIN IF NOT EXISTS (SELECT 1) THEN ALTER TABLE users ADD COLUMN age integer; END IF; END",
        "transient", "table.users",
    ),
    "a column dropped": ("BEGIN ALTER TABLE users DROP COLUMN feeling; END", "breaking", "table.users"),
    "a column dropped by a constant": (
        "BEGIN EXECUTE 'ALTER TABLE users DROP COLUMN feeling'; END", "breaking", "table.users",
    ),
    "a table renamed": ("BEGIN ALTER TABLE users RENAME TO people; END", "breaking", "table.users"),
    "what is not there": ("BEGIN DROP TABLE IF EXISTS nowhere; END", "safe", None),
}  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_whose_statements_can_be_read_is_judged_by_them(applied, block):
    body, said, about = BLOCKS[block]
    applied.write("migrations/002.sql", f"DO $$ {body} $$;")
    plan = applied.plan()
    assert plan.compatibility == said, [(str(one.object), one.reason) for one in plan.clients]
    assert [str(one.object) for one in plan.clients] == ([] if about is None else [about])


def test_fail_on_breaking_lets_the_unknown_pass_and_transient_does_not(applied, monkeypatch):
    monkeypatch.chdir(applied.root)
    applied.write("migrations/002.sql", HIDDEN["an expression"])

    def run(word):
        return CliRunner().invoke(program, ["plan", "--fail-on", word, "--connection-string", applied.dsn])

    assert [run(word).exit_code for word in ("breaking", "transient")] == [0, 1]
    assert "unknown for clients" in run("breaking").stdout


def test_the_program_says_it_and_fails_on_it(applied, monkeypatch):
    monkeypatch.chdir(applied.root)

    def run(*words):
        return CliRunner().invoke(program, ["plan", *words, "--connection-string", applied.dsn])

    assert run("--fail-on", "transient").exit_code == 0
    applied.write("migrations/002.sql", "ALTER TABLE users ADD age integer;")
    assert run("--fail-on", "breaking").exit_code == 0
    done = run("--fail-on", "transient")
    assert (done.exit_code, "--fail-on transient" in done.stderr) == (1, True)
    assert "  - transient table.users: column age is added" in done.stdout
    said = json.loads(run("--format", "json").stdout)
    assert (said["compatibility"], said["clients"][0]["object"]) == ("transient", "table.users")
    assert "### Clients" in run("--format", "markdown").stdout
