"""Operators, their classes and families, text search, rules and policies."""

import pytest

from tests.source.reading import code, declared, named, one, problem, references


def test_an_operator_has_two_sides_and_a_function():
    found = one(
        "CREATE OPERATOR app.### (LEFTARG = app.x, RIGHTARG = int[], FUNCTION = app.f, COMMUTATOR = OPERATOR(app.@@@), "
        "NEGATOR = !!!, RESTRICT = r, JOIN = j, HASHES, MERGES)"
    )
    assert named(found.target) == "operator app.###(app.x, int4[])"
    assert references(found) == ["routine app.f(app.x, int4[])", "routine j", "routine r", "type app.x"]
    assert dict(found.facts.options)["commutator"] == "app.@@@"


def test_a_prefix_operator_has_no_left_side():
    found = one("CREATE OPERATOR !!! (RIGHTARG = int, PROCEDURE = f)")
    assert named(found.target) == "operator !!!(NONE, int4)"
    assert references(found) == ["routine f(int4)"]


def test_an_operator_class_names_operators_functions_and_types():
    found = one(
        "CREATE OPERATOR CLASS app.oc DEFAULT FOR TYPE app.x USING btree FAMILY app.fam AS OPERATOR 1 <<, "
        "OPERATOR 15 <-> (app.x, int) FOR ORDER BY app.ff, FUNCTION 1 cmp(app.x, app.x), STORAGE app.y"
    )
    assert named(found.target) == "operator_class app.oc / btree"
    assert references(found) == [
        "operator <->(app.x, int4)",
        "operator <<(app.x, app.x)",
        "operator_class app.fam",
        "operator_class app.ff",
        "routine cmp(app.x, app.x)",
        "type app.x",
        "type app.y",
    ]
    assert ("default", "true") in found.facts.options


def test_an_operator_family_belongs_to_an_access_method():
    assert declared("CREATE OPERATOR FAMILY app.fam USING gist") == ["operator_family app.fam / gist"]


@pytest.mark.parametrize(
    ("sql", "name", "expected"),
    [
        ("CREATE TEXT SEARCH PARSER app.p (START = s, GETTOKEN = g, END = e, LEXTYPES = l, HEADLINE = h)", "text_search_parser app.p", [f"routine {c}" for c in "eghls"]),
        ("CREATE TEXT SEARCH TEMPLATE t (INIT = app.i, LEXIZE = l)", "text_search_template t", ["routine app.i", "routine l"]),
        ("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = app.simple, StopWords = 'x')", "text_search_dictionary d", ["text_search app.simple"]),
        ("CREATE TEXT SEARCH CONFIGURATION c (PARSER = app.p)", "text_search_configuration c", ["text_search app.p"]),
        ("CREATE TEXT SEARCH CONFIGURATION c (COPY = app.c)", "text_search_configuration c", ["text_search app.c"]),
    ],
)  # fmt: skip
def test_text_search_objects(sql, name, expected):
    found = one(sql)
    assert named(found.target) == name
    assert references(found) == expected


def test_mappings_are_part_of_the_configuration_that_the_file_creates():
    found = one(
        "CREATE TEXT SEARCH CONFIGURATION app.c (COPY = english);\n"
        "ALTER TEXT SEARCH CONFIGURATION app.c ALTER MAPPING FOR word, asciiword WITH app.d, simple;\n"
        "ALTER TEXT SEARCH CONFIGURATION app.c DROP MAPPING FOR email;\n"
    )
    assert found.sql.count("MAPPING") == 2
    assert references(found) == ["text_search app.d", "text_search english", "text_search simple"]


def test_a_mapping_changes_the_hash_of_its_configuration():
    made = "CREATE TEXT SEARCH CONFIGURATION c (COPY = english)"
    mapped = f"{made}; ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple"
    assert one(made).hash != one(mapped).hash


def test_a_mapping_without_its_configuration_is_refused():
    assert "stands apart" in problem("ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple").message


def test_a_rule_knows_event_and_what_it_does():
    found = one("CREATE OR REPLACE RULE r AS ON INSERT TO app.v DO INSTEAD (INSERT INTO t VALUES (NEW.*); SELECT f())")
    assert named(found.target) == "rule r on table app.v"
    assert found.facts.options == (("event", "insert"), ("instead", "true"))
    assert references(found) == ["relation app.v", "relation t *", "routine f"]
    also = one("CREATE RULE r AS ON UPDATE TO v WHERE g(OLD.x) DO ALSO NOTHING")
    assert also.facts.options == (("event", "update"), ("instead", "false"))


def test_a_policy_says_whom_what_and_when():
    found = one(
        "CREATE POLICY p ON app.t AS RESTRICTIVE FOR UPDATE TO alice, PUBLIC, CURRENT_USER "
        "USING (f(x)) WITH CHECK (EXISTS (SELECT FROM u))"
    )
    facts = found.facts
    assert named(found.target) == "policy p on table app.t"
    assert (facts.command, facts.permissive, facts.roles) == ("update", False, ("alice", "public", "CURRENT_USER"))
    assert (facts.using, facts.check) == ("f(x)", "EXISTS (SELECT FROM u)")
    assert references(found) == ["relation app.t", "relation u", "routine f"]


def test_a_policy_that_says_nothing_is_for_everybody_and_everything():
    facts = one("CREATE POLICY p ON t").facts
    assert (facts.command, facts.permissive, facts.roles, facts.using, facts.check) == (
        "all",
        True,
        ("public",),
        None,
        None,
    )


def test_triggers_rules_and_policies_of_one_name_are_told_apart_by_their_tables():
    sql = "CREATE POLICY p ON a; CREATE POLICY p ON b"
    assert len({source.target for source in code(sql)}) == 2
