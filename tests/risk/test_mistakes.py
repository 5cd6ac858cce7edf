"""Seeded mistakes: each change of a project would hurt somebody, and the plan names where and why before it runs."""

from __future__ import annotations

import shutil

import pytest

import pgmg
from pgmg.errors import PgmgError
from pgmg.render.text import plain
from tests.conftest import Case

BASE = {
    "migrations/001.sql": """
CREATE TYPE state AS ENUM ('open', 'paid', 'void');
CREATE TABLE users (id integer PRIMARY KEY, name text, age integer, mail varchar(80));
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users, total numeric, state text, at timestamptz);
CREATE TABLE logs (at timestamptz, line text);
CREATE INDEX orders_at ON orders (at);
INSERT INTO users SELECT n, 'n', 20, 'm' FROM generate_series(1, 50) n;
INSERT INTO orders SELECT n, n, 1, 'open', now() FROM generate_series(1, 50) n;
ANALYZE;
""",
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;\nGRANT SELECT ON names TO PUBLIC;\nCOMMENT ON VIEW names IS 'n';",
    "sql/totals.sql": "CREATE VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;",
    "sql/pinned.sql": "-- pgmg: contract\nCREATE VIEW pinned AS SELECT id, total FROM orders;",
    "sql/months.sql": "CREATE MATERIALIZED VIEW months AS SELECT date_trunc('month', at) AS m, sum(total) AS s FROM orders GROUP BY 1;",
    "sql/age_of.sql": "CREATE FUNCTION age_of(n integer) RETURNS integer LANGUAGE sql AS 'SELECT age FROM users WHERE id = n';",
    "sql/close.sql": (
        "CREATE FUNCTION close(n integer) RETURNS numeric LANGUAGE plpgsql AS $$\nDECLARE\n  r record;\n  s numeric := 0;\n"
        "  w orders.total%TYPE;\nBEGIN\n  FOR r IN SELECT o.id, o.total FROM orders o WHERE o.user_id = n LOOP\n"
        "    s := s + r.total;\n    UPDATE orders SET state = 'paid' WHERE id = r.id;\n  END LOOP;\n"
        "  INSERT INTO logs (at, line) VALUES (now(), 'closed');\n  PERFORM age_of(n);\n  RETURN s;\nEND $$;\n"
        "GRANT EXECUTE ON FUNCTION close(integer) TO PUBLIC;"
    ),
    "sql/stamp.sql": (
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.at := now();\n  RETURN NEW;\nEND $$;\n"
        "CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();"
    ),
    "sql/own.sql": "CREATE POLICY own ON orders USING (user_id > 0);",
}


def sql(statement):
    return {"migrations/002.sql": statement}


def code(text):
    return {"sql/new.sql": text}


def changed(path, old, new):
    assert old in BASE[path]
    return {path: BASE[path].replace(old, new)}


def body(statements, declare=""):
    return code(
        f"CREATE FUNCTION new() RETURNS void LANGUAGE plpgsql AS $$\nDECLARE\n  x integer;{declare}\nBEGIN\n  {statements}\nEND $$;"
    )


def query(text):
    return code(f"CREATE FUNCTION new() RETURNS bigint LANGUAGE sql AS '{text}';")


