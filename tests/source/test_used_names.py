"""The columns that statements use, against the dependencies that the server records for a routine with these bodies."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from pgmg.model.database.relation_shape import RelationShape
from pgmg.model.sources.source import RefKind
from pgmg.source.columns.used_names import NameUse, used_names

TABLES = {
    "users": ("id", "name", "age"),
    "orders": ("id", "user_id", "total", "placed"),
    "parts": ("user_id", "name"),
}
SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);
CREATE TABLE orders (id integer, user_id integer, total numeric, placed date);
CREATE TABLE app.parts (user_id integer UNIQUE, name text);
"""
FROM = (
    "users",
    "users AS u",
    "users JOIN orders ON users.id = orders.user_id",
    "orders JOIN app.parts USING (user_id)",
    "users, LATERAL (SELECT total FROM orders WHERE orders.user_id = users.id) AS o",
    "(SELECT id AS name, age FROM users) AS inner_one",
    "generate_series(1, 3) AS name, orders",
    "users TABLESAMPLE system (50)",
)
COLUMNS = ("count(*)", "name", "*", "age, total", "upper(name) AS placed, age", "(SELECT max(total) FROM orders)")
ENDS = (
    "",
    "WHERE age > 3",
    "ORDER BY name",
    "ORDER BY placed",
    "WHERE EXISTS (SELECT FROM app.parts WHERE user_id = 1)",
)
MORE = (
    "SELECT u.* FROM users AS u JOIN orders AS o ON true",
    "SELECT users.name FROM users, orders",
    "SELECT public.users.name FROM public.users",
    "WITH users AS (SELECT id AS name FROM orders) SELECT name FROM users",
    "WITH a AS (SELECT user_id FROM app.parts) SELECT total FROM orders JOIN a USING (user_id)",
    "SELECT name FROM users GROUP BY name HAVING max(age) > 3",
    "SELECT sum(total) OVER (PARTITION BY placed ORDER BY user_id) FROM orders",
    "SELECT name FROM users UNION SELECT name FROM app.parts ORDER BY name",
    "SELECT coalesce(name, 'x') FROM users WHERE id IN (SELECT user_id FROM orders WHERE orders.total > users.age)",
    "SELECT n FROM users AS u (i, n)",
    "SELECT 1 FROM users NATURAL JOIN app.parts",
    "INSERT INTO users (id, name) VALUES (1, 'a')",
    "INSERT INTO users (id) SELECT user_id FROM orders",
    "INSERT INTO app.parts (user_id, name) VALUES (1, 'a') ON CONFLICT (user_id) DO UPDATE SET name = excluded.name",
    "INSERT INTO users AS u (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET age = u.age + 1 WHERE u.name > 'a'",
    "INSERT INTO users (id) VALUES (1) RETURNING age",
    "UPDATE users SET name = 'x' WHERE age = 3",
    "UPDATE users AS u SET name = p.name FROM app.parts AS p WHERE p.user_id = u.id",
    "DELETE FROM orders WHERE total > 3 RETURNING placed",
    "DELETE FROM orders USING users WHERE users.id = user_id",
    "WITH gone AS (DELETE FROM orders WHERE total > 3 RETURNING placed) SELECT placed FROM gone",
)
WHOLE_ROWS = ("SELECT u FROM users AS u", "SELECT row_to_json(users) FROM users")
"""The server records no column of them."""
STATEMENTS = (
    *(f"SELECT {c} FROM {f} {e}" for c, f, e in itertools.product(COLUMNS, FROM, ENDS)),
    *MORE,
    *WHOLE_ROWS,
)


def shapes(parts):
    return RelationShape(frozenset(TABLES[parts[-1]])) if parts[-1] in TABLES else None


def said(statement):
    """The columns that pgmg finds; and whether some of them are not certain."""
    found, sure = set(), True
    for use in used_names(statement, shapes):
        if use.kind is RefKind.RELATION and use.column is not None and use.parts[-1] in TABLES:
            sure = sure and use.is_certain
            names = TABLES[use.parts[-1]] if use.column == "*" else (use.column,)
            found |= {(use.parts[-1], name) for name in names}
    return {(table, name) for table, name in found if name in TABLES[table]}, sure


def recorded(conn, statement):
    """The columns that the server records; None where it refuses the statement."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(f"CREATE FUNCTION o() RETURNS void LANGUAGE sql BEGIN ATOMIC {statement}; END")
            return set(
                conn.execute(
                    "SELECT c.relname, a.attname FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.refobjid"
                    " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid"
                    " WHERE d.classid = 'pg_proc'::regclass AND d.objid = 'o'::regproc AND a.attnum > 0"
                ).fetchall()
            )
    except psycopg.Error:
        return None


def test_columns_are_those_that_the_server_records(database):
    wrong, compared, exact = [], 0, 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCHEMA)
        for statement in STATEMENTS:
            truth = recorded(conn, statement)
            if truth is None:
                continue
            compared += 1
            found, sure = said(statement)
            exact += found == truth
            if not truth <= found or (sure and found != truth and statement not in WHOLE_ROWS):
                wrong.append((statement, sorted(truth), sorted(found)))
    assert wrong == []
    assert compared > 100
    assert exact > compared * 0.9


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT name FROM users WHERE placed > now() - interval $1 LIMIT $2", "name"),
        ("SELECT name FROM users WHERE id IN ($1 /*, ... */)", "name"),
        ("SELECT date $1, name FROM users", "name"),
        ("PREPARE p AS SELECT name FROM users WHERE id = $1", "name"),
        ("DECLARE c CURSOR FOR SELECT name FROM users", "name"),
        ("COPY users (name) FROM STDIN", "name"),
        ("COPY (SELECT name FROM users) TO STDOUT", "name"),
        ("COPY users TO STDOUT", "*"),
        ("INSERT INTO users VALUES ($1, $2)", "*"),
        ("CREATE TABLE copied AS SELECT name FROM users", "name"),
        (
            "MERGE INTO users USING orders ON users.id = orders.id WHEN MATCHED THEN UPDATE SET name = $1",
            "name",
        ),
    ],
)
def test_texts_as_the_server_keeps_them_are_read(text, column):
    assert NameUse(RefKind.RELATION, ("users",), column) in used_names(text, shapes)


@pytest.mark.parametrize(
    "text",
    ["ALTER TABLE users ADD x integer", "CREATE VIEW v AS SELECT name FROM users", "SET search_path = users", "COMMIT"],
)
def test_statements_that_define_something_use_nothing(text):
    assert used_names(text, shapes) == ()


def test_a_text_that_is_cut_off_cannot_be_read():
    assert used_names("SELECT name FROM users WHERE (id =", shapes) is None
