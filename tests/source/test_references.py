import pytest

from tests.source.reading import one, references, uses


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        # a CTE hides the relation of its name, from where it is seen
        ("WITH c AS (SELECT * FROM a) SELECT c.*, b.x FROM c JOIN b ON true", ["relation a *", "relation b"]),
        ("WITH t AS (SELECT * FROM t) SELECT * FROM t", ["relation t *"]),
        ("WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t", []),
        ("WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a", []),
        ("WITH a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a", ["relation b"]),
        ("WITH t AS (SELECT 1) SELECT x FROM app.t", ["relation app.t"]),
        ("SELECT x FROM (WITH t AS (SELECT 1 AS x) SELECT x FROM t) s, t", ["relation t"]),
        ("WITH t AS (SELECT 1 AS x) SELECT (SELECT x FROM t) FROM u", ["relation u"]),
        ("WITH d AS (DELETE FROM t USING u RETURNING *) SELECT 1", ["relation t *", "relation u *"]),
        ("WITH c AS (SELECT 1) SELECT x FROM a UNION SELECT * FROM c", ["relation a"]),
        # subqueries, laterals, set operations
        ("SELECT x FROM (SELECT y FROM a) s", ["relation a"]),
        ("SELECT u.a FROM t, LATERAL (SELECT t.*, z FROM w) u", ["relation t *", "relation w"]),
        ("SELECT (SELECT c.* FROM c) FROM t WHERE EXISTS (SELECT FROM d WHERE t IS NOT NULL)", ["relation c *", "relation d", "relation t *"]),
        ("SELECT x FROM a UNION (SELECT * FROM b EXCEPT SELECT y FROM c)", ["relation a", "relation b *", "relation c"]),
        ("SELECT 1 FROM a CROSS JOIN (b LEFT JOIN c ON f(c.x)) WHERE a.x IN (SELECT y FROM d)", ["relation a", "relation b", "relation c", "relation d", "routine f"]),
        ("TABLE a", ["relation a *"]),
        ("VALUES (f(1)), (2)", ["routine f"]),
        ("SELECT x FROM t TABLESAMPLE app.my (f(1))", ["relation t", "routine app.my", "routine f"]),
    ],
)  # fmt: skip
def test_relations_are_found_with_their_scopes(select, expected):
    assert uses(select) == expected


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT * FROM a, b", ["relation a *", "relation b *"]),
        ("SELECT a.* FROM a, b", ["relation a *", "relation b"]),
        ("SELECT x.* FROM a x, x y", ["relation a *", "relation x"]),
        ("SELECT a FROM a, b", ["relation a *", "relation b"]),
        ("SELECT f(a) FROM app.a", ["relation app.a *", "routine f"]),
        ("SELECT (a).* FROM a", ["relation a *"]),
        ("SELECT app.a.* FROM app.a, other.b", ["relation app.a *", "relation other.b"]),
        ("SELECT a.* FROM app.a, other.a b", ["relation app.a *", "relation other.a"]),
        ("SELECT count(*) FROM a", ["relation a", "routine count"]),
        ("SELECT count(a.*) FROM a", ["relation a *", "routine count"]),
        ("SELECT a.x, (a.y).z FROM a", ["relation a"]),
        ("SELECT j.* FROM (a JOIN b USING (id)) AS j", ["relation a *", "relation b *"]),
        ("SELECT a.x FROM a NATURAL JOIN b", ["relation a *", "relation b *"]),
        ("SELECT r.* FROM f() r", ["routine f *"]),
        ("SELECT f.* FROM app.f()", ["routine app.f *"]),
        ("SELECT x FROM f() r", ["routine f"]),
        ("SELECT 1 FROM a ORDER BY a", ["relation a *"]),
    ],
)  # fmt: skip
def test_a_star_or_a_whole_row_is_marked(select, expected):
    assert uses(select) == expected


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT sum(x) OVER w, f(x) FILTER (WHERE g(x)) FROM t WINDOW w AS (PARTITION BY h(x) ORDER BY i(x))", "f g h i sum"),
        ("SELECT p(0.5) WITHIN GROUP (ORDER BY q(z)) FROM t", "p q"),
        ("SELECT x FROM t GROUP BY GROUPING SETS ((x), (f(x))) HAVING g(x) LIMIT h() OFFSET i()", "f g h i"),
        ("SELECT DISTINCT ON (f(x)) x FROM t ORDER BY g(x)", "f g"),
        ("SELECT CASE a WHEN f(1) THEN g() ELSE h() END, COALESCE(i(1)), ROW(j()), GREATEST(k()), ARRAY[l()], m(n => o()) FROM t", "f g h i j k l m o"),
        ("SELECT a[f(1)], a[g():h()], (i()).x, CAST(j() AS int), NULLIF(k(), 1), l() IS NULL, NOT m() FROM t", "f g h i j k l m"),
        ("SELECT JSON_OBJECT('a': f()), JSON_ARRAYAGG(g()), XMLELEMENT(NAME a, h()), JSON_EXISTS(i(), '$') FROM t", "f g h i"),
        ("SELECT app.f(), pg_catalog.now(), db.app.g() FROM t", "app.f app.g"),
        ("SELECT x FROM ROWS FROM (f(1) AS (a int), g(h(2))) AS r", "f g h"),
    ],
)  # fmt: skip
def test_functions_are_found_wherever_they_are_called(select, expected):
    assert [text.removeprefix("routine ") for text in uses(select) if text.startswith("routine")] == expected.split()


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT * FROM JSON_TABLE(f(), '$' COLUMNS (a app.x PATH '$', NESTED PATH '$.b' COLUMNS (b app.y DEFAULT g() ON EMPTY)))", ["routine f", "routine g", "type app.x", "type app.y"]),
        ("SELECT t.x FROM t, JSON_TABLE(t.j, '$' PASSING f(1) AS z COLUMNS (a int)) AS jt", ["relation t", "routine f"]),
        ("SELECT * FROM XMLTABLE('/x' PASSING f() COLUMNS a app.x PATH 'a' DEFAULT g())", ["routine f", "routine g", "type app.x"]),
        ("SELECT * FROM ROWS FROM (f(1) AS (a app.x), g(2)) AS r", ["routine f *", "routine g *", "type app.x"]),
        ("SELECT * FROM f(1) AS r(a app.x)", ["routine f *", "type app.x"]),
        ("SELECT JSON_VALUE(x, '$' RETURNING app.y) FROM t", ["relation t", "type app.y"]),
    ],
)  # fmt: skip
def test_tables_made_on_the_way_are_read(select, expected):
    assert uses(select) == expected


