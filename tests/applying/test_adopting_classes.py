"""Operator classes in every spelling: two are the same where the server keeps the same rows of them.

Each spelling is run by plain SQL, and each other one is declared. The rows of pg_amop, pg_amproc and pg_opclass decide.
"""

from __future__ import annotations

from itertools import product

import psycopg
import pytest

SETUP = """
CREATE SCHEMA app;
CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)';
CREATE FUNCTION app.cmp_wide(a integer, b bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint48cmp($1, $2)';
CREATE FUNCTION near(integer, integer, bigint, boolean, boolean) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION hash_of(bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT hashint8($1)';
CREATE TYPE pair AS (a integer, b integer); CREATE DOMAIN app.small AS integer;
CREATE FUNCTION pair_lt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE OPERATOR app.<<< (LEFTARG = pair, RIGHTARG = pair, FUNCTION = pair_lt);
CREATE FUNCTION pair_cmp(one pair, other pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1.a, $2.a)';
"""

SPELLINGS = {
    "btree": [
        "FOR TYPE int4 USING btree AS OPERATOR 1 <, FUNCTION 1 cmp(int, int)",
        "FOR TYPE integer USING btree AS FUNCTION 1 public.cmp(integer, int4), OPERATOR 1 pg_catalog.<",
        "FOR TYPE int USING btree AS FUNCTION 1 (int) cmp(int, int), OPERATOR 1 < (int, integer) FOR SEARCH",
        "FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 cmp",
        "FOR TYPE int USING btree AS OPERATOR 1 <, STORAGE integer, FUNCTION 1 (int, int) cmp(int, int)",
        "FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)",
        "FOR TYPE int USING btree AS OPERATOR 2 <, FUNCTION 1 cmp(int, int)",
        "FOR TYPE int USING btree AS OPERATOR 1 <",
    ],
    "btree of two types": [
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 cmp(int, int), FUNCTION 1 app.cmp_wide(int, int8)",
        "FOR TYPE int USING btree AS FUNCTION 1 (int, int8) app.cmp_wide(int, int8), FUNCTION 1 cmp(int, int), OPERATOR 1 < (int, int8), OPERATOR 1 <",
        "FOR TYPE int USING btree AS OPERATOR 1 < (int, int8), FUNCTION 1 app.cmp_wide, FUNCTION 1 cmp, OPERATOR 1 <",
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 (int) app.cmp_wide(int, int8), FUNCTION 1 (int, int8) btint48cmp(int, int8)",
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 (int, int8) cmp(int, int), FUNCTION 1 (int, int) app.cmp_wide(int, int8)",
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 cmp(int, int), FUNCTION 3 near(int, int, int8, bool, bool)",
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 cmp(int, int), FUNCTION 3 (int, int8) near(int, int, int8, boolean, boolean)",
        "FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 1 < (int, int8), FUNCTION 1 cmp(int, int), FUNCTION 3 near",
    ],
    "hash": [
        "FOR TYPE int8 USING hash AS OPERATOR 1 =, FUNCTION 1 hash_of(bigint)",
        "FOR TYPE bigint USING hash AS OPERATOR 1 = (int8, int8), FUNCTION 1 (int8) public.hash_of",
        "FOR TYPE int8 USING hash AS OPERATOR 1 =, FUNCTION 1 (int4, int4) hash_of(bigint), FUNCTION 1 hash_of(bigint)",
        "FOR TYPE int8 USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int4), FUNCTION 1 hash_of(bigint)",
        "FOR TYPE int8 USING hash AS OPERATOR 1 =, FUNCTION 1 (int4, int4) hashint4(int4), FUNCTION 1 (int8, int8) hash_of(bigint)",
    ],
    "other types": [
        "FOR TYPE pair USING btree AS OPERATOR 1 app.<<<, FUNCTION 1 pair_cmp(pair, pair)",
        "FOR TYPE public.pair USING btree AS FUNCTION 1 pair_cmp(one public.pair, other pair), OPERATOR 1 app.<<< (pair, public.pair)",
        "FOR TYPE pair USING btree AS FUNCTION 1 (pair, pair) pair_cmp(pair, pair)",
    ],
    "gist": [
        "FOR TYPE point USING gist AS OPERATOR 15 <-> FOR ORDER BY float_ops, FUNCTION 1 gist_point_consistent, FUNCTION 2 gist_box_union, FUNCTION 3 gist_point_compress, FUNCTION 5 gist_box_penalty, FUNCTION 6 gist_box_picksplit, FUNCTION 7 gist_box_same, FUNCTION 8 gist_point_distance(internal, point, int2, oid, internal), STORAGE box",
        "FOR TYPE point USING gist AS STORAGE box, FUNCTION 8 gist_point_distance, FUNCTION 7 gist_box_same(box, box, internal), FUNCTION 1 (point) gist_point_consistent(internal, point, int2, oid, internal), FUNCTION 2 gist_box_union(internal, internal), FUNCTION 3 gist_point_compress(internal), FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), OPERATOR 15 <-> (point, point) FOR ORDER BY pg_catalog.float_ops",
        "FOR TYPE point USING gist AS FUNCTION 1 gist_point_consistent, FUNCTION 2 gist_box_union, FUNCTION 3 gist_point_compress, FUNCTION 5 gist_box_penalty, FUNCTION 6 gist_box_picksplit, FUNCTION 7 gist_box_same, STORAGE box",
    ],
    "gin of a built-in array": [
        "FOR TYPE _int4 USING gin AS OPERATOR 1 && (anyarray, anyarray), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, FUNCTION 1 btint4cmp, STORAGE int4",
        "FOR TYPE integer[] USING gin AS OPERATOR 1 @> (anyarray, anyarray), FUNCTION 1 btint4cmp(int, int), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, STORAGE integer",
        "FOR TYPE int[] USING gin AS OPERATOR 1 && (anyarray, anyarray), FUNCTION 1 btint4cmp(int, int), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, STORAGE integer",
    ],
    "gin": [
        "DEFAULT FOR TYPE pair[] USING gin AS OPERATOR 1 && (anyarray, anyarray), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract(anyarray, internal, int2, internal, internal, internal, internal), FUNCTION 4 ginarrayconsistent, FUNCTION 1 pair_cmp, STORAGE pair",
        "FOR TYPE pair[] USING gin AS OPERATOR 1 && (anyarray, anyarray), FUNCTION 1 pair_cmp(pair, pair), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, STORAGE public.pair",
        "DEFAULT FOR TYPE public.pair[] USING gin AS STORAGE pair, FUNCTION 1 (public.pair[]) pair_cmp(pair, pair), FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, OPERATOR 1 && (anyarray, anyarray)",
    ],
}  # fmt: skip
"""Everything after the name of a class."""