MISTAKES = {
    # migrations that break bodies
    "dropped column read by a function in SQL": (sql("ALTER TABLE users DROP COLUMN age;"), 'breaks function.age_of(integer), sql/age_of.sql:1: column "age"'),
    "dropped column read by a loop": (sql("ALTER TABLE orders DROP COLUMN user_id;"), "breaks function.close(integer), sql/close.sql:7: column o.user_id"),
    "dropped column written by an update": (sql("ALTER TABLE orders DROP COLUMN state;"), 'sql/close.sql:9: column "state" of relation "orders"'),
    "dropped column of a variable's type": (sql("ALTER TABLE orders DROP COLUMN total CASCADE;"), "sql/close.sql:5"),
    "dropped column written by an insert": (sql("ALTER TABLE logs DROP COLUMN line;"), 'sql/close.sql:11: column "line" of relation "logs"'),
    "dropped column set by a trigger": (sql("DROP INDEX orders_at; ALTER TABLE orders DROP COLUMN at CASCADE;"), 'sql/stamp.sql:3: record "new" has no field "at"'),
    "renamed column": (sql("ALTER TABLE users RENAME COLUMN age TO years;"), 'breaks function.age_of(integer), sql/age_of.sql:1: column "age"'),
    "renamed column in an alias": (sql("ALTER TABLE orders RENAME COLUMN user_id TO owner;"), "sql/close.sql:7: column o.user_id"),
    "dropped table": (sql("DROP TABLE logs;"), 'sql/close.sql:11: relation "logs" does not exist'),
    "renamed table": (sql("ALTER TABLE logs RENAME TO journal;"), 'sql/close.sql:11: relation "logs" does not exist'),
    "moved table": (sql("CREATE SCHEMA old; ALTER TABLE logs SET SCHEMA old;"), 'sql/close.sql:11: relation "logs" does not exist'),
    "deleted function that another calls": ({"sql/age_of.sql": None}, "function.close(integer) (sql/close.sql:1) still uses function.age_of(integer)"),
    "one more parameter, and a grant that names the former ones": (changed("sql/close.sql", "close(n integer)", "close(n integer, m integer)"), "Name function.close(integer, integer) instead of function.close(integer)"),
    "one more parameter": (changed("sql/age_of.sql", "(n integer)", "(n integer, m integer)"), "sql/close.sql:12: function age_of"),
    "another type of parameter": ({"sql/age_of.sql": "CREATE FUNCTION age_of(n date) RETURNS integer LANGUAGE sql AS 'SELECT 1';"}, "sql/close.sql:12: function age_of(integer) does not exist"),
    # new code that means nothing
    "view over a missing column": (code("CREATE VIEW new AS SELECT nmae FROM users;"), 'view.new would fail, sql/new.sql:1: column "nmae" does not exist'),
    "view over a missing table": (code("CREATE VIEW new AS SELECT 1 FROM userz;"), 'relation "userz" does not exist'),
    "view that calls a missing function": (code("CREATE VIEW new AS SELECT ageof(id) FROM users;"), "function ageof(integer) does not exist"),
    "view that calls with a wrong type": (code("CREATE VIEW new AS SELECT age_of(name) FROM users;"), "function age_of(text) does not exist"),
    "view that compares unlike types": (code("CREATE VIEW new AS SELECT 1 FROM users WHERE name = id;"), "operator does not exist: text = integer"),
    "view that groups badly": (code("CREATE VIEW new AS SELECT name, count(*) FROM users;"), "must appear in the GROUP BY clause"),
    "view with an ambiguous column": (code("CREATE VIEW new AS SELECT id FROM users, orders;"), 'column reference "id" is ambiguous'),
    "view with unequal unions": (code("CREATE VIEW new AS SELECT id FROM users UNION SELECT id, total FROM orders;"), "each UNION query must have the same number of columns"),
    "view that casts to a missing type": (code("CREATE VIEW new AS SELECT id::stat FROM users;"), 'type "stat" does not exist'),
    "view with a wrong label": (code("CREATE VIEW new AS SELECT 'closed'::state AS s;"), 'invalid input value for enum state: "closed"'),
    "view over a missing column beside a migration": (code("CREATE VIEW new AS SELECT u.nmae FROM users u;") | sql("ALTER TABLE logs ADD n integer;"), "view.new would fail, sql/new.sql:1: column u.nmae"),
    "function in SQL over a missing column": (query("SELECT count(nope) FROM users"), 'sql/new.sql:1: column "nope" does not exist'),
    "function in SQL over a missing table": (query("SELECT count(*) FROM nowhere"), 'relation "nowhere" does not exist'),
    "function in SQL with another result": (query("SELECT name FROM users"), "return type mismatch"),
    "function in SQL that inserts into a missing column": (code("CREATE FUNCTION new() RETURNS void LANGUAGE sql AS 'INSERT INTO logs (nope) VALUES (1)';"), 'column "nope" of relation "logs"'),
    "select in a body": (body("SELECT nope INTO x FROM users;"), 'sql/new.sql:5: column "nope" does not exist'),
    "where in a body": (body("SELECT id INTO x FROM users u WHERE u.nope = 1;"), "column u.nope does not exist"),
    "perform in a body": (body("PERFORM missing(1);"), "function missing(integer) does not exist"),
    "wrong type of call in a body": (body("PERFORM age_of('a'::text);"), "function age_of(text) does not exist"),
    "too many arguments in a body": (body("x := age_of(1, 2);"), "function age_of(integer, integer) does not exist"),
    "insert in a body": (body("INSERT INTO orders (id, usr) VALUES (1, 2);"), 'column "usr" of relation "orders" does not exist'),
    "insert of too much in a body": (body("INSERT INTO logs (at) VALUES (now(), 'x');"), "INSERT has more expressions than target columns"),
    "insert of a wrong type in a body": (body("INSERT INTO logs (at) VALUES (1);"), 'column "at" is of type timestamp with time zone but expression is of type integer'),
    "update in a body": (body("UPDATE users SET nmae = 'x';"), 'column "nmae" of relation "users" does not exist'),
    "delete in a body": (body("DELETE FROM userz;"), 'relation "userz" does not exist'),
    "condition in a body": (body("IF (SELECT nope FROM users) THEN NULL; END IF;"), 'column "nope" does not exist'),
    "field of a record in a body": (body("FOR r IN SELECT id FROM users LOOP x := r.age; END LOOP;", "\n  r record;"), 'record "r" has no field "age"'),
    "field of a row in a body": (body("x := u.nope;", "\n  u users;"), 'record "u" has no field "nope"'),
    "type of a variable in a body": (body("NULL;", "\n  u userz%ROWTYPE;"), 'relation "userz" does not exist'),
    "column type of a variable in a body": (body("NULL;", "\n  u users.nope%TYPE;"), 'column "nope" of relation "users" does not exist'),
    "default of a variable in a body": (body("NULL;", "\n  y integer := (SELECT nope FROM users);"), 'column "nope" does not exist'),
    "cursor in a body": (body("OPEN c; CLOSE c;", "\n  c CURSOR FOR SELECT nope FROM users;"), 'column "nope" does not exist'),
    "constant given to execute in a body": (body("EXECUTE 'DELETE FROM userz';"), 'relation "userz" does not exist'),
    "label in a body": (body("PERFORM 'closed'::state;"), 'invalid input value for enum state: "closed"'),
    "comparison of unlike types in a body": (body("PERFORM 1 FROM users WHERE name = id;"), "operator does not exist: text = integer"),
    "handler in a body": (body("BEGIN NULL; EXCEPTION WHEN OTHERS THEN INSERT INTO logz VALUES (1); END;"), 'relation "logz" does not exist'),
    "raise in a body": (body("RAISE NOTICE '%', (SELECT nope FROM users);"), 'column "nope" does not exist'),
    # lost privileges and rules
    "lost grant on a view": (changed("sql/names.sql", "\nGRANT SELECT ON names TO PUBLIC;", ""), "REVOKE ON VIEW names FROM public"),
    "lost comment": (changed("sql/names.sql", "\nCOMMENT ON VIEW names IS 'n';", ""), "comment.view.names (deleted"),
    "lost policy": ({"sql/own.sql": None}, "policy.own on orders (deleted, was in sql/own.sql"),
    "lost trigger": (changed("sql/stamp.sql", BASE["sql/stamp.sql"].split("\n", 5)[5], ""), "trigger.stamp on orders (deleted, was in sql/stamp.sql"),
    # rewrites, losses, locks
    "rewrite by another type": (sql("ALTER TABLE users ALTER COLUMN age TYPE bigint;"), "rewrites users"),
    "rewrite by a shorter text": (sql("ALTER TABLE users ALTER COLUMN mail TYPE varchar(20);"), "users"),
    "rewrite by a volatile default": (sql("ALTER TABLE logs ADD COLUMN r double precision DEFAULT random();"), "rewrites logs"),
    "rewrite by unlogged": (sql("ALTER TABLE logs SET UNLOGGED;"), "rewrites logs"),
    "loss by truncate": (sql("TRUNCATE logs;"), "loses data of logs"),
    "loss by a dropped column": (sql("ALTER TABLE users DROP COLUMN mail;"), "loses data of users"),
    "loss by a dropped table": (sql("DROP TABLE logs;"), "loses data of logs"),
    "scan by not null": (sql("ALTER TABLE users ALTER COLUMN name SET NOT NULL;"), "reads all rows of users"),
    "scan by a check": (sql("ALTER TABLE users ADD CHECK (age > 0);"), "reads all rows of users"),
    "index that blocks writes": (sql("CREATE INDEX i ON orders (state);"), "build of index i (under ShareLock, migrations/002.sql:1)"),
    "foreign key that blocks both": (sql("ALTER TABLE logs ADD COLUMN u integer REFERENCES users;"), "users"),
    # interfaces
    "column of a view removed": (changed("sql/names.sql", "id, name", "id"), "column name is no longer there"),
    "column of a view renamed": (changed("sql/names.sql", "id, name", "id, name AS label"), "column name is no longer there"),
    "column of a view retyped": (changed("sql/totals.sql", "sum(total)", "sum(total)::text"), "gets another type"),
    "pinned view narrowed": (changed("sql/pinned.sql", "id, total", "id"), "contract:view.pinned"),
    "view deleted": ({"sql/totals.sql": None}, "it is no longer declared"),
    "other result of a function": (changed("sql/age_of.sql", "RETURNS integer", "RETURNS bigint"), "function.age_of"),
}  # fmt: skip


