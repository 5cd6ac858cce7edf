"""Definitions that the catalog and a source spell differently, and those that are different."""

import pytest

from pgmg.model.secrets import mask_secrets as mask_passwords
from pgmg.source import same_definition
from tests.source.reading import uses_in_body

SAME = [
    (
        "CREATE INDEX i ON t (lower(a)) WHERE b > '1'",
        "CREATE INDEX i ON public.t USING btree (lower(a)) WHERE ((b > '1'::text))",
    ),
    ("CREATE INDEX IF NOT EXISTS i ON t (a ASC)", "CREATE INDEX i ON app.t USING btree (a)"),
    (
        "CREATE INDEX i ON t (a) WITH (fillfactor = 70)",
        "CREATE INDEX i ON app.t USING btree (a) WITH (fillfactor='70')",
    ),
    (
        "CREATE OR REPLACE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE f()",
        "CREATE TRIGGER x BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.f()",
    ),
    ("CREATE STATISTICS s ON b, a FROM t", "CREATE STATISTICS public.s ON a, b FROM t"),
    (
        "CREATE OPERATOR + (procedure = f, leftarg = int, rightarg = int)",
        "CREATE OPERATOR public.+ (FUNCTION = public.f, LEFTARG = integer, RIGHTARG = integer)",
    ),
    ("not SQL  at all", "not SQL at all"),
    (
        "CREATE VIEW v AS SELECT u.id, count(*) FROM users u WHERE a BETWEEN 1 AND 2 AND b IN ('x', 'y') AND c LIKE 'z%'",
        (
            "CREATE VIEW app.v AS SELECT id, count(*) AS count FROM app.users u"
            " WHERE (((a >= 1) AND (a <= 2)) AND (u.b = ANY (ARRAY['x'::text, 'y'::text])) AND (u.c ~~ 'z%'::text))"
        ),
    ),
    (
        "CREATE FUNCTION f(OUT a int) LANGUAGE sql STABLE AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION public.f(OUT a integer) RETURNS integer STABLE LANGUAGE sql AS $function$SELECT 1$function$",
    ),
    (
        "CREATE OPERATOR CLASS c FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int)",
        (
            "CREATE OPERATOR CLASS public.c FOR TYPE integer USING hash AS OPERATOR 1 =(integer,integer),"
            " FUNCTION 1 (integer, integer) hashint4(integer)"
        ),
    ),
]
DIFFERENT = [
    ("CREATE INDEX i ON t (web.f(a))", "CREATE INDEX i ON t (app.f(a))"),
    ("CREATE INDEX i ON web.t (a)", "CREATE INDEX i ON app.t (a)"),
    ("CREATE INDEX i ON t (a) WHERE b > '1'::int", "CREATE INDEX i ON t (a) WHERE b > '1'::text"),
    ("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"),
    ("CREATE INDEX i ON t (a) WHERE b = 1", "CREATE INDEX i ON t (a) WHERE b = 2"),
    ("not SQL", "not SQL either"),
    ("CREATE VIEW v AS SELECT a.id FROM a, b", "CREATE VIEW v AS SELECT b.id FROM a, b"),
    ("CREATE VIEW v AS SELECT id FROM a", "CREATE VIEW v AS SELECT id::bigint FROM a"),
    ("CREATE VIEW v AS SELECT id FROM a", "CREATE VIEW v AS SELECT id AS other FROM a"),
    (
        "CREATE VIEW v AS SELECT id FROM a WHERE id IN (1, 2)",
        "CREATE VIEW v AS SELECT id FROM a WHERE id NOT IN (1, 2)",
    ),
    ("CREATE VIEW v AS SELECT a LIKE 'x' FROM t", "CREATE VIEW v AS SELECT a ILIKE 'x' FROM t"),
]


@pytest.mark.parametrize(("source", "catalog"), SAME)
def test_what_only_one_side_spells_makes_no_difference(source, catalog):
    assert same_definition(source, catalog)
    assert same_definition(catalog, source)


@pytest.mark.parametrize(("source", "catalog"), DIFFERENT)
def test_schemas_and_casts_that_both_sides_spell_count(source, catalog):
    assert not same_definition(source, catalog)


@pytest.mark.parametrize(
    ("catalog", "source", "same"),
    [
        ("1", "1::bigint", False),
        ("1", "1::integer", True),
        ("1.5", "1.5::numeric", True),
        ("1.5", "1.5::float8", False),
        ("9999999999", "9999999999::bigint", True),
        ("9999999999", "9999999999::numeric", False),
        ("99999999999999999999", "99999999999999999999::numeric", True),
        ("(1)::bigint", "1", True),
        ("(1)::bigint", "1::integer", False),
        ("'a'::character varying(3)", "'a'::varchar", False),
        ("'1 day'::interval day", "'1 day'::interval", False),
        ("'{}'::integer[]", "'{}'::integer", False),
    ],
)
def test_a_number_of_the_catalog_has_the_type_that_it_is_cast_to_or_its_own(catalog, source, same):
    policies = [f"CREATE POLICY p ON t USING (a = {expression})" for expression in (catalog, source)]
    assert same_definition(*policies) is same


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("connection failed: password=abc host=x", "connection failed: password=******** host=x"),
        ("host=x password=secret", "host=x password=********"),
        ("CONNECTION 'password=abc'", "CONNECTION 'password=********'"),
        ("UPDATE u SET password=h, x=1", "UPDATE u SET password=h, x=1"),
        ("SELECT 1 WHERE u.password = h.hash", "SELECT 1 WHERE u.password = h.hash"),
    ],
)
def test_a_column_called_password_is_no_connection_string(text, shown):
    assert mask_passwords(text) == shown


@pytest.mark.parametrize(
    ("loop", "wanted"),
    [
        ("EXPLAIN (COSTS off) SELECT f(1) FROM t", ["~relation t", "~routine f"]),
        ("c(f(1))", ["~routine f"]),
        ("c", []),
        ("(SELECT a FROM t)", ["~relation t"]),
    ],
)
def test_a_loop_runs_over_a_query_or_a_cursor(loop, wanted):
    assert uses_in_body(f"BEGIN FOR r IN {loop} LOOP NULL; END LOOP; END") == wanted
