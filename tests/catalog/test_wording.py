"""The server's second wording of an expression is foreseen from its first; the server itself is the oracle."""

from __future__ import annotations

import psycopg
import pytest

from pgmg.model.sources.canonical_deparse import canonical_deparse
from pgmg.source import same_wording
from tests.catalog.expressions import EXPRESSIONS, QUERIES, SETUP
from tests.conftest import Case

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


FORMS = {
    "view": (
        "CREATE VIEW seen AS {}",
        "SELECT pg_get_viewdef(oid) FROM pg_class WHERE relname = 'seen'",
        "CREATE VIEW public.seen AS {}",
        "DROP VIEW public.seen",
        (
            "SELECT {} AS z FROM t", "SELECT (SELECT {}) AS z FROM t", "SELECT 1 AS z FROM t WHERE EXISTS (SELECT {})",
            "WITH c AS (SELECT {} FROM t) SELECT 1 AS z FROM c", "SELECT {0} FROM t UNION ALL SELECT {0} FROM t",
            "SELECT {0} AS a, {0} AS b FROM t GROUP BY 1, 2", "SELECT count(*) OVER (PARTITION BY {0} ORDER BY {0}) AS z FROM t",
        ),
    ),
    "function": (
        "CREATE FUNCTION said() RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC {}; END",
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'said'",
        "{}",
        "DROP FUNCTION public.said",
        ("SELECT {} FROM t", "SELECT (SELECT {}) FROM t", "SELECT {0}, {0} FROM t GROUP BY 1, 2"),
    ),
    "rule": (
        "CREATE RULE ru AS ON INSERT TO t2 DO ALSO {}",
        "SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = 'ru'",
        "{}",
        "DROP RULE ru ON public.t2",
        ("UPDATE t SET q = ({})::text WHERE n = NEW.n", "INSERT INTO t (q) VALUES ((SELECT {} FROM t LIMIT 1)::text)"),
    ),
    "policy": (
        "CREATE POLICY po ON t USING (({}) IS NULL)",
        "SELECT 'SELECT ' || pg_get_expr(polqual, polrelid) FROM pg_policy",
        "CREATE POLICY po ON public.t USING ({})",
        "DROP POLICY po ON public.t",
        ("{}", "SELECT {} FROM t"),
    ),
    "index": (
        "CREATE INDEX ix ON t (n) WHERE ({}) IS NULL",
        "SELECT pg_get_indexdef(oid) FROM pg_class WHERE relname = 'ix'",
        "{}",
        "DROP INDEX public.ix",
        ("{}",),
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", FORMS)
def test_what_the_server_says_of_its_own_words_is_the_same_wording(database, kind):
    create, show, again, drop, forms = FORMS[kind]
    compared = reworded = 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SETUP)
        conn.execute("SET check_function_bodies = off")
        texts = [form.format(expression) for form in forms for expression in EXPRESSIONS]
        for text in [*texts, *(QUERIES if kind == "view" else ())]:
            conn.execute("SET search_path = public")
            try:
                conn.execute(create.format(text))
            except psycopg.Error:
                continue
            conn.execute("SET search_path = pg_catalog")
            (first,) = conn.execute(show).fetchone()
            conn.execute(drop)
            conn.execute(again.format(first.removeprefix("SELECT ") if kind == "policy" else first))
            (second,) = conn.execute(show).fetchone()
            conn.execute(drop)
            compared += 1
            reworded += first != second
            assert same_wording(first, second), text
    assert compared > 100
    assert reworded > 2 or kind == "index"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'x'::text", "SELECT 'x'::text AS other"),
        ("SELECT a AS b", "SELECT a"),
        ("SELECT 1 FROM t GROUP BY a, b", "SELECT 1 FROM t GROUP BY b, a"),
        ("SELECT (ARRAY[a, b])::text[]", "SELECT ARRAY[a::text, b]"),
        ("SELECT a AND b OR c", "SELECT a AND (b OR c)"),
        ("SELECT 'YEAR'", "SELECT 'year'"),
        ("SELECT a FROM public.t", "SELECT a FROM other.t"),
    ],
)
def test_another_meaning_is_another_wording(one, other):
    assert not same_wording(one, other)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_restored_definition_has_not_drifted(database, tmp_path):
    case = Case(tmp_path, database)
    case.do("CREATE EXTENSION IF NOT EXISTS plpgsql", SETUP)
    names = []
    with psycopg.connect(database, autocommit=True) as conn:
        for number, expression in enumerate(EXPRESSIONS):
            sql = f"CREATE VIEW v{number} AS SELECT (SELECT {expression}) AS z FROM t"
            try:
                with conn.transaction(force_rollback=True):
                    conn.execute(sql)
            except psycopg.Error:
                continue
            names.append(f"v{number}")
            case.write(f"sql/v{number}.sql", sql + ";")
    case.apply()
    case.settled()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SET search_path = pg_catalog")
        for name in names:
            (text,) = conn.execute(
                "SELECT pg_get_viewdef($1::oid)".replace("$1", "%s"),
                [conn.execute("SELECT oid FROM pg_class WHERE relname = %s", [name]).fetchone()[0]],
            ).fetchone()
            conn.execute(f"CREATE OR REPLACE VIEW public.{name} AS {text}".encode())
    assert [(str(c.object), c.change) for c in case.plan().changes] == []
    case.settled()


def test_the_diff_of_a_drifted_object_compares_the_words_of_the_server(database, tmp_path):
    case = Case(tmp_path, database)
    case.do("CREATE TABLE t (a integer, b text)")
    case.write("sql/v.sql", "create view v as\n  select a,b from t   -- all of it\n  where b in ('x','y') and a > 1;")
    case.apply()
    case.do("CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WHERE b IN ('x', 'y') AND a > 2")
    with case.open() as project:
        (change,) = project.diff()
    before, after = change.before.split("\n"), change.after.split("\n")
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert changed[0][0].replace("> 2", "> 1") == changed[0][1]