BY_HAND = {
    "btree": "FUNCTION 1 (int2, int2) btint2cmp(int2, int2)",
    "hash": "FUNCTION 1 (int2, int2) hashint2(int2)",
    "gist": "FUNCTION 8 (int2, int2) gist_point_distance(internal, point, int2, oid, internal)",
    "gin": "OPERATOR 3 <@ (anyarray, anyarray)",
}
"""A member that is added to the family, by access method."""

ROWS = """
SELECT concat_ws(' ', c.opcdefault, c.opcintype::regtype, c.opckeytype::regtype, f.opfname), false
FROM pg_opclass c JOIN pg_opfamily f ON f.oid = c.opcfamily WHERE c.opcname = 'own'
UNION ALL
SELECT m.text, NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = m.oid AND d.refclassid = 'pg_opclass'::regclass)
FROM (
    SELECT oid, amopfamily AS family, concat_ws(' ', amopstrategy, amopopr::regoperator, amoppurpose, amopsortfamily) AS text FROM pg_amop
    UNION ALL
    SELECT oid, amprocfamily, concat_ws(' ', amprocnum, amproc::regprocedure, amproclefttype::regtype, amprocrighttype::regtype) FROM pg_amproc
) m JOIN pg_opfamily f ON f.oid = m.family WHERE f.opfname = 'own'
"""
"""A class and its members, each with whether it belongs to the family alone: then a migration may have added it."""


