"""Bodies that a plan breaks: found before anything runs, on the server where that locks nothing, else in the text."""

from __future__ import annotations

import pytest

from pgmg.model.plans.body_check import CheckedOn
from pgmg.source.references import plpgsql_probe

TABLES = """
CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer, total numeric);
"""
CODE = {
    "sql/close_month.sql": (
        "CREATE FUNCTION close_month(n integer) RETURNS integer LANGUAGE plpgsql AS $$\n"
        "DECLARE\n  found_age integer;\nBEGIN\n  SELECT u.age INTO found_age\n  FROM users u WHERE u.id = n;\n"
        "  RETURN found_age;\nEND $$;"
    ),
    "sql/adults.sql": "CREATE FUNCTION adults() RETURNS bigint LANGUAGE sql AS $$\n  SELECT count(*) FROM users WHERE age > 17\n$$;",
    "sql/stamp.sql": (
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.age := 3;\n  RETURN NEW;\nEND $$;\n"
        "CREATE TRIGGER stamp BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp();"
    ),
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;",
}


@pytest.fixture
def case(project):
    project.write("migrations/001.sql", TABLES)
    for path, text in CODE.items():
        project.write(path, text)
    project.apply()
    return project


def problems(plan):
    return sorted((str(one.object), one.where, one.message) for one in plan.bodies.problems)


def planned(case):
    with case.open() as project:
        return project.with_bodies(project.plan())


def test_a_dropped_column_breaks_bodies_and_each_is_named_with_its_line(case):
    case.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN age;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TEXT
    assert plan.bodies.reason == "table.users would be locked"
    assert problems(plan) == [
        ("function.adults()", "sql/adults.sql:2", 'column "age" does not exist'),
        ("function.close_month(integer)", "sql/close_month.sql:5", "column u.age does not exist"),
        ("function.stamp()", "sql/stamp.sql:3", 'record "new" has no field "age"'),
    ]
    said = [notice.message for notice in plan.warnings if notice.code == "breaks-body"]
    assert (
        "migration 002.sql breaks function.close_month(integer), sql/close_month.sql:5: column u.age does not exist"
        " (read by the grammar and the catalog alone: table.users would be locked)"
    ) in said


def test_what_is_changed_along_with_the_migration_is_no_problem(case):
    case.write("migrations/002.sql", "ALTER TABLE users RENAME COLUMN age TO years;")
    for path, text in CODE.items():
        case.write(path, text.replace(".age", ".years").replace("WHERE age", "WHERE years"))
    assert problems(planned(case)) == []


