"""Columns of queries: what each is made from, how PostgreSQL calls it, and what is not read."""

import psycopg
import pytest

from pgmg.source.columns.query_lineage import UnreadableError, created_columns, trace
from pgmg.source.columns.result_names import result_names

TABLES = {
    ("users",): ("id", "name", "active", "tags"),
    ("orders",): ("id", "user_id", "total", "status"),
    ("app", "orders"): ("id", "price"),
    ("tree",): ("id", "parent", "label"),
    ("Users",): ("Name", "name"),
}


def said(query, tables=TABLES):
    """A trace in short: `total < orders.total orders.id`, a line a column, and `? …` with the conditions."""
    found = trace(query, tables)

    def short(uses):
        return " ".join(".".join((*use.relation, use.column)) for use in uses)

    lines = [f"{column.name} < {short(column.values)}".rstrip() for column in found.columns]
    return lines + ([f"? {short(found.conditions)}"] if found.conditions else [])


CASES = {
        "names without tables, and expressions": (
            "SELECT name, upper(name) || id AS label, 1 AS one FROM users",
            ["name < users.name", "label < users.id users.name", "one <"],
        ),
        "a star": ("SELECT * FROM tree", ["id < tree.id", "parent < tree.parent", "label < tree.label"]),
        "a star of one of several": (
            "SELECT t.*, u.name FROM users u CROSS JOIN tree t",
            ["id < tree.id", "parent < tree.parent", "label < tree.label", "name < users.name"],
        ),
        "schemas": (
            "SELECT o.total, a.price FROM orders o JOIN app.orders a ON a.id = o.id",
            ["total < orders.total", "price < app.orders.price", "? app.orders.id orders.id"],
        ),
        "quoted names": (
            'SELECT u."Name", u.NAME FROM "Users" AS u',
            ["Name < Users.Name", "name < Users.name"],
        ),
        "quoted names of tables": (
            'SELECT "Users"."Name", name FROM "Users" WHERE EXISTS (SELECT 1 FROM tree WHERE tree.label = "Users".name)',
            ["Name < Users.Name", "name < Users.name", "? Users.name tree.label"],
        ),
        "filters, groups": (
            "SELECT status, count(*) AS n FROM orders WHERE total > 1 GROUP BY status HAVING max(id) > 1",
            ["status < orders.status", "n <", "? orders.id orders.status orders.total"],
        ),
        "group by an expression and by number": (
            "SELECT lower(name) AS l, active, count(*) AS n FROM users GROUP BY lower(name), 2",
            ["l < users.name", "active < users.active", "n <", "? users.active users.name"],
        ),
        "order decides only where rows are cut off": (
            "SELECT name FROM users ORDER BY active",
            ["name < users.name"],
        ),
        "limit": ("SELECT name FROM users ORDER BY active LIMIT 1", ["name < users.name", "? users.active"]),
        "order by a name of the result": (
            'SELECT id AS "Number", lower(name) AS l FROM users ORDER BY "Number", l LIMIT 1',
            ["Number < users.id", "l < users.name", "? users.id users.name"],
        ),
        "distinct on": (
            "SELECT DISTINCT ON (user_id) user_id, total FROM orders ORDER BY user_id, id",
            ["user_id < orders.user_id", "total < orders.total", "? orders.id orders.user_id"],
        ),
        "using": (
            "SELECT id, total FROM users JOIN orders USING (id)",
            ["id < orders.id users.id", "total < orders.total", "? orders.id users.id"],
        ),
        "natural, in parentheses": (
            "SELECT t.label, total FROM (users NATURAL JOIN orders) JOIN tree t ON t.id = user_id",
            ["label < tree.label", "total < orders.total", "? orders.id orders.user_id tree.id users.id"],
        ),
        "nested joins": (
            "SELECT u.name, t.label FROM users u LEFT JOIN (orders o JOIN tree t ON t.id = o.id) ON o.user_id = u.id",
            ["name < users.name", "label < tree.label", "? orders.id orders.user_id tree.id users.id"],
        ),
        "an alias of a join": (
            "SELECT j.name FROM (users u JOIN orders o ON u.id = o.user_id) j",
            ["name < users.name", "? orders.user_id users.id"],
        ),
        "subqueries in FROM": (
            "SELECT s.n, i FROM (SELECT name, id + 1 FROM users WHERE active) AS s(n, i)",
            ["n < users.name", "i < users.id", "? users.active"],
        ),
        "CTEs, one upon the other, one named as a table": (
            "WITH a(x) AS (SELECT total * 2 FROM orders), orders AS (SELECT x AS y FROM a) SELECT y FROM orders",
            ["y < orders.total"],
        ),
        "unions": (
            "SELECT name, 1 AS n FROM users UNION ALL SELECT status, id FROM orders EXCEPT SELECT label, id FROM tree",
            ["name < orders.status tree.label users.name", "n < orders.id tree.id"],
        ),
        "a recursive query": (
            "WITH RECURSIVE t AS (SELECT id, label FROM tree WHERE parent IS NULL UNION ALL SELECT c.id, t.label || c.label FROM tree c JOIN t ON t.id = c.parent) SELECT * FROM t",
            ["id < tree.id", "label < tree.label", "? tree.id tree.parent"],
        ),
        "a recursive query whose columns change places": (
            "WITH RECURSIVE t(a, b) AS (SELECT id, name FROM users UNION SELECT b::int, label FROM t, tree) SELECT a FROM t",
            ["a < tree.label users.id users.name"],
        ),
        "correlated subqueries": (
            "SELECT (SELECT max(o.total) FROM orders o WHERE o.user_id = u.id) AS m FROM users u",
            ["m < orders.total", "? orders.user_id users.id"],
        ),
        "EXISTS and IN": (
            "SELECT name FROM users u WHERE EXISTS (SELECT FROM orders o WHERE o.user_id = u.id) AND id IN (SELECT parent FROM tree)",
            ["name < users.name", "? orders.user_id tree.parent users.id"],
        ),
        "ARRAY": (
            "SELECT ARRAY(SELECT o.total FROM orders o WHERE o.user_id = u.id) AS a, tags[1] AS t FROM users u",
            ["a < orders.total", "t < users.tags", "? orders.user_id users.id"],
        ),
        "lateral": (
            "SELECT u.name, l.t FROM users u LEFT JOIN LATERAL (SELECT o.total AS t FROM orders o WHERE o.user_id = u.id) l ON true",
            ["name < users.name", "t < orders.total", "? orders.user_id users.id"],
        ),
        "windows, also named ones": (
            "SELECT rank() OVER (PARTITION BY active ORDER BY id) AS r, sum(id) OVER w AS s FROM users WINDOW w AS (PARTITION BY name)",
            ["r < users.active users.id", "s < users.id users.name"],
        ),
        "aggregates with all they can have": (
            "SELECT string_agg(status, ',' ORDER BY id) FILTER (WHERE total > 0) AS s FROM orders",
            ["s < orders.id orders.status orders.total"],
        ),
        "CASE": (
            "SELECT CASE WHEN active THEN name ELSE 'x' END AS c FROM users",
            ["c < users.active users.name"],
        ),
        "functions in FROM: their arguments": (
            "SELECT u.id, t.tag, n FROM users u, unnest(u.tags) WITH ORDINALITY AS t(tag, n)",
            ["id < users.id", "tag < users.tags", "n < users.tags"],
        ),
        "functions of one's own in FROM": (
            "SELECT f.total, f.note FROM users u, prices(u.id) f",
            ["total < users.id", "note < users.id"],
        ),
        "several functions at once": (
            "SELECT x.a FROM users u, ROWS FROM (unnest(u.tags), generate_series(1, u.id)) AS x(a, b)",
            ["a < users.id users.tags"],
        ),
        "a function's column definitions": (
            "SELECT x.a FROM users u, json_to_record(u.name::json) AS x(a int, b text)",
            ["a < users.name"],
        ),
        "a function in SELECT that returns rows": ("SELECT unnest(tags) AS tag FROM users", ["tag < users.tags"]),
        "whole rows": (
            "SELECT to_jsonb(u) AS j, o AS n FROM users u, orders o",
            ["j < users.*", "n < orders.*"],
        ),
        "VALUES": ("SELECT v.a, u.name FROM users u, (VALUES (1, 2)) AS v(a, b)", ["a <", "name < users.name"]),
        "TABLE": ("TABLE tree", ["id < tree.id", "parent < tree.parent", "label < tree.label"]),
        "PostgreSQL's own operators": (
            "SELECT name::jsonb #>> '{a,b}' AS j, id OPERATOR(pg_catalog.+) 1 AS p, name ~* 'x' AS r FROM ONLY users",
            ["j < users.name", "p < users.id", "r < users.name"],
        ),
        "what is not known has to be qualified, or alone": (
            "SELECT m.a, b FROM mystery m, users u WHERE u.id = m.c",
            ["a < mystery.a", "b < mystery.b", "? mystery.c users.id"],
        ),
        "letters that PostgreSQL does not fold": ("SELECT ÄÖ FROM umlauts", ["ÄÖ < umlauts.ÄÖ"]),
}  # fmt: skip


