"""Queries of users: rows and values, bound variables, refusals with their place, plans; nothing is changed by them."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

import pgmg
from pgmg.errors import UsageError
from pgmg.source.query_parameters import bind

TABLE = """
CREATE TABLE people (id int PRIMARY KEY, name text, born date, score numeric(10, 2), tags text[], extra jsonb);
INSERT INTO people SELECT n, 'n' || n, '2000-01-01'::date + n, n / 4.0, ARRAY['a', 'b'], '{"k": [1]}'
FROM generate_series(1, 50) n;
CREATE SEQUENCE counter;
"""


@pytest.fixture
def opened(project):
    project.do(TABLE)
    with project.open() as found:
        yield found


def test_rows_are_values_of_python_and_texts_of_the_server(opened, project):
    query = "SELECT * FROM people ORDER BY id"
    found = opened.query(query)
    with psycopg.connect(project.dsn) as other:  # the driver alone
        cursor = other.execute(query)
        assert found.rows == tuple(cursor.fetchall())
        assert found.columns == tuple(column.name for column in cursor.description)
    assert found.types == ("integer", "text", "date", "numeric(10,2)", "text[]", "jsonb")
    assert found.texts[0] == ("1", "n1", "2000-01-02", "0.25", "{a,b}", '{"k": [1]}')
    assert not found.more


@pytest.mark.parametrize(
    ("limit", "number", "more"), [(None, 50, False), (50, 50, False), (49, 49, True), (1, 1, True)]
)
def test_a_limit_cuts_rows_off_and_says_so(opened, limit, number, more):
    found = opened.query("TABLE people", limit=limit)
    assert (len(found), len(found.texts), found.more) == (number, number, more)


@pytest.mark.parametrize(
    "query",
    [
        "VALUES (1), (2)",
        "(SELECT 1)",
        "SHOW TimeZone",
        "WITH a AS (SELECT 1) TABLE a;",
        "SELECT 1 -- it",
        "/* a */ SELECT",
    ],
)
def test_every_form_of_query_is_run(opened, query):
    assert len(opened.query(query)) >= 1


def test_values_that_python_does_not_have_are_texts(opened):
    found = opened.query("SELECT 'infinity'::date AS a, 1 AS b")
    assert found.rows == (("infinity", "1"),)


@pytest.mark.parametrize(
    "value",
    [
        "'; DROP TABLE people; --",
        "$$",
        "",
        7,
        2**40,
        1.5,
        None,
        True,
        [1, 2],
        dt.date(2000, 1, 2),
        b"\0a",
        "{{x}}",
        "é\n",
    ],
)
def test_a_variable_is_bound_as_a_value(opened, value):
    cast = {int: "int8", float: "float8", bool: "bool", list: "int[]", dt.date: "date", bytes: "bytea"}
    (row,) = opened.query(f"SELECT {{{{ x }}}}::{cast.get(type(value), 'text')}, {{{{x}}}} IS NULL", {"x": value})
    assert row == (value, value is None)


@pytest.mark.parametrize("name", ["people", 'a "b" c', "x; DROP TABLE people", "{{x}}", "U&"])
def test_a_variable_in_double_quotes_is_an_identifier(opened, name):
    found = opened.query('SELECT 1 AS "{{name}}", "{{ name }}".n FROM (SELECT 2 AS n) AS "{{name}}"', {"name": name})
    assert found.columns == (name, "n")


def test_marks_in_comments_are_left_alone():
    bound = bind("SELECT {{a}}, {{b}}, {{a}} -- {{c}}\n/* {{d}} */", {"a": 1, "b": 2})
    assert bound.text == "SELECT $1, $2, $1 -- {{c}}\n/* {{d}} */"
    assert bound.values == (1, 2)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT {{nowhere}}", "No variable is named 'nowhere'"),
        ("SELECT '{{x}}'", "within a string"),
        ("SELECT $$ {{x}} $$", "within a string"),
        ('SELECT 1 AS "{{x}}"', "is not a text"),
    ],
)
def test_marks_that_cannot_be_bound_are_refused(opened, query, said):
    with pytest.raises(UsageError, match=said):
        opened.query(query, {"x": 1})


def test_a_value_of_no_known_type_is_refused(opened):
    with pytest.raises(pgmg.RowsError, match="cannot be bound"):
        opened.query("SELECT {{x}}", {"x": object()})


CHANGES = [
    "DELETE FROM people",
    "DROP TABLE people",
    "SELECT 1; DROP TABLE people",
    "COMMIT; DROP TABLE people",
    "WITH gone AS (DELETE FROM people RETURNING *) TABLE gone",
    "SELECT nextval('counter')",
    "SELECT * INTO other FROM people",
    "SELECT * FROM people FOR UPDATE",
    "EXPLAIN ANALYZE DELETE FROM people",
    "COPY people TO STDOUT",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("query", CHANGES)
@pytest.mark.parametrize("ask", ["query", "explain"])
def test_whatever_could_change_something_is_refused(opened, project, query, ask):
    state = "SELECT array(SELECT p::text FROM people p), array(SELECT relname FROM pg_class)"
    before = project.rows(state)
    if ask == "query":
        with pytest.raises(pgmg.RowsError):
            opened.query(query)
    else:
        try:
            opened.explain(query, analyze=True)
        except pgmg.RowsError as error:
            assert error.message
    assert project.rows(state) == before
    assert project.value("SELECT last_value FROM counter") == 1


@pytest.mark.parametrize("lead", ["", "-- é\n", "VALUES (1)\nUNION ALL\n  "])
@pytest.mark.parametrize("ask", ["query", "explain"])
def test_the_place_of_an_error_is_that_in_the_query(opened, lead, ask):
    query = f"{lead}SELECT 1,\n  nowhere FROM people"
    with pytest.raises(pgmg.RowsError, match='column "nowhere" does not exist') as caught:
        getattr(opened, ask)(query)
    where = caught.value.where
    lines = query.split("\n")
    assert (where.line, where.column) == (len(lines), 3)
    assert where.text == lines[-1]


def test_a_query_that_takes_too_long_is_ended(project):
    with project.open(statement_timeout="50ms") as opened, pytest.raises(pgmg.RowsError, match="timeout"):
        opened.query("SELECT pg_sleep(20)")


def test_names_are_found_on_the_search_path_of_the_project(project):
    project.do("CREATE SCHEMA app; CREATE TABLE app.t AS SELECT 7 AS n;")
    with project.open(search_path="app") as opened:
        assert opened.query("SELECT n FROM t").rows == ((7,),)


# --- plans


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def test_a_plan_is_a_tree_of_nodes(opened):
    plan = opened.explain(
        "SELECT count(*) FROM people a JOIN people b USING (id) WHERE a.name = {{name}}", {"name": "n1"}
    )
    titles = [node.title for node in walk(plan.root)]
    assert titles[0] == "Aggregate"
    assert {"Seq Scan on people a", "Seq Scan on people b"} & set(titles)
    assert plan.execution_ms is None
    assert all(node.duration_ms is None and node.executions == 0 for node in walk(plan.root))


def test_an_executed_plan_has_rows_and_times(opened):
    plan = opened.explain("SELECT * FROM people WHERE id > 40", analyze=True)
    assert plan.root.actual_rows == 10
    assert plan.root.executions == 1
    own = sum(node.duration_ms for node in walk(plan.root))
    assert 0 <= own <= plan.execution_ms + 0.1


# --- DataFrames


def test_rows_become_a_frame_of_pandas(opened):
    frame = opened.query("SELECT id, id, name AS id_2 FROM people WHERE id <= 2 ORDER BY 1").to_frame()
    assert list(frame.columns) == ["id", "id_2", "id_2_2"]
    assert frame.values.tolist() == [[1, 1, "n1"], [2, 2, "n2"]]
    empty = opened.query("SELECT id, name FROM people WHERE false").to_frame()
    assert list(empty.columns) == ["id", "name"]
    assert len(empty) == 0
