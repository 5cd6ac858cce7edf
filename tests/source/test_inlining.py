"""Pending definitions become CTEs of the query that reads them; the rest of the text stays as it is written."""

from __future__ import annotations

import pytest

from pgmg.model.sources.source import RefKind
from pgmg.source.columns.inlining import CircularViewsError, InlinedQuery, inline
from pgmg.source.columns.renaming import RenamingError
from pgmg.source.grammar.parser import GrammarError

CTE = '"pgmg_pending_1" AS "active"'
PUBLIC = ("users", "active", "names")


def meaning(kind, parts):
    """What a name means: qualified ones themselves, the known ones of `public`, nothing else."""
    if kind is RefKind.ROUTINE:
        return ("public", "f") if parts == ("f",) else None
    if len(parts) > 1:
        return parts[-2:]
    return ("public", parts[0]) if parts[0] in PUBLIC else None


def made(query, columns=None, *, stored=False, settings=()):
    return InlinedQuery(query, columns, meaning, stored, settings)


PENDING = {
    ("public", "active"): made("SELECT id, name FROM users WHERE active"),
    ("app", "Odd V"): made('SELECT id AS "Id" FROM active AS a', ("Key",)),
}
ACTIVE = 'WITH "pgmg_pending_1" AS (\nSELECT id, name FROM users WHERE active\n)'


def inlined(query, pending=None):
    found = inline(made(query), PENDING if pending is None else pending)
    return found.text, [".".join(one) for one in found.used]


def body(query):
    """The query itself, as it stands behind the one CTE."""
    text, used = inlined(query)
    assert used == ["public.active"]
    assert text.startswith(f"{ACTIVE}\nSELECT * FROM (\n")
    return text.removeprefix(f"{ACTIVE}\nSELECT * FROM (\n").removesuffix('\n) AS "pgmg_pending"')


def test_a_query_that_reads_nothing_pending_stays_as_it_is_written():
    text = "SELECT   id -- the key\nFROM users"
    assert inlined(text) == (text, [])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM active", 'SELECT id FROM "pgmg_pending_1" AS "active"'),
        ("SELECT a.id FROM active AS a", 'SELECT a.id FROM "pgmg_pending_1" AS a'),
        ("SELECT active.* FROM public.active", 'SELECT active.* FROM "pgmg_pending_1" AS "active"'),
        ("TABLE active", 'SELECT * FROM "pgmg_pending_1" AS "active"'),
        (
            "TABLE ONLY (active) ORDER BY active.id",
            'SELECT * FROM ONLY ("pgmg_pending_1") AS "active" ORDER BY active.id',
        ),
        ("SELECT public.active.id FROM active", 'SELECT "active".id FROM "pgmg_pending_1" AS "active"'),
        ("SELECT db.public.active.id FROM active", 'SELECT "active".id FROM "pgmg_pending_1" AS "active"'),
        ("SELECT public.active.* FROM ONLY active", 'SELECT "active".* FROM ONLY "pgmg_pending_1" AS "active"'),
        (
            "SELECT 1 FROM ONLY ( active ), active * a",
            'SELECT 1 FROM ONLY ( "pgmg_pending_1" ) AS "active", "pgmg_pending_1" * a',
        ),
        ("SELECT 1 FROM active *", 'SELECT 1 FROM "pgmg_pending_1" * AS "active"'),
        (
            "SELECT (NOT active.b) IS NULL /* of active */ FROM active",
            'SELECT (NOT active.b) IS NULL /* of active */ FROM "pgmg_pending_1" AS "active"',
        ),
        (
            "SELECT 'é', active.b FROM /* é */ active -- é",
            'SELECT \'é\', active.b FROM /* é */ "pgmg_pending_1" AS "active" -- é',
        ),
        (
            "SELECT 1 FROM users AS u WHERE EXISTS (SELECT FROM active WHERE public.active.id = u.id)",
            'SELECT 1 FROM users AS u WHERE EXISTS (SELECT FROM "pgmg_pending_1" AS "active" WHERE "active".id = u.id)',
        ),
        (
            "SELECT 1 FROM active WHERE EXISTS (SELECT FROM users WHERE public.active.id = users.id)",
            'SELECT 1 FROM "pgmg_pending_1" AS "active" WHERE EXISTS (SELECT FROM users WHERE "active".id = users.id)',
        ),
        (
            "SELECT id FROM active UNION ALL SELECT id FROM users ORDER BY 1",
            'SELECT id FROM "pgmg_pending_1" AS "active" UNION ALL SELECT id FROM users ORDER BY 1',
        ),
        (
            "SELECT j.a FROM (active JOIN users u ON active.id = u.id) j (a), active WHERE active.id = j.a",
            f"SELECT j.a FROM ({CTE} JOIN users u ON active.id = u.id) j (a), {CTE} WHERE active.id = j.a",
        ),
        (
            "SELECT 1 FROM users LEFT JOIN LATERAL (SELECT id FROM active) AS l USING (id)",
            'SELECT 1 FROM users LEFT JOIN LATERAL (SELECT id FROM "pgmg_pending_1" AS "active") AS l USING (id)',
        ),
        (
            "SELECT public.active.id FROM public.active, other.active",
            'SELECT "pgmg_pending_1".id FROM "pgmg_pending_1" AS "pgmg_pending_1", other.active',
        ),
    ],
)
def test_a_pending_view_is_read_under_the_name_that_it_had(query, expected):
    assert body(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "WITH active AS (SELECT 1 AS id) SELECT id FROM active",
        "WITH RECURSIVE active AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM active WHERE id < 3) SELECT id FROM active",
        "SELECT 1 FROM (WITH active AS (SELECT 1 AS id) SELECT id FROM active) AS q",
    ],
)
def test_a_cte_hides_the_view_whose_name_it_bears(query):
    assert inlined(query) == (query, [])