def test_a_new_view_over_a_missing_column_is_found_by_the_server(case):
    case.write("sql/new.sql", "CREATE VIEW new AS\nSELECT id,\n  nmae FROM users;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TRANSACTION
    assert problems(plan) == [("view.new", "sql/new.sql:3", 'column "nmae" does not exist')]
    assert case.value("SELECT to_regclass('new')") is None


def test_a_new_view_over_a_missing_column_is_found_in_its_text(case):
    case.write("sql/new.sql", "CREATE VIEW new AS\nSELECT id,\n  u.nmae FROM users u;")
    case.write("migrations/002.sql", "ALTER TABLE orders ADD COLUMN at date;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TEXT
    assert problems(plan) == [("view.new", "sql/new.sql:3", "column u.nmae does not exist")]


def test_a_new_function_is_checked_query_by_query(case):
    case.write(
        "sql/f.sql",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nDECLARE r record;\nBEGIN\n"
        "  FOR r IN SELECT * FROM users LOOP\n    RAISE NOTICE '%', r.nmae;\n  END LOOP;\n"
        "  INSERT INTO orders (id, usr) VALUES (1, 2);\n  PERFORM close_month('x'::text);\nEND $$;",
    )
    assert [(where, message) for _, where, message in problems(planned(case))] == [
        ("sql/f.sql:5", 'record "r" has no field "nmae"'),
        ("sql/f.sql:7", 'column "usr" of relation "orders" does not exist'),
        ("sql/f.sql:8", "function close_month(text) does not exist"),
    ]


def test_other_signatures_break_the_callers(case):
    case.write(
        "sql/caller.sql",
        "CREATE FUNCTION caller() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN close_month(3); END';",
    )
    case.apply()
    text = CODE["sql/close_month.sql"].replace("(n integer)", "(n integer, m integer)")
    case.write("sql/close_month.sql", text)
    plan = planned(case)
    assert [name for name, _, _ in problems(plan)] == ["function.caller()"]
    (one,) = plan.bodies.problems
    assert one.cause in (
        "the change of function.close_month(integer)",
        "the change of function.close_month(integer, integer)",
    )


def test_what_was_broken_before_is_no_news(case):
    case.do(
        "SET check_function_bodies = off; CREATE FUNCTION old() RETURNS bigint LANGUAGE sql AS 'SELECT count(nope) FROM users'"
    )
    case.write("sql/new.sql", "CREATE VIEW new AS SELECT id FROM users;")
    assert problems(planned(case)) == []


def test_a_pending_plan_is_not_blamed_for_what_was_broken_before(case):
    case.do("ALTER TABLE users DROP COLUMN age")
    case.write("sql/new.sql", "CREATE VIEW new AS SELECT id FROM users;")
    case.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(nope) FROM users';")
    with case.open() as project:
        found = project.check()
    assert found.checked_on is CheckedOn.TRANSACTION
    assert [(str(one.object), one.cause) for one in sorted(found.problems, key=lambda one: str(one.object))] == [
        ("function.adults()", None), ("function.close_month(integer)", None), ("function.f()", None),
        ("function.stamp()", None),
    ]  # fmt: skip


def test_nothing_stays_of_the_trial(case):
    case.write(
        "sql/new.sql",
        "CREATE TYPE colour AS ENUM ('red');\nCREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    )
    before = case.dump()
    assert planned(case).bodies.checked_on is CheckedOn.TRANSACTION
    assert case.dump() == before


def test_the_whole_project_is_checked_on_request(case):
    with case.open() as project:
        found = project.check()
        assert (found.checked_on, found.problems, found.unchecked) == (CheckedOn.TRANSACTION, (), ())
    case.do("ALTER TABLE users DROP COLUMN age")
    with case.open() as project:
        found = project.check()
        assert [str(one.object) for one in found.problems] == [
            "function.adults()", "function.close_month(integer)", "function.stamp()",
        ]  # fmt: skip
        assert [str(one.object) for one in project.check(["adults"]).problems] == ["function.adults()"]


NAMES = {
    "sql/capital.sql": (
        'CREATE FUNCTION capital() RETURNS text LANGUAGE sql AS \'SELECT max("Big ""Name""") FROM "Big Table"\';'
    ),
    "sql/escaped.sql": (
        'CREATE FUNCTION escaped() RETURNS integer LANGUAGE sql AS $$ SELECT max(age) FROM U&"us\\0065rs" $$;'
    ),
    "sql/upper.sql": "CREATE FUNCTION upper_case() RETURNS integer LANGUAGE sql AS 'SELECT max(AGE) FROM USERS';",
    "sql/joined.sql": (
        "CREATE FUNCTION joined() RETURNS integer LANGUAGE sql AS"
        " 'SELECT max(age) FROM users AS u JOIN orders AS o ON o.user_id = u.id';"
    ),
    "sql/other.sql": "CREATE FUNCTION other() RETURNS numeric LANGUAGE sql AS 'SELECT sum(total) FROM orders';",
    "sql/caller.sql": "CREATE FUNCTION caller() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN adults(); END';",
}
LOSSES = (
    "ALTER TABLE users DROP COLUMN age;",
    "ALTER TABLE users RENAME COLUMN age TO years;",
    "ALTER TABLE orders RENAME TO bills;",
    'ALTER TABLE "Big Table" RENAME COLUMN "Big ""Name""" TO small;',
    'DROP TABLE "Big Table";',
    "ALTER TABLE orders DROP COLUMN total; ALTER TABLE users SET SCHEMA other_place;",
    "ALTER TABLE orders ADD COLUMN age integer; ALTER TABLE users DROP COLUMN age;",
    "ALTER TABLE orders ADD COLUMN at date;",
)
"""The last one is beside a function that gets another argument."""


@pytest.mark.parametrize("loss", LOSSES)
def test_to_read_only_what_is_affected_finds_what_to_read_everything_finds(case, loss):
    case.write("migrations/001b.sql", 'CREATE TABLE "Big Table" ("Big ""Name""" text); CREATE SCHEMA other_place;')
    for path, text in NAMES.items():
        case.write(path, text)
    case.apply()
    case.write("migrations/002.sql", loss)
    if "at date" in loss:
        case.write("sql/adults.sql", CODE["sql/adults.sql"].replace("adults()", "adults(youngest integer)"))
    with case.open() as project:
        affected = project.with_bodies(project.plan()).bodies
        everything = project.check()
    assert affected.checked_on is everything.checked_on is CheckedOn.TEXT
    assert set(affected.problems) == set(everything.problems)
    assert everything.problems
    assert (affected.checked < everything.checked) is ("Big" not in loss)


PREPARED = {
    "looks by to_regclass": "IF to_regclass('{0}') IS NOT NULL THEN PERFORM max(id) FROM {0}; END IF;",
    "looks in information_schema": (
        "IF EXISTS (SELECT FROM information_schema.tables WHERE table_name = '{0}') THEN PERFORM max(id) FROM {0}; END IF;"
    ),
    "handles the error": "PERFORM max(id) FROM {0}; EXCEPTION WHEN undefined_table THEN RETURN;",
    "handles the SQLSTATE": "PERFORM max(id) FROM {0}; EXCEPTION WHEN SQLSTATE '42P01' THEN RETURN;",
    "sets search_path": "SET LOCAL search_path = elsewhere; PERFORM max(id) FROM {0};",
    "sets search_path by a call": "PERFORM set_config('search_path', 'elsewhere', true); PERFORM max(id) FROM {0};",
}
ASKS_VERSION = "IF current_setting('server_version_num')::integer > 990000 THEN {0} END IF;"
ABOUT_THE_SERVER = {
    "a relation of another version": "PERFORM count(*) FROM pg_catalog.pg_stat_of_old;",
    "a function of another version": "PERFORM pg_last_xlog_of_old();",
    "a column of another version": "PERFORM s.of_old FROM pg_catalog.pg_stat_activity AS s;",
}
NOT_ABOUT_THE_SERVER = {
    "a relation of the user's": "PERFORM count(*) FROM nowhere;",
    "a column of the user's": "PERFORM u.of_old FROM users AS u;",
}
SCHEMAS = {
    "looks for a schema": ("'elsewhere'", "elsewhere.jobs", True),
    "looks for a schema of a function": ("'elsewhere'", "elsewhere.jobs()", True),
    "looks for another schema": ("'nowhere'", "elsewhere.jobs", False),
    "looks for a schema that is there": ("'app'", "app.jobs", False),
}
UNPREPARED = {
    "looks for another one": "IF to_regclass('users') IS NOT NULL THEN PERFORM max(id) FROM {0}; END IF;",
    "handles another error": "PERFORM max(id) FROM {0}; EXCEPTION WHEN undefined_column THEN RETURN;",
    "only uses it": "PERFORM max(id) FROM {0};",
}


def body_of(case, text):
    case.write(
        "sql/g.sql",
        f"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  {text.format('orders')}\nEND $$;",
    )
    return case


@pytest.mark.parametrize("how", [*PREPARED, *UNPREPARED])
def test_a_body_that_is_prepared_for_a_missing_table_is_no_problem(case, how):
    """Whether an applied function loses the table, as its text says, or a new one never had it, as the server says."""
    text = (PREPARED | UNPREPARED)[how]
    expected = [] if how in PREPARED else ["function.g()"]
    new = text.format("nowhere")
    case.write("sql/g.sql", f"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  {new}\nEND $$;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TRANSACTION
    assert [name for name, _, _ in problems(plan)] == expected
    body_of(case, text).apply()
    case.write("migrations/002.sql", "DROP TABLE orders;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TEXT
    if how != "handles another error" and not how.startswith("handles"):
        assert [name for name, _, _ in problems(plan)] == expected


@pytest.mark.parametrize("how", [*ABOUT_THE_SERVER, *NOT_ABOUT_THE_SERVER])
def test_a_body_that_asks_for_the_version_may_name_what_other_versions_of_the_server_have(case, how):
    text = (ABOUT_THE_SERVER | NOT_ABOUT_THE_SERVER)[how]
    body_of(case, f"PERFORM count(*) FROM pg_catalog.pg_class; {ASKS_VERSION.format(text)}")
    expected = [] if how in ABOUT_THE_SERVER else ["function.g()"]
    assert [name for name, _, _ in problems(planned(case))] == expected
    body_of(case, text)
    assert [name for name, _, _ in problems(planned(case))] == ["function.g()"]


@pytest.mark.parametrize("how", SCHEMAS)
def test_a_body_that_looks_for_a_schema_is_prepared_for_what_would_be_in_it(case, how):
    constant, name, is_prepared = SCHEMAS[how]
    case.write("migrations/001b.sql", "CREATE SCHEMA app;")
    body_of(
        case,
        f"IF EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {constant}) THEN PERFORM 1 FROM {name}; END IF;",
    )
    assert [found for found, _, _ in problems(planned(case))] == ([] if is_prepared else ["function.g()"])


def test_a_function_that_comes_to_no_end_for_the_planner_is_not_waited_for(case):
    """The planner calls an immutable function, with variables that have no value yet."""
    case.do(
        "CREATE FUNCTION next(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS"
        " 'BEGIN LOOP a := a + 1; EXIT WHEN a > 9; END LOOP; RETURN a; END'"
    )
    body_of(case, "DECLARE n integer; BEGIN n := next(n); END;")
    case.apply()
    with case.open() as project:
        found = project.check()
    assert found.checked_on is CheckedOn.TRANSACTION
    assert [str(name) for name in found.unchecked] == ["function.g()"]
    assert found.problems == ()


EVALUATED = {
    "a parameter that the body sets": "PERFORM set_config('app.limit', '1', true);"
    " PERFORM id FROM orders WHERE id = current_setting('app.limit')::integer;",
    "a parameter with a made-up name": "PERFORM id FROM orders WHERE id > current_setting('app.t' || txid_current())::integer;",
    "a function over a temporary table": "CREATE TEMPORARY TABLE chosen (id integer);"
    " PERFORM id FROM orders WHERE id = first_chosen();",
    "a function with a name as text": "CREATE TEMPORARY TABLE chosen (id integer);"
    " PERFORM id FROM orders WHERE has_table_privilege('chosen', 'SELECT') = (id > 1);",
}


@pytest.mark.parametrize("how", EVALUATED)
def test_what_the_planner_evaluates_to_estimate_costs_is_no_problem(case, how):
    """It calls stable functions before the body has prepared what they need; a call of the body does not fail."""
    case.write(
        "sql/first_chosen.sql",
        "CREATE FUNCTION first_chosen() RETURNS integer LANGUAGE plpgsql STABLE"
        " AS $$ BEGIN RETURN (SELECT min(id) FROM chosen); END $$;",
    )
    case.write(
        "sql/g.sql", f"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  {EVALUATED[how]}\nEND $$;"
    )
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TRANSACTION
    broken = [str(problem.object) for problem in plan.bodies.problems]
    assert "function.g()" not in broken
    case.apply()
    case.do("INSERT INTO orders (id) VALUES (7)")
    if "txid_current" not in EVALUATED[how]:
        case.do("SELECT g()")


TEMPORARY = {
    "a statement": "CREATE TEMPORARY TABLE chosen (id integer);",
    "a statement that may find it": 'CREATE TEMP TABLE IF NOT EXISTS "chosen" AS SELECT 1 AS id;',
    "a string": "EXECUTE 'CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT 1 AS id';",
    "a query in a string": "EXECUTE 'SELECT 1 AS id INTO TEMPORARY chosen';",
    "another schema": "CREATE TEMPORARY TABLE pg_temp.chosen (id integer);",
}


@pytest.mark.parametrize("language", ["plpgsql", "sql"])
@pytest.mark.parametrize("how", TEMPORARY)
def test_a_temporary_table_that_the_caller_creates_is_no_problem(case, how, language):
    """Only that name: another missing table is a problem still."""
    case.write(
        "sql/caller.sql",
        f"CREATE FUNCTION caller() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {TEMPORARY[how]} PERFORM called(); END $$;",
    )
    for name, table in (("called", "chosen"), ("wrong", "chosen_not")):
        query = f"SELECT id FROM {table} LIMIT 1"
        body = query if language == "sql" else f"BEGIN RETURN ({query}); END"
        text = f"CREATE FUNCTION {name}() RETURNS int LANGUAGE {language} AS $$ {body} $$;"
        case.write(f"sql/{name}.sql", text)
        case.do(f"SET check_function_bodies = off; {text}")  # and adopted
    case.apply()
    with case.open() as project:
        found = project.check()
    assert [str(problem.object) for problem in found.problems] == ["function.wrong()"]


def test_the_result_of_a_polymorphic_function_is_known_to_its_call_alone(case):
    case.write(
        "sql/either.sql",
        "CREATE FUNCTION either(a anyelement, b anyelement) RETURNS anyelement LANGUAGE plpgsql AS"
        " $$ DECLARE result ALIAS FOR $0; BEGIN result := a; RETURN result; END $$;",
    )
    case.apply()
    with case.open() as project:
        found = project.check(["either"])
    assert found.problems == ()
    assert [str(name) for name in found.unchecked] == ["function.either(anyelement, anyelement)"]


def test_nothing_breaks_a_new_function_that_names_what_a_migration_drops(case):
    case.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN age;")
    for name in ("sql/close_month.sql", "sql/adults.sql", "sql/stamp.sql"):
        case.remove(name)
    case.write(
        "sql/f5.sql", "CREATE FUNCTION f5() RETURNS integer LANGUAGE sql AS $$\n  SELECT max(age) FROM users\n$$;"
    )
    plan = planned(case)
    (one,) = plan.bodies.problems
    assert one.described == 'function.f5() would fail, sql/f5.sql:2: column "age" does not exist'


IN_TEXT = {
    "a policy": (
        "CREATE POLICY p ON orders\n  USING (total > (SELECT max(nmae) FROM users));",
        "policy.p on orders", "sql/x.sql:2", 'column "nmae" does not exist',
    ),
    "a policy's row": (
        "CREATE POLICY p ON orders FOR INSERT\n  WITH CHECK (orders.tottal > 1);",
        "policy.p on orders", "sql/x.sql:2", "column orders.tottal does not exist",
    ),
    "a trigger's row": (
        "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.tottal > OLD.total) EXECUTE FUNCTION stamp();",
        "trigger.t on orders", "sql/x.sql:1", "column new.tottal does not exist",
    ),
    "a bare name in SQL": (
        "CREATE FUNCTION x(n integer) RETURNS integer LANGUAGE sql AS $$\n  SELECT max(gone) + n FROM users WHERE id = n\n$$;",
        "function.x(integer)", "sql/x.sql:2", 'column "gone" does not exist',
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_TEXT)
def test_a_missing_name_is_found_in_the_text_of(case, what):
    text, *expected = IN_TEXT[what]
    case.write("sql/x.sql", text)
    case.write("migrations/002.sql", "ALTER TABLE orders ADD COLUMN at date;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TEXT
    assert problems(plan) == [tuple(expected)]


RIGHT = {
    "a policy": "CREATE POLICY p ON orders USING (total > 1 AND user_id IN (SELECT u.id FROM users u WHERE age > total));",
    "a trigger": (
        "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.at > OLD.at OR NEW.* IS DISTINCT FROM OLD.*)"
        " EXECUTE FUNCTION stamp();"
    ),
    "a table function": (
        "CREATE FUNCTION x(n integer, OUT m integer) LANGUAGE sql AS $$ SELECT max(id) + n FROM users WHERE x.n > 1 $$;"
    ),
    "its own result": "CREATE FUNCTION x() RETURNS TABLE (q integer) LANGUAGE sql AS $$ SELECT id AS q FROM users ORDER BY q $$;",
    "a row": "CREATE FUNCTION x() RETURNS SETOF text LANGUAGE sql AS $$ SELECT to_jsonb(users)::text FROM users $$;",
    "a join": "CREATE FUNCTION x() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users JOIN orders USING (id) WHERE id > 1 $$;",
}


@pytest.mark.parametrize("what", RIGHT)
def test_what_is_right_is_no_problem_of_the_text(case, what):
    """The server takes it: the plan applies."""
    case.write("sql/x.sql", RIGHT[what])
    case.write("migrations/002.sql", "ALTER TABLE orders ADD COLUMN at date;")
    plan = planned(case)
    assert plan.bodies.checked_on is CheckedOn.TEXT
    assert problems(plan) == []
    case.apply()


MIXED = """
<<whole>>
DECLARE
  known record; counted integer := (SELECT count(*) FROM gone_1);
  names CURSOR (lowest integer) FOR SELECT name FROM users WHERE id > lowest AND gone_2;
BEGIN
  SELECT id, age INTO known FROM users;
  PERFORM known.age, known.gone_3;
  FOR known IN SELECT name FROM users LOOP
    PERFORM known.name, known.gone_4;
    IF (SELECT gone_5 FROM orders LIMIT 1) THEN
      UPDATE orders SET gone_6 = known.name;
    END IF;
  END LOOP;
  BEGIN
    INSERT INTO orders (id, gone_7) VALUES (whole.counted, counted);
  EXCEPTION WHEN OTHERS THEN
    DELETE FROM gone_8;
  END;
  RETURN (SELECT sum(total) FROM orders WHERE gone_9 = counted);
END"""


def test_a_body_is_asked_about_in_parts_as_it_is_asked_about_at_once(case, monkeypatch):
    case.write("sql/mixed.sql", f"CREATE FUNCTION mixed() RETURNS numeric LANGUAGE plpgsql AS $${MIXED.lstrip()} $$;")
    monkeypatch.setattr(plpgsql_probe, "LONGEST", 10**9)
    at_once = problems(planned(case))
    assert at_once, planned(case).bodies
    assert [f"gone_{n}" in " ".join(message for _, _, message in at_once) for n in range(1, 10)].count(True) >= 7
    for longest in (1, 300, 1000):
        monkeypatch.setattr(plpgsql_probe, "LONGEST", longest)
        assert problems(planned(case)) == at_once


def test_no_function_that_asks_about_a_long_body_is_long():
    body = "BEGIN\n" + "  PERFORM count(*) FROM orders;\n" * 1000 + "END"
    made = plpgsql_probe.probe(body, "f", ())
    texts = list(made.texts)
    assert max(map(len, texts)) <= plpgsql_probe.LONGEST + len("".join(made.blocks))
    assert sum(text.count("EXPLAIN SELECT") for text in texts) == 1000