@pytest.fixture(scope="module")
def applied(server, tmp_path_factory):
    dsn = server.create()
    case = Case(tmp_path_factory.mktemp("base"), dsn)
    for path, text in BASE.items():
        case.write(path, text)
    case.apply()
    yield case
    server.drop(dsn)


def said_of(root, dsn):
    with pgmg.Project.open(root, connection_string=dsn) as project:
        try:
            return plain.plan_text(project.with_bodies(project.plan()))
        except PgmgError as error:
            return f"{error.message} {error.hint}"


SAID_BEFORE_17 = {"column type of a variable in a body": 'syntax error at or near "%"'}
"""Where older servers say something else of the same mistake."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_by_the_plan(applied, server, tmp_path, name):
    files, expected = MISTAKES[name]
    if server.major < 17:
        expected = SAID_BEFORE_17.get(name, expected)
    root = tmp_path / "project"
    shutil.copytree(applied.root, root, ignore=shutil.ignore_patterns(".pgmg"))
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
        else:
            (root / path).write_text(text, encoding="utf-8")
    assert expected in said_of(root, applied.dsn)


def test_there_are_enough_and_without_one_nothing_is_said(applied):
    assert len(MISTAKES) >= 60
    with applied.open() as project:
        assert project.check().problems == ()
        assert project.plan().is_empty
