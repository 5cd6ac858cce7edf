"""Enums, composite types, ranges, domains, collations and casts."""

import pytest

from pgmg.model.sources.facts import DomainConstraint
from tests.source.reading import code, named, one, problem, references, spelled


def test_an_enum_is_its_labels_in_order():
    found = one("CREATE TYPE app.e AS ENUM ('b', 'it''s', 'a')")
    assert named(found.target) == "type app.e"
    assert found.facts.labels == ("b", "it's", "a")
    assert one("CREATE TYPE e AS ENUM ()").facts.labels == ()


@pytest.mark.parametrize(
    "sql",
    [
        "-- pgmg: rename 'x' to 'a'\nCREATE TYPE e AS ENUM ('a')",
        "-- the labels\n--pgmg:rename 'x' to 'a'\n\nCREATE TYPE e AS ENUM ('a')",
        "CREATE TYPE e AS ENUM ('a' -- pgmg: rename 'x' to 'a'\n)",
        "CREATE TYPE e AS ENUM (/* pgmg: RENAME 'x' TO 'a' */ 'a')",
        "CREATE TYPE e AS ENUM ('a') -- pgmg: rename 'x' to 'a'",
        "CREATE TYPE e AS ENUM ('a'); -- pgmg: rename 'x' to 'a'\nCREATE TYPE f AS ENUM ('a')",
    ],
)
def test_a_comment_may_ask_for_a_rename(sql):
    assert code(sql)[0].facts.renames == (("x", "a"),)


def test_a_rename_is_asked_of_one_enum_only():
    sql = "CREATE TYPE e AS ENUM ('a'); -- pgmg: rename 'x' to 'a'\nCREATE TYPE f AS ENUM ('a')"
    assert [source.facts.renames for source in code(sql)] == [(("x", "a"),), ()]


def test_renames_may_be_several_and_hold_quotes():
    sql = "-- pgmg: rename 'x''y' to 'it''s'\n-- pgmg: rename 'b' to 'c'\nCREATE TYPE e AS ENUM ('it''s', 'c')"
    assert one(sql).facts.renames == (("x'y", "it's"), ("b", "c"))


def test_words_in_a_string_ask_for_nothing():
    assert one("CREATE TYPE e AS ENUM ('-- pgmg: rename ''x'' to ''a''')").facts.renames == ()


def test_a_composite_is_its_attributes():
    found = one("CREATE TYPE c AS (a int, b app.x[], d text COLLATE app.de, e numeric(4,1))")
    shown = [(a.name, spelled(a.type), a.collation) for a in found.facts.attributes]
    assert shown == [
        ("a", "int4", None),
        ("b", "app.x[]", None),
        ("d", "text", ("app", "de")),
        ("e", "numeric(4,1)", None),
    ]
    assert references(found) == ["collation app.de", "type app.x"]
    assert one("CREATE TYPE c AS ()").facts.attributes == ()


def test_a_range_is_its_subtype_and_options():
    found = one(
        "CREATE TYPE r AS RANGE (SUBTYPE = app.x, subtype_opclass = app.oc, collation = app.de, canonical = cn, "
        "subtype_diff = app.d, multirange_type_name = app.mr)"
    )
    assert spelled(found.facts.subtype) == "app.x"
    assert dict(found.facts.options)["multirange_type_name"] == "app.mr"
    assert references(found) == [
        "collation app.de",
        "operator_class app.oc",
        "routine app.d",
        "routine cn",
        "type app.x",
    ]


def test_a_domain_is_its_base_and_constraints():
    found = one(
        "CREATE DOMAIN app.d AS varchar(9)[] COLLATE app.de DEFAULT f('x') NOT NULL "
        "CONSTRAINT ck CHECK (g(VALUE)) CHECK (VALUE ~~~ 'a')"
    )
    facts = found.facts
    assert (spelled(facts.base), facts.collation) == ("varchar(9)[]", ("app", "de"))
    assert (facts.default, facts.not_null) == ("f('x')", True)
    assert facts.constraints == (DomainConstraint("ck", "g(value)"), DomainConstraint(None, "value ~~~ 'a'"))
    assert references(found) == ["collation app.de", "operator ~~~", "routine f", "routine g"]


def test_a_domain_may_say_that_it_takes_null():
    assert not one("CREATE DOMAIN d AS int NULL").facts.not_null


@pytest.mark.parametrize(
    ("sql", "what"), [("CREATE TYPE t", "shell"), ("CREATE TYPE t (INPUT = i, OUTPUT = o)", "base")]
)
def test_shell_and_base_types_are_refused(sql, what):
    found = problem(sql)
    assert found.message == f"a {what} type cannot be declared under the code folder"
    assert "create it in a migration" in found.hint


def test_a_collation_is_its_options():
    found = one("CREATE COLLATION IF NOT EXISTS app.de (provider = icu, LOCALE = 'de-DE', deterministic = false)")
    assert named(found.target) == "collation app.de"
    assert found.facts.options == (("deterministic", "false"), ("locale", "de-DE"), ("provider", "icu"))
    assert references(one("CREATE COLLATION c FROM app.de")) == ["collation app.de"]


@pytest.mark.parametrize(
    ("sql", "name", "options", "expected"),
    [
        ("CREATE CAST (app.x AS int) WITH FUNCTION app.f(app.x, int) AS IMPLICIT", "cast (app.x, int4)", {"context": "implicit", "method": "function app.f"}, ["routine app.f(app.x, int4)", "type app.x"]),
        ("CREATE CAST (bigint AS app.x) WITH INOUT AS ASSIGNMENT", "cast (int8, app.x)", {"context": "assignment", "method": "inout"}, ["type app.x"]),
        ("CREATE CAST (app.x AS app.y) WITHOUT FUNCTION", "cast (app.x, app.y)", {"context": "explicit", "method": "without function"}, ["type app.x", "type app.y"]),
    ],
)  # fmt: skip
def test_a_cast_is_between_two_types(sql, name, options, expected):
    found = one(sql)
    assert named(found.target) == name
    assert dict(found.facts.options) == options
    assert references(found) == expected
