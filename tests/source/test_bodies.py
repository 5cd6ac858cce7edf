import pytest

from tests.source.reading import one, references, uses_in_body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("DECLARE a app.t%ROWTYPE; b app.u.c%TYPE; c CONSTANT app.e[] NOT NULL := f(1); g int DEFAULT h(); i a%TYPE; BEGIN END", ["relation app.t *", "relation app.u", "routine f", "routine h", "type app.e"]),
        ("DECLARE a public.e COLLATE app.de := 'x'; b ALIAS FOR $1; BEGIN END", ["type public.e"]),
        ("DECLARE c CURSOR (k app.x, l int) FOR SELECT * FROM t; d NO SCROLL CURSOR IS SELECT x FROM u; BEGIN END", ["relation t *", "relation u", "type app.x"]),
        ("<<a>> DECLARE x int = f(); BEGIN <<b>> DECLARE y app.t; BEGIN PERFORM g(); END b; END a", ["routine f", "routine g", "type app.t"]),
        ("#variable_conflict use_column\nDECLARE x text := 'a;b'; BEGIN PERFORM f(); END", ["routine f"]),
    ],
)  # fmt: skip
def test_declarations_are_read(body, expected):
    assert uses_in_body(body) == [f"~{text}" for text in expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('x := (SELECT max(a) FROM t); y.z = f(1); v[g(1)] := h(); v[1:i()].z := 2; "Q" := j(); $1 := k()', ["relation t", "routine f", "routine g", "routine h", "routine i", "routine j", "routine k", "routine max"]),
        ("NEW.a := f(NEW.b); OLD = g(OLD)", ["routine f", "routine g"]),
        ("IF EXISTS (SELECT FROM a) THEN PERFORM f(); ELSIF g() THEN NULL; ELSE x := h(); END IF", ["relation a", "routine f", "routine g", "routine h"]),
        ("CASE f(x) WHEN 1, g() THEN PERFORM a(); ELSE PERFORM b(); END CASE; CASE WHEN h() THEN x := CASE WHEN i() THEN 1 END; END CASE", [f"routine {c}" for c in "abfghi"]),
        ("WHILE f() LOOP EXIT WHEN g(); CONTINUE b WHEN h(); END LOOP", ["routine f", "routine g", "routine h"]),
        ("FOR r IN SELECT * FROM a LOOP INSERT INTO b VALUES (r.x); END LOOP", ["relation a *", "relation b *"]),
        ("FOR a, b IN (SELECT x FROM t) UNION SELECT y FROM u LOOP END LOOP", ["relation t", "relation u"]),
        ("FOR i IN REVERSE f(1)..g(2) BY h(3) LOOP NULL; END LOOP; FOR i IN 1 .. k() LOOP END LOOP", [f"routine {c}" for c in "fghk"]),
        ("FOR r IN c(p := f(1)) LOOP END LOOP; FOR r IN d(g(1), 2) LOOP END LOOP", ["routine f", "routine g"]),
        ("FOREACH x SLICE 1 IN ARRAY f(1) LOOP PERFORM g(); END LOOP", ["routine f", "routine g"]),
        ("RETURN f(1); RETURN NEXT g(2); RETURN; RETURN QUERY SELECT * FROM q; RETURN QUERY EXECUTE 'SELECT * FROM r' USING h(3)", ["relation q *", "relation r *", "routine f", "routine g", "routine h"]),
        ("RAISE NOTICE 'x % %', f(1), (SELECT count(*) FROM b); RAISE EXCEPTION USING ERRCODE = g(), MESSAGE = 'x' || h(a, b); RAISE", ["relation b", "routine count", "routine f", "routine g", "routine h"]),
        ("ASSERT f(x), 'm' || g(); CALL p(q())", ["routine f", "routine g", "routine p", "routine q"]),
        ("OPEN c FOR SELECT * FROM a; OPEN d FOR EXECUTE 'SELECT * FROM b' USING f(1); OPEN e(g(1)); OPEN h NO SCROLL FOR SELECT x FROM k; FETCH c INTO x; MOVE c; CLOSE c", ["relation a *", "relation b *", "relation k", "routine f", "routine g"]),
        ("GET DIAGNOSTICS n = ROW_COUNT; COMMIT; ROLLBACK AND CHAIN; NULL", []),
        ("BEGIN PERFORM f(); EXCEPTION WHEN unique_violation OR division_by_zero THEN PERFORM g(); WHEN others THEN RAISE; END", ["routine f", "routine g"]),
    ],
)  # fmt: skip
def test_statements_and_expressions_of_plpgsql_are_read(body, expected):
    assert uses_in_body(f"BEGIN {body}; END") == [f"~{text}" for text in expected]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT a, f(b) INTO STRICT x.y, z[1] FROM t WHERE c", ["relation t", "routine f"]),
        ("SELECT INTO x a FROM t", ["relation t"]),
        ("SELECT count(*) FROM t WHERE f(a) INTO n", ["relation t", "routine count", "routine f"]),
        ("INSERT INTO t SELECT a FROM u RETURNING id INTO x", ["relation t *", "relation u"]),
        ("UPDATE t SET a = 1 RETURNING f(b) INTO y", ["relation t", "routine f"]),
        ("WITH q AS (SELECT a FROM k) SELECT * INTO r FROM q", ["relation k"]),
        ("MERGE INTO m USING n ON true WHEN MATCHED THEN DELETE", ["relation m", "relation n"]),
        ("TRUNCATE t", ["relation t"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", ["relation m"]),
        ("CREATE TEMP TABLE tmp AS SELECT * FROM t", ["relation t *"]),
    ],
)  # fmt: skip
def test_statements_are_read_without_their_into(statement, expected):
    assert uses_in_body(f"BEGIN {statement}; END") == [f"~{text}" for text in expected]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("'DELETE FROM a'", ["relation a"]),
        ("$x$DELETE FROM a; DELETE FROM b$x$", ["relation a", "relation b"]),
        ("E'SELECT \\'x\\' FROM\\na'", ["relation a"]),
        ("'INSERT INTO a SELECT * FROM b' INTO x USING f(1), g(2)", ["relation a *", "relation b *", "routine f", "routine g"]),
        ("format('SELECT %I', f()) USING g()", ["routine f", "routine format", "routine g"]),
        ("'SELECT x FROM ' || quote_ident(t)", ["routine quote_ident"]),
        ("'not sql at all'", []),
    ],
)  # fmt: skip
def test_execute_is_read_where_it_says_a_constant(command, expected):
    assert uses_in_body(f"BEGIN EXECUTE {command}; END") == [f"~{text}" for text in expected]


