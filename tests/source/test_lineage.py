"""Columns of queries: what each is made from, how PostgreSQL calls it, and what is not read."""

import psycopg
import pytest

from pgmg.model.results.lineage_data import FunctionTraits
from pgmg.source.columns.query_lineage import UnreadableError, created_columns, trace
from pgmg.source.columns.result_names import result_names

TABLES = {
    ("users",): ("id", "name", "active", "tags"),
    ("orders",): ("id", "user_id", "total", "status"),
    ("app", "orders"): ("id", "price"),
    ("tree",): ("id", "parent", "label"),
    ("Users",): ("Name", "name"),
}


TRAITS = FunctionTraits(
    sets=frozenset({"unnest", "generate_series", "prices"}),
    aggregates=frozenset({"count", "max", "sum", "string_agg", "array_agg"}),
    results=(("prices", ("total", "note")),),
    types=(("pair", ("x", "y")),),
)


def said(query, tables=TABLES):
    """A trace in short, a line a column: `total < orders.total | what decides about it`.

    Then `? …` with what decides about rows, and `~ …` with what only orders them; `users~` is the order of its rows.
    """
    found = trace(query, tables, TRAITS, composites={"co": ("x", "y")})

    def short(uses):
        return " ".join(".".join((*use.relation, use.column)) if use.column else f"{use.relation[-1]}~" for use in uses)

    lines = []
    for column in found.columns:
        decided = f" | {short(column.decides)}" if column.decides else ""
        lines.append(f"{column.name} < {short(column.values)}".rstrip() + decided)
    order = [use for use in found.order if use.column]  # tables have none that anybody could rely on
    return (
        lines
        + ([f"? {short(found.conditions)}"] if found.conditions else [])
        + ([f"~ {short(order)}"] if order else [])
    )


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
            ["name < users.name", "~ users.active"],
        ),
        "limit": ("SELECT name FROM users ORDER BY active LIMIT 1", ["name < users.name", "? users.active"]),
        "order by a name of the result": (
            'SELECT id AS "Number", lower(name) AS l FROM users ORDER BY "Number", l LIMIT 1',
            ["Number < users.id", "l < users.name", "? users.id users.name"],
        ),
        "distinct on": (
            "SELECT DISTINCT ON (user_id) user_id, total FROM orders ORDER BY user_id, id",
            ["user_id < orders.user_id", "total < orders.total", "? orders~ orders.id orders.user_id"],
        ),
        "using": (
            "SELECT id, total FROM users JOIN orders USING (id)",
            ["id < users.id", "total < orders.total", "? orders.id users.id"],
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
            ["name < orders.status users.name", "n < orders.id", "? orders.id orders.status tree.id tree.label users.name"],
        ),
        "a recursive query": (
            "WITH RECURSIVE t AS (SELECT id, label FROM tree WHERE parent IS NULL UNION ALL SELECT c.id, t.label || c.label FROM tree c JOIN t ON t.id = c.parent) SELECT * FROM t",
            ["id < tree.id", "label < tree.label", "? tree.id tree.parent"],
        ),
        "a recursive query whose columns change places": (
            "WITH RECURSIVE t(a, b) AS (SELECT id, name FROM users UNION SELECT b::int, label FROM t, tree) SELECT a FROM t",
            ["a < tree.label users.id users.name", "? tree.label users.id users.name"],
        ),
        "correlated subqueries": (
            "SELECT (SELECT max(o.total) FROM orders o WHERE o.user_id = u.id) AS m FROM users u",
            ["m < orders.total | orders.user_id users.id"],
        ),
        "EXISTS and IN": (
            "SELECT name FROM users u WHERE EXISTS (SELECT FROM orders o WHERE o.user_id = u.id) AND id IN (SELECT parent FROM tree)",
            ["name < users.name", "? orders.user_id tree.parent users.id"],
        ),
        "ARRAY": (
            "SELECT ARRAY(SELECT o.total FROM orders o WHERE o.user_id = u.id) AS a, tags[1] AS t FROM users u",
            ["a < orders.total | orders~ orders.user_id users.id", "t < users.tags"],
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
            ["id < users.id", "tag < users.tags", "n < users.tags", "? users.tags"],
        ),
        "functions of one's own in FROM": (
            "SELECT f.total, f.note FROM users u, prices(u.id) f",
            ["total < users.id", "note < users.id", "? users.id"],
        ),
        "several functions at once": (
            "SELECT x.a FROM users u, ROWS FROM (unnest(u.tags), generate_series(1, u.id)) AS x(a, b)",
            ["a < users.id users.tags", "? users.id users.tags"],
        ),
        "a function's column definitions": (
            "SELECT x.a FROM users u, json_to_record(u.name::json) AS x(a int, b text)",
            ["a < users.name"],
        ),
        "a function in SELECT that returns rows": ("SELECT unnest(tags) AS tag FROM users", ["tag < users.tags", "? users.tags"]),
        "whole rows within a query over a function whose columns are not known": (
            "SELECT (SELECT max(id) FROM users WHERE (SELECT bool_and(t IS NULL) FROM tree t)) AS id FROM generate_series(1, 2) l",
            ["id < users.id | tree.*"],
        ),
        "whole rows": (
            "SELECT to_jsonb(u) AS j, o AS n FROM users u, orders o",
            ["j < users.*", "n < orders.*"],
        ),
        "a function that returns rows within an expression": (
            "SELECT upper(unnest(tags)) || name AS t, id FROM users",
            ["t < users.name users.tags", "id < users.id", "? users.tags"],
        ),
        "whole rows beside columns": (
            "SELECT count(u) AS n, u.id, u IS NULL AS gone FROM users u GROUP BY u.id, u.*",
            ["n < users.*", "id < users.id", "gone < users.*", "? users.* users.id"],
        ),
        "columns of rows": (
            "SELECT (u).name, (u).tags[1] AS t, (q).n FROM users u, (SELECT id AS n FROM orders) q",
            ["name < users.name", "t < users.tags", "n < orders.id"],
        ),
        "all columns of a row": (
            "SELECT (o).*, u.id AS u FROM users u, orders o",
            ["id < orders.id", "user_id < orders.user_id", "total < orders.total", "status < orders.status", "u < users.id"],
        ),
        "a name beside functions whose columns are not known": (
            "SELECT (SELECT id + g FROM generate_series(1, u.id) AS g LIMIT 1) AS a FROM users u",
            ["a < users.id"],
        ),
        "alias lists": (
            "SELECT q.a, q.label, b FROM tree AS q(a, b) WHERE q.a > 1",
            ["a < tree.id", "label < tree.label", "b < tree.parent", "? tree.id"],
        ),
        "alias lists of joins": (
            "SELECT j.x, j.z FROM (users u JOIN tree t ON u.id = t.id) AS j(x, y, z)",
            ["x < users.id", "z < users.active", "? tree.id users.id"],
        ),
        "an alias for merged columns": (
            "SELECT j.id, u.name FROM users u FULL JOIN orders o USING (id) AS j",
            ["id < orders.id users.id", "name < users.name", "? orders.id users.id"],
        ),
        "merged columns of outer joins": (
            "SELECT id, label FROM orders RIGHT JOIN tree USING (id) LEFT JOIN users USING (id)",
            ["id < tree.id", "label < tree.label", "? orders.id tree.id users.id"],
        ),
        "a join within a join": (
            "SELECT u.name, o.total, parent FROM users u JOIN (orders o JOIN tree t USING (id)) ON u.id = o.user_id",
            ["name < users.name", "total < orders.total", "parent < tree.parent", "? orders.id orders.user_id tree.id users.id"],
        ),
        "composite columns": (
            "SELECT (m.co).*, (prices(m.c)).* FROM mystery m",
            ["x < mystery.co", "y < mystery.co", "total < mystery.c", "note < mystery.c", "? mystery.c"],
        ),
        "composite values": (
            "SELECT (ROW(m.a, m.b)::pair).* FROM mystery m",
            ["x < mystery.a mystery.b", "y < mystery.a mystery.b"],
        ),
        "a star of a function": (
            "SELECT * FROM users u, prices(u.id) p",
            ["id < users.id", "name < users.name", "active < users.active", "tags < users.tags", "total < users.id", "note < users.id", "? users.id"],
        ),
        "JSON_TABLE": (
            "SELECT j.a, j.n, j.c FROM users u, JSON_TABLE(u.name::jsonb, '$' PASSING u.id AS p COLUMNS (a int PATH '$.a' DEFAULT 3 ON EMPTY, n FOR ORDINALITY, NESTED PATH '$.b' COLUMNS (c int))) j",
            ["a < users.id users.name", "n < users.id users.name", "c < users.id users.name", "? users.id users.name"],
        ),
        "XMLTABLE": (
            "SELECT x.a, x.n FROM users u, XMLTABLE('/r' PASSING (u.name::xml) COLUMNS a int PATH 'a' DEFAULT u.id, n FOR ORDINALITY) x",
            ["a < users.id users.name", "n < users.name", "? users.name"],
        ),
        "DISTINCT": ("SELECT DISTINCT name, id % 2 AS odd FROM users", ["name < users.name", "odd < users.id", "? users.id users.name"]),
        "INTERSECT": (
            "SELECT id FROM users INTERSECT ALL SELECT user_id FROM orders",
            ["id < orders.user_id users.id", "? orders.user_id users.id"],
        ),
        "the order of a subquery, where it shows in a value": (
            "SELECT string_agg(s.name, ',') AS names, count(*) AS n FROM (SELECT name FROM users ORDER BY active) s",
            ["names < users.name | users.active", "n <"],
        ),
        "an order of its own makes up for it": (
            "SELECT string_agg(s.name, ',' ORDER BY s.name) AS names FROM (SELECT name FROM users ORDER BY active) s",
            ["names < users.name"],
        ),
        "ARRAY of an ordered query": (
            "SELECT ARRAY(SELECT name FROM users ORDER BY active) AS a",
            ["a < users.name | users.active"],
        ),
        "a limit above an ordered query": (
            "SELECT name FROM (SELECT name FROM users ORDER BY active) s LIMIT 3",
            ["name < users.name", "? users.active"],
        ),
        "windows without an order take rows as they come": (
            "SELECT row_number() OVER () AS n, rank() OVER (ORDER BY id) AS r FROM (SELECT id FROM users ORDER BY name) s",
            ["n < | users.name", "r < users.id", "~ users.name"],
        ),
        "grouping sets, rollup": (
            "SELECT status, user_id, sum(total) AS t FROM orders GROUP BY GROUPING SETS ((status, 2), ROLLUP (lower(status)), ())",
            ["status < orders.status", "user_id < orders.user_id", "t < orders.total", "? orders.status orders.user_id"],
        ),
        "GROUP BY prefers columns of FROM, ORDER BY those of the result": (
            "SELECT id % 2 AS id, max(name) AS name FROM users GROUP BY id ORDER BY name LIMIT 1",
            ["id < users.id", "name < users.name", "? users.id users.name"],
        ),
        "what searches and cycles add": (
            "WITH RECURSIVE t AS (SELECT id, label FROM tree UNION ALL SELECT t.id + 1, tree.label FROM t JOIN tree ON tree.parent = t.id) SEARCH DEPTH FIRST BY label SET seq CYCLE id SET again USING path SELECT id, seq::text AS seq, again FROM t",
            ["id < tree.id", "seq < tree.label | tree.id tree.parent", "again < tree.id", "? tree.id tree.parent"],
        ),
        "system columns are none": ("SELECT ctid, u.tableoid AS t, xmin FROM users u", ["ctid <", "t <", "xmin <"]),
        "TABLESAMPLE": (
            "SELECT name FROM users TABLESAMPLE bernoulli ((SELECT max(id) FROM tree))",
            ["name < users.name", "? tree.id"],
        ),
        "the CTE of a query around it, and one of its own that hides it": (
            "WITH a AS (SELECT id AS x FROM users) SELECT (SELECT max(x) FROM a) AS m, (WITH a AS (SELECT total AS x FROM orders) SELECT max(x) FROM a) AS n",
            ["m < users.id", "n < orders.total"],
        ),
        "a subquery that is not lateral sees the query around, and not its neighbour": (
            "SELECT (SELECT max(s.x) FROM orders o, (SELECT id AS x) s) AS x FROM users u",
            ["x < users.id"],
        ),
        "VALUES with columns": ("SELECT v.column1 AS a, v.column2 AS b FROM users u, LATERAL (VALUES (u.id, u.name), (1, 'x')) AS v", ["a < users.id", "b < users.name"]),
        "JSON constructors": (
            "SELECT JSON_OBJECT('k' : id, name : active) AS o, JSON_ARRAY(SELECT total FROM orders ORDER BY id) AS a, JSON_ARRAYAGG(name) OVER (PARTITION BY id) AS g, name IS JSON AS j FROM users",
            ["o < users.active users.id users.name", "a < orders.total | orders.id", "g < users.id users.name | users~", "j < users.name"],
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
        ("SELECT * FROM users NATURAL JOIN mystery", "NATURAL JOIN of columns that are not known"),
        ("WITH d AS (DELETE FROM users RETURNING id) SELECT id FROM d", "changes data"),
        ("DELETE FROM users RETURNING id", "it is not one query"),
        ("not SQL (", "syntax error"),
    ],
)
def test_what_is_not_certain_is_not_said(query, why):
    with pytest.raises(UnreadableError, match=why):
        trace(query, TABLES)


def test_expressions_are_shown_as_one_would_write_them():
    found = trace('SELECT count(o.id) AS n, u."Name" FROM "Users" u JOIN orders o ON true', TABLES)
    assert [column.expression for column in found.columns] == ["count(o.id)", 'u."Name"']


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