def test_what_stands_before_or_outside_of_a_cte_is_the_view():
    assert body("WITH active AS (SELECT id FROM active) SELECT id FROM active") == (
        'WITH active AS (SELECT id FROM "pgmg_pending_1" AS "active") SELECT id FROM active'
    )
    assert body("WITH active AS (SELECT 1 AS id) SELECT 1 FROM active, public.active AS a") == (
        'WITH active AS (SELECT 1 AS id) SELECT 1 FROM active, "pgmg_pending_1" AS a'
    )


def test_views_that_pending_views_read_come_before_them():
    text, used = inlined('SELECT "Key" FROM app."Odd V"')
    assert used == ["public.active", "app.Odd V"]
    assert text == (
        f'{ACTIVE},\n"pgmg_pending_2"("Key") AS (\nSELECT id AS "Id" FROM "pgmg_pending_1" AS a\n)'
        '\nSELECT * FROM (\nSELECT "Key" FROM "pgmg_pending_2" AS "Odd V"\n) AS "pgmg_pending"'
    )


def test_a_view_that_is_read_twice_is_inlined_once():
    text, used = inlined('SELECT 1 FROM active AS a, active AS b, app."Odd V"')
    assert used == ["public.active", "app.Odd V"]
    assert text.count("FROM users") == 1


def test_a_recursive_view_is_inlined_with_its_own_ctes():
    recursive = (
        'WITH RECURSIVE "names" ("n") AS (\nSELECT 1 UNION ALL SELECT n + 1 FROM names\n) SELECT "n" FROM "names"'
    )
    text, used = inlined("SELECT n FROM names LIMIT 3", {("public", "names"): made(recursive, ("n",))})
    assert used == ["public.names"]
    assert recursive in text
    assert text.endswith('(\nSELECT n FROM "pgmg_pending_1" AS "names" LIMIT 3\n) AS "pgmg_pending"')


def test_a_materialized_view_is_computed_once_and_a_view_also_wherever_it_is_read():
    stored = {("public", "active"): made("SELECT 1 AS id", stored=True)}
    found = inline(made("SELECT id FROM active"), stored)
    assert "AS MATERIALIZED (" in found.text
    assert found.expanded == found.text
    found = inline(made("SELECT id FROM active"), PENDING)
    assert found.expanded == found.text.replace('"pgmg_pending_1" AS (', '"pgmg_pending_1" AS NOT MATERIALIZED (')


def test_names_that_the_texts_use_are_never_taken():
    text, _ = inlined('SELECT "PGMG_PENDING_1" FROM active AS pgmg_pending_1, users AS pgmg_pending')
    assert 'WITH "pgmg_pending_1_" AS' in text
    assert text.endswith(') AS "pgmg_pending__"')


def test_strings_and_comments_are_not_touched():
    assert body("SELECT 'FROM active' AS active /* active */ FROM active -- active") == (
        """SELECT 'FROM active' AS active /* active */ FROM "pgmg_pending_1" AS "active" -- active"""
    )


def test_under_another_search_path_names_are_spelled_with_their_schemas():
    written = made("SELECT f(id) FROM users AS u WHERE lower(u.name) = 'f(id)'", settings=("SET search_path = app",))
    text = inline(made("SELECT 1 FROM active"), {("public", "active"): written}).text
    assert """SELECT "public"."f"(id) FROM "public"."users" AS u WHERE lower(u.name) = 'f(id)'""" in text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT to_jsonb(a) FROM active AS a(x)", "a whole row of a is used"),
        ("SELECT a IS NULL FROM active AS a(x)", "a whole row of a is used"),
        ("SELECT NULL::active FROM active", "the type of the rows of public.active is named"),
        ("SELECT 'active'::regclass FROM active", "named in a constant"),
        ('SELECT 1 FROM U&"activ\\0065"', "written in a way that cannot be replaced"),
    ],
)
def test_what_cannot_be_replaced_for_certain_is_not_sent(query, says):
    with pytest.raises(RenamingError, match=says):
        inlined(query)


def test_a_star_of_an_alias_with_other_names_is_no_row():
    assert body("SELECT a.*, count(*) FROM active AS a(x) GROUP BY 1, 2").startswith("SELECT a.*, count(*)")


def test_views_in_a_circle_are_an_error():
    pending = {("public", "active"): made("SELECT 1 FROM names"), ("public", "names"): made("SELECT 1 FROM active")}
    with pytest.raises(CircularViewsError, match=r"public\.active reads itself"):
        inlined("SELECT 1 FROM active", pending)
    with pytest.raises(CircularViewsError, match=r"public\.names reads itself"):
        inline(made("SELECT 1 FROM active"), pending, ("public", "names"))


def test_what_the_grammar_does_not_accept_is_an_error():
    with pytest.raises(GrammarError):
        inlined("SELEC 1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1 FROM active TABLESAMPLE system (10)", '"pgmg_pending_1" AS "active" TABLESAMPLE system (10)'),
        ("SELECT other.active.id FROM active", "other.active.id"),
    ],
)
def test_what_cannot_be_after_all_is_left_to_the_server_to_refuse(query, expected):
    assert expected in body(query)