@pytest.mark.parametrize(
    "body",
    ["", ";", "BEGIN", "BEGIN IF", "DECLARE", "DECLARE x", "DECLARE a CURSOR", "DECLARE a CURSOR (", "BEGIN x :=", "FOR", "FOREACH x IN", "OPEN", "RAISE USING", "EXECUTE 'a", "EXECUTE '", "EXECUTE $$", "((( ;;; ]]", "<<", "#", "BEGIN x[ := 1", "RAISE 'a', ", "SELECT INTO", "SELECT a INTO x["],
)  # fmt: skip
def test_what_is_no_plpgsql_is_passed_over(body):
    assert references(one(f"CREATE PROCEDURE p() LANGUAGE plpgsql AS $made${body}$made$")) == []


def test_one_fragment_that_does_not_parse_does_not_hide_the_others():
    assert uses_in_body("BEGIN SELECT FROM WHERE; x := ) ; PERFORM f(); END") == ["~routine f"]


def test_sql_bodies_are_read_and_soft():
    assert uses_in_body("SELECT * FROM a WHERE x = $1; INSERT INTO b (y) VALUES (f())", "sql") == [
        "~relation a *",
        "~relation b",
        "~routine f",
    ]


@pytest.mark.parametrize("language", ["plpython3u", "plperl", "c", "internal"])
def test_other_languages_are_not_read(language):
    assert uses_in_body("SELECT * FROM a", language) == []


def test_the_language_is_known_in_any_spelling():
    assert uses_in_body("BEGIN PERFORM f(); END", "'PLpgSQL'") == ["~routine f"]


def test_a_body_between_plain_quotes_is_unquoted_first():
    sql = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM ''t''::regclass; END'"
    assert "~relation t" in references(one(sql))


def test_a_body_that_calls_itself_does_not_wait_for_itself():
    sql = "CREATE FUNCTION f(n int) RETURNS int RETURN CASE n WHEN 0 THEN 1 ELSE f(n - 1) END"
    assert references(one(sql)) == ["~routine f"]