@pytest.mark.parametrize(("query", "lines"), CASES.values(), ids=CASES)
def test_a_query_is_traced(query, lines):
    assert said(query) == lines


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT * FROM mystery", "columns that are not known"),
        ("SELECT id FROM users, orders", "it is not clear whose id"),
        ("SELECT nope FROM users", "it is not clear what nope"),
        ("SELECT j.id FROM users JOIN orders USING (id) AS j", "Invalid expression"),
        ("VALUES (1)", "VALUES is not followed"),
        ("DELETE FROM users RETURNING id", "DELETE is not followed"),
        ("not SQL (", "Expecting"),
    ],
)
def test_what_is_not_certain_is_not_said(query, why):
    with pytest.raises(UnreadableError, match=why):
        trace(query, TABLES)


def test_expressions_are_shown_as_one_would_write_them():
    found = trace('SELECT count(o.id) AS n, u."Name" FROM "Users" u JOIN orders o ON true', TABLES)
    assert [column.expression for column in found.columns] == ["COUNT(o.id)", 'u."Name"']


def test_a_long_chain_of_unions_is_followed():
    assert said(" UNION ALL ".join(["SELECT id FROM users"] * 300)) == ["id < users.id"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CREATE TABLE t (a int, B text, PRIMARY KEY (a))", (("t",), ("a", "b"))),
        ('CREATE TABLE IF NOT EXISTS app."T" ("X" int)', (("app", "T"), ("X",))),
        ("CREATE TABLE t (LIKE users)", (("t",), None)),
        ("CREATE TABLE t (LIKE users INCLUDING ALL, more int)", (("t",), None)),
        ("CREATE TABLE t AS SELECT 1 AS a", (("t",), None)),
        ("CREATE TABLE t (a int) INHERITS (users)", (("t",), None)),
        ("CREATE TABLE t PARTITION OF users FOR VALUES IN (1)", (("t",), None)),
        ("CREATE VIEW v AS SELECT 1", None),
        ("nothing", None),
    ],
)
def test_the_columns_of_tables_that_are_made(statement, found):
    assert created_columns(statement) == found