def test_types_are_found_in_casts_but_not_those_of_sql():
    select = (
        "SELECT x::app.a, x::b[], CAST(x AS c), x::int, x::numeric(10,2), x::pg_catalog.text, d 'y', ROW(1)::e FROM t"
    )
    found = [one for one in uses(select) if "cast" not in one]
    assert found == ["relation t", "type app.a", "type b", "type c", "type d", "type e"]


def test_a_value_that_is_cast_may_use_any_cast_to_that_type():
    select = "SELECT x::app.a, y::b[], CAST(1 AS numeric(10,2)), x::numeric, true::text FROM t"
    found = [one for one in uses(select) if "cast" in one]
    assert found == ["~cast a(app.a)", "~cast b(b[])", "~cast numeric(numeric)", "~cast text(text)"]


def test_no_cast_is_used_for_a_string_or_null():
    assert uses("SELECT 'x'::app.a, NULL::app.b") == ["type app.a", "type app.b"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'app.t'::regclass", "relation app.t"),
        ("'app.\"T\"'::pg_catalog.regclass", "relation app.T"),
        ("'Some'::regclass", "relation some"),
        ("regclass 'z'", "relation z"),
        ("CAST('y' AS regclass)", "relation y"),
        ("'f'::regproc", "routine f"),
        ("'app.f(int, app.t)'::regprocedure", "routine app.f(int4, app.t)"),
        ("'app.\"T\"[]'::regtype", "type app.T"),
        ("'~~~'::regoper", "operator ~~~"),
        ("'app.~~~(int,text)'::regoperator", "operator app.~~~(int4, text)"),
        ("'app'::regnamespace", "schema app"),
        ("'app.de'::regcollation", "collation app.de"),
        ("'app.english'::regconfig", "text_search app.english"),
        ("nextval('app.s')", "relation app.s"),
        ("nextval('s'::regclass)", "relation s"),
        ("currval('\"S\"')", "relation S"),
        ("setval('s', 1)", "relation s"),
        ("pg_catalog.nextval('s')", "relation s"),
        ("pg_relation_size('app.t')", "relation app.t"),
        ("to_regclass('t')", "~relation t"),
        ("to_tsvector('app.cfg', x)", "~text_search app.cfg"),
    ],
)
def test_names_in_constants_are_found(expression, expected):
    assert expected in uses(f"SELECT {expression}")


