"""The server's second wording of an expression is foreseen from its first; the server itself is the oracle."""

from __future__ import annotations

import psycopg
import pytest

from pgmg.model.canonical_deparse import canonical_deparse

TABLE = """
CREATE DOMAIN short AS varchar(5);
CREATE TABLE t (v varchar(10), w varchar, c char(3), q text, n int, b bigint, x numeric, f float8, s short, d date,
                ts timestamptz, a int[]);
"""
STABLE = [
    "c IN ('a', 'b')",
    "n IN (1, 2)",
    "q NOT IN ('a', 'b')",
    "v LIKE ANY (ARRAY['a', 'b'])",
    "(n = 1 AND b = 1) OR (n = 2 AND b = 2) OR n = 3",
    "n = 1 AND (b = 1 AND x = 2)",
    "n BETWEEN 1 AND 2",
    "v = ANY (ARRAY[v || 'x', coalesce(w, 'a'), (SELECT w FROM t LIMIT 1)])",
    "ts = ANY (ARRAY[d, '2020-01-01'])",
    "(ARRAY[1, 2, 3])[n]",
    "array[array['a'::varchar, 'b']]::text[]",
    "array['a', 'b']::varchar(3)[]",
    "sum(n) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "v = ') AND (' OR v = '(ARRAY['",
]
REWORDED = [
    "v IN ('a', 'b')",
    "v NOT IN ('it''s', E'a\\\\b', '(ARRAY[', 'x)) AND ((y')",
    "v IN (NULL, 'a')",
    "s IN ('a', 'b')",
    "v COLLATE \"C\" IN ('a', 'b')",
    "CASE WHEN v IN ('a', 'b') THEN 'q' ELSE v END",
    "count(*) FILTER (WHERE v IN ('a', 'b')) OVER (PARTITION BY n)",
    "EXISTS (SELECT FROM t o WHERE o.v IN ('a', 'b') AND o.n NOT IN (t.n, t.b, 3.5))",
    "v = ANY (ARRAY[v, coalesce(w, 'a'), (SELECT w FROM t LIMIT 1)])",
    "n BETWEEN 1 AND 2 AND b NOT BETWEEN SYMMETRIC 3 AND 4",
    "(x NOT BETWEEN 1 AND 2 OR b > 1) OR (n BETWEEN b AND f OR n IS NULL)",
    "f = ANY (ARRAY[1, n, -2])",
    "f = ANY (ARRAY[ARRAY[1, 2], ARRAY[3, 4]])",
    "v NOT IN (w, q, n::text, 'z')",
    "n IN (b, x, 3, f)",
    "(v IN (w, q, 'a') OR n = 1) AND (n = 2 OR (b = 1 OR b = 2) OR x IN (n, b, f))",
    "(n, b) NOT IN ((1, 2), (3, 4), (5, 6))",
]


@pytest.fixture
def reworded(database):
    """Gives what the server says of an expression, and what it says of that."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(TABLE)

        def said(query: str) -> str:
            conn.execute(f"CREATE VIEW seen AS {query}")
            return conn.execute("SELECT pg_get_viewdef('seen'::regclass)").fetchone()[0]

        def twice(expression: str) -> tuple[str, str]:
            first = said(f"SELECT {expression} AS z FROM t")
            conn.execute("DROP VIEW seen")
            return first, said(first)

        yield twice


@pytest.mark.parametrize("expression", REWORDED)
def test_the_second_wording_is_foreseen(reworded, expression):
    first, second = reworded(expression)
    assert first != second
    assert canonical_deparse(first) == second
    assert canonical_deparse(second) == second


@pytest.mark.parametrize("expression", STABLE)
def test_what_the_server_words_alike_stays(reworded, expression):
    first, second = reworded(expression)
    assert canonical_deparse(first) == first == second


@pytest.mark.parametrize(
    "body", ["(ARRAY['a'::text])::", "f(ARRAY[1)", "((a AND b) AND c", "' (ARRAY[", "a) AND (b AND c", "(ARRAY[]]"]
)
def test_brackets_that_do_not_match_are_left_alone(body):
    assert canonical_deparse(body) == body