NAMELESS = (
    "1", "'x'", "now()", "pg_catalog.now()", "count(*)", "1 + 1", "1::int", "'x'::text", "now()::date", "'{}'::pg_catalog.int8[]",
    "coalesce(1, 2)", "nullif(1, 2)", "greatest(1, 2)", "least(1, 2)", "CASE WHEN true THEN 1 END",
    "CASE WHEN true THEN now() ELSE now() END", "CASE WHEN true THEN 'x' ELSE 'y'::text END", "ARRAY[1]", "ROW(1, 2)", "(1, 2)",
    "current_date", "current_timestamp(2)", "current_user", "localtime", "user", "EXISTS (SELECT 1)", "ARRAY(SELECT 1)",
    "(SELECT 1)", "(SELECT 1 AS deep)", "(SELECT now())", "1 IN (SELECT 1)", "(ARRAY[1])[1]", "now() AT TIME ZONE 'utc'",
    "extract(year FROM now())", "'a' COLLATE \"C\"", "true AND false", "NOT true", "1 IS NULL", "1 BETWEEN 0 AND 2",
    "'a' LIKE 'b'", "position('a' in 'b')", "trim('a')", "interval '1 day'", "$$x$$", "-1", "1 = ANY (ARRAY[1])",
)  # fmt: skip


@pytest.mark.parametrize("expression", NAMELESS)
def test_results_are_called_what_the_server_calls_them(server, expression):
    query = f"SELECT {expression}"
    with psycopg.connect(server.dsn) as connection:
        described = connection.execute(query).description
    assert result_names(query) == tuple(column.name for column in described)


def test_results_of_unions_and_values_and_stars():
    assert result_names("SELECT 1 AS a UNION SELECT 2 AS b") == ("a",)
    assert result_names("VALUES (1, 2)") == ("column1", "column2")
    assert result_names('SELECT t.a, T."B", (c).d FROM t') == ("a", "B", "d")
    assert result_names("SELECT *, t.*, (c).*, now() FROM t") == ("*", "*", "*", "now")
    for query in ("DELETE FROM t", "SELECT 1; SELECT 2", "?"):
        assert result_names(query) is None
