"""Functions, procedures, aggregates, triggers and event triggers."""

import pytest

from pgmg.model.naming.names import Kind
from tests.source.reading import code, named, one, references, spelled


def signature(facts):
    return [(argument.mode, argument.name, spelled(argument.type), argument.default) for argument in facts.arguments]


def test_a_function_says_arguments_result_language_and_body():
    found = one(
        "CREATE OR REPLACE FUNCTION app.f(IN a app.x, b int DEFAULT g(1), OUT c t.d%TYPE, INOUT e numeric(10,2), "
        "VARIADIC h text[]) RETURNS SETOF record LANGUAGE SQL STABLE WINDOW SUPPORT s AS 'SELECT 1'"
    )
    assert named(found.target) == "function app.f(app.x, int4, numeric(10,2), text[])"
    assert signature(found.facts) == [
        ("in", "a", "app.x", None),
        ("in", "b", "int4", "g(1)"),
        ("out", "c", "t.d%type", None),
        ("inout", "e", "numeric(10,2)", None),
        ("variadic", "h", "text[]", None),
    ]
    assert (spelled(found.facts.result), found.facts.language) == ("setof record", "sql")
    assert (found.facts.body, found.facts.atomic, found.facts.window) == ("SELECT 1", False, True)
    assert {"type app.x", "routine g", "relation t", "routine s"} <= set(references(found))


def test_columns_of_a_table_that_is_returned_are_no_input():
    found = one("CREATE FUNCTION f(a int) RETURNS TABLE (b app.x, c text) LANGUAGE sql AS $$ SELECT $$")
    assert named(found.target) == "function f(int4)"
    assert signature(found.facts)[1:] == [("table", "b", "app.x", None), ("table", "c", "text", None)]
    assert spelled(found.facts.result) == "setof record"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION f() RETURNS int RETURN 1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
        "CREATE PROCEDURE f() BEGIN ATOMIC END",
    ],
)
def test_bodies_that_the_server_tracks_are_atomic(sql):
    facts = one(sql).facts
    assert (facts.atomic, facts.body, facts.language) == (True, None, "sql")


def test_a_procedure_has_no_result():
    found = one("CREATE PROCEDURE app.p(INOUT a int, OUT b int) LANGUAGE plpgsql AS $$ BEGIN END $$")
    assert named(found.target) == "procedure app.p(int4)"
    assert found.facts.result is None


@pytest.mark.parametrize("result", ["trigger", "event_trigger", "pg_catalog.trigger"])
def test_trigger_functions_are_known(result):
    assert one(f"CREATE FUNCTION f() RETURNS {result} LANGUAGE plpgsql AS 'BEGIN END'").facts.is_trigger


def test_a_function_in_c_has_no_body_to_read():
    assert one("CREATE FUNCTION f(int) RETURNS int LANGUAGE c AS 'library', 'symbol'").facts.body is None


def test_types_that_a_function_transforms_are_referred_to():
    sql = "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u TRANSFORM FOR TYPE app.h AS 'x'"
    assert references(one(sql)) == ["type app.h"]


def test_overloads_are_objects_of_their_own():
    sql = "CREATE FUNCTION f(int) RETURNS int RETURN 1; CREATE FUNCTION f(text) RETURNS int RETURN 1"
    assert [named(source.target) for source in code(sql)] == ["function f(int4)", "function f(text)"]


@pytest.mark.parametrize(
    ("sql", "name", "direct", "ordered", "expected"),
    [
        ("CREATE AGGREGATE app.a(int, b app.x) (SFUNC = s, STYPE = app.st, FINALFUNC = ff, COMBINEFUNC = cf, SORTOP = <<)", "app.a(int4, app.x)", 0, False, ["operator <<", "routine cf", "routine ff", "routine s", "type app.st", "type app.x"]),
        ("CREATE AGGREGATE a(*) (SFUNC = app.s, STYPE = int)", "a()", 0, False, ["routine app.s"]),
        ("CREATE AGGREGATE a(p float ORDER BY app.x) (SFUNC = s, STYPE = app.st, HYPOTHETICAL)", "a(float8, app.x)", 1, True, ["routine s", "type app.st", "type app.x"]),
        ("CREATE AGGREGATE a(ORDER BY app.x) (SFUNC = s, STYPE = int)", "a(app.x)", 0, True, ["routine s", "type app.x"]),
        ("CREATE AGGREGATE a(int) (SFUNC = s, STYPE = int, MSFUNC = m, MINVFUNC = i, MSTYPE = app.st, MFINALFUNC = f, SERIALFUNC = sf, DESERIALFUNC = df)", "a(int4)", 0, False, ["routine df", "routine f", "routine i", "routine m", "routine s", "routine sf", "type app.st"]),
        ("CREATE AGGREGATE a (BASETYPE = app.x, SFUNC = s, STYPE = int)", "a(app.x)", 0, False, ["routine s", "type app.x"]),
        ("CREATE AGGREGATE a (BASETYPE = 'ANY', SFUNC1 = s, STYPE1 = int)", "a()", 0, False, ["routine s"]),
    ],
)  # fmt: skip
def test_aggregates_in_both_styles(sql, name, direct, ordered, expected):
    found = one(sql)
    assert named(found.target) == f"aggregate {name}"
    assert (found.facts.direct_arguments, found.facts.ordered_set) == (direct, ordered)
    assert references(found) == expected


def test_the_definition_of_an_aggregate_is_sorted_text():
    facts = one("CREATE AGGREGATE a(int) (STYPE = app.st, SFUNC = app.s, INITCOND = '0', PARALLEL = safe)").facts
    assert facts.definition == (("initcond", "0"), ("parallel", "safe"), ("sfunc", "app.s"), ("stype", "app.st"))
    assert spelled(facts.state_type) == "app.st"


def test_a_trigger_is_on_its_table_and_calls_a_function_without_arguments():
    found = one(
        "CREATE OR REPLACE TRIGGER t BEFORE UPDATE OF a ON app.o REFERENCING NEW TABLE AS n "
        "FOR EACH ROW WHEN (f(NEW.x)) EXECUTE FUNCTION app.g('a', 1)"
    )
    assert named(found.target) == "trigger t on table app.o"
    assert not found.facts.constraint
    assert references(found) == ["relation app.o", "routine app.g()", "routine f"]


def test_a_constraint_trigger_may_look_at_another_table():
    found = one("CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a FROM b FOR EACH ROW EXECUTE PROCEDURE g()")
    assert found.facts.constraint
    assert references(found) == ["relation a", "relation b", "routine g()"]


def test_an_event_trigger_is_nowhere():
    found = one("CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('B', 'A') EXECUTE FUNCTION app.g()")
    assert (found.target.kind, found.target.parts) == (Kind.EVENT_TRIGGER, ("e",))
    assert found.facts.options == (("event", "ddl_command_end"), ("function", "app.g"), ("when tag", "A, B"))
    assert references(found) == ["routine app.g()"]