@pytest.mark.parametrize(
    "expression",
    ["'not a name'::regclass", "''::regclass", "'123'::regclass", "x::regclass", "nextval(x)", "app.nextval('s')", "'s'::text", "to_tsvector('a word')", "'f('::regprocedure", "'+ +'::regtype"],
)  # fmt: skip
def test_constants_that_name_nothing_do_no_harm(expression):
    found = uses(f"SELECT {expression} FROM t")
    assert [text for text in found if text.split()[0] in ("relation", "text_search")] == ["relation t"]


def test_operators_are_found_in_all_their_forms():
    select = "SELECT a OPERATOR(app.~~~) b, c <<< d, @e, f BETWEEN 1 AND 2, g <> ALL (h), i LIKE j FROM t ORDER BY k USING <#"
    found = [text.removeprefix("operator ") for text in uses(select) if text.startswith("operator")]
    assert found == ["<#", "<<<", "<=", "<>", ">=", "@", "app.~~~", "~~"]


def test_collations_are_found():
    assert uses('SELECT a COLLATE app.de, b FROM t ORDER BY b COLLATE "X"') == [
        "collation X",
        "collation app.de",
        "relation t",
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM v, app.v, t", ["relation app.v", "relation t"]),
        ("CREATE RECURSIVE VIEW app.v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM v", []),
        ("CREATE VIEW v AS SELECT a FROM t WITH LOCAL CHECK OPTION", ["relation t"]),
        ("CREATE VIEW v AS SELECT a FROM t x FOR UPDATE OF x", ["relation t"]),
        ("CREATE FUNCTION f(a t) RETURNS SETOF u LANGUAGE sql BEGIN ATOMIC SELECT * FROM w; INSERT INTO x VALUES (1); END", ["relation w *", "relation x *", "type t", "type u"]),
        ("CREATE FUNCTION f(t int) RETURNS int RETURN t + (SELECT max(x) FROM a)", ["relation a", "routine max"]),
        ("CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t (a) SELECT NEW.a WHERE f(NEW.*)", ["relation t", "relation v", "routine f"]),
        ("CREATE POLICY p ON t USING (EXISTS (SELECT FROM u WHERE u.x = t.x))", ["relation t", "relation u"]),
    ],
)  # fmt: skip
def test_other_statements_have_the_same_scopes(sql, expected):
    assert references(one(sql)) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO a (x) SELECT y FROM b ON CONFLICT (f(x)) DO UPDATE SET x = excluded.x RETURNING g(a)", ["relation a *", "relation b", "routine f", "routine g"]),
        ("INSERT INTO a VALUES (1)", ["relation a *"]),
        ("UPDATE a SET x = b.x FROM b WHERE f(a.y) RETURNING *", ["relation a *", "relation b *", "routine f"]),
        ("DELETE FROM a USING b WHERE f(b)", ["relation a", "relation b *", "routine f"]),
        ("MERGE INTO a USING (SELECT * FROM b) s ON a.x = s.x WHEN MATCHED AND f(1) THEN UPDATE SET y = g(1) WHEN NOT MATCHED THEN INSERT VALUES (h()) RETURNING a.*", ["relation a *", "relation b *", "routine f", "routine g", "routine h"]),
        ("WITH a AS (SELECT 1) INSERT INTO a SELECT * FROM a", ["relation a *"]),
    ],
)  # fmt: skip
def test_statements_that_change_data_are_read(sql, expected):
    found = references(one(f"CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC {sql}; END"))
    assert found == expected


def test_what_is_found_hard_once_is_hard():
    sql = "CREATE FUNCTION f(a app.t) RETURNS int LANGUAGE sql AS 'SELECT NULL::app.t, NULL::app.u'"
    assert references(one(sql)) == ["type app.t", "~type app.u"]