def rows(dsn, *statements):
    """The rows after some statements, which are rolled back."""
    with psycopg.connect(dsn) as conn:
        for statement in statements:
            conn.execute(statement)
        found = dict(conn.execute(ROWS).fetchall())
        conn.rollback()
    return found


@pytest.mark.parametrize("group", SPELLINGS)
def test_two_spellings_are_one_class_where_the_server_keeps_the_same_of_both(project, group):
    project.do("SET search_path = public", SETUP)
    texts = [f"CREATE OPERATOR CLASS own {text}" for text in SPELLINGS[group]]
    kept = {text: rows(project.dsn, text) for text in texts}
    same = different = 0
    for there, declared in product(texts, texts):
        project.do(there)
        project.write("sql/own.sql", f"{declared};\n")
        is_equal = not project.plan().steps
        project.do("DROP OPERATOR FAMILY own USING " + there.partition(" USING ")[2].split()[0])
        more = {is_loose for text, is_loose in kept[there].items() if text not in kept[declared]}
        expected = kept[declared].keys() <= kept[there].keys() and False not in more
        assert is_equal == expected, (there, declared)
        same, different = same + is_equal, different + (not is_equal)
    assert same > len(texts)
    assert different


@pytest.mark.parametrize("group", SPELLINGS)
def test_every_spelling_becomes_every_other_one_and_goes(project, group):
    """As many members are left as one statement on an empty database makes, and those that were added by hand."""
    project.do("SET search_path = public", SETUP)
    texts = [f"CREATE OPERATOR CLASS own {text}" for text in SPELLINGS[group]]
    method = texts[0].partition(" USING ")[2].split()[0]
    by_hand = f"ALTER OPERATOR FAMILY own USING {method} ADD {BY_HAND[method]}"
    alone = rows(project.dsn, texts[0])
    kept = {text: rows(project.dsn, text, by_hand) for text in texts}
    for number, text in enumerate([*texts, *reversed(texts)]):
        project.write("sql/own.sql", f"{text};\n")
        project.apply()
        project.settled()
        if not number:
            project.do(by_hand)
        assert rows(project.dsn) == kept[text], text
    project.write("sql/own.sql", "")
    project.apply()
    project.settled()
    assert not rows(project.dsn)
    project.write("sql/own.sql", f"{texts[0]};\n")
    project.apply()
    project.settled()
    assert rows(project.dsn) == alone


def test_a_member_of_a_family_survives_its_operator_being_made_again(project):
    """PostgreSQL drops a member that belongs to the family alone with its operator, without a word."""
    project.do("SET search_path = public", SETUP)
    text = """CREATE FUNCTION touch(a pair[], b pair[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR &&& (LEFTARG = pair[], RIGHTARG = pair[], FUNCTION = touch);
CREATE OPERATOR CLASS own FOR TYPE pair[] USING gin AS OPERATOR 1 &&&, FUNCTION 1 pair_cmp(pair, pair),
    FUNCTION 2 ginarrayextract(anyarray, internal, internal), FUNCTION 3 ginqueryarrayextract, FUNCTION 4 ginarrayconsistent, STORAGE pair;
"""
    project.write("sql/own.sql", text)
    project.apply()
    project.do("CREATE TABLE many (pairs pair[])", "CREATE INDEX of_pairs ON many USING gin (pairs own)")
    before = rows(project.dsn)
    assert True in before.values()
    project.write("sql/own.sql", text.replace("a pair[], b pair[]", "one pair[], other pair[]"))
    project.apply()
    project.settled()
    assert rows(project.dsn) == before
    assert project.rows("SELECT pg_get_indexdef('of_pairs'::regclass)") == [
        ("CREATE INDEX of_pairs ON public.many USING gin (pairs own)",)
    ]
