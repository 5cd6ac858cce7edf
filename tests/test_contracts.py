"""`-- pgmg: contract` pins an interface: what breaks it is refused by name and place, everything else goes on."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pgmg.cli.main import program
from pgmg.errors import RefusedChange, SourceErrors
from pgmg.model.plans.permission import parse_permission
from tests.source.reading import code

PIN = "-- pgmg: contract\n"
TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text, age smallint);"
VIEW = PIN + "CREATE VIEW v AS SELECT id, name FROM users;"
FUNCTION = PIN + "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 1';"
TYPE = PIN + "CREATE TYPE pair AS (a integer, b text);"


@pytest.fixture
def case(project):
    project.write("migrations/001.sql", TABLE)
    project.write("sql/v.sql", VIEW)
    project.write("sql/f.sql", FUNCTION)
    project.write("sql/pair.sql", TYPE)
    project.apply()
    return project


def words(case):
    """The words of consent that the plan asks for."""
    return [breach.word for breach in case.plan().breaches]


BROKEN_VIEWS = {
    "removed": ("CREATE VIEW v AS SELECT id FROM users;", "column name is no longer there"),
    "renamed": ("CREATE VIEW v AS SELECT id, name AS called FROM users;", "column name is no longer there"),
    "retyped": ("CREATE VIEW v AS SELECT id::text AS id, name FROM users;", "column id gets another type"),
}


@pytest.mark.parametrize("broken", BROKEN_VIEWS)
def test_a_view_that_loses_or_retypes_a_column_is_refused(case, broken):
    sql, reason = BROKEN_VIEWS[broken]
    case.write("sql/v.sql", PIN + sql)
    with pytest.raises(RefusedChange) as refused:
        case.apply()
    assert refused.value.message == f"view.v is pinned by `pgmg: contract`: {reason} (sql/v.sql:2)."
    assert refused.value.hint == "If it is meant: --allow 'contract:view.v'."
    assert case.value("SELECT count(*) FROM information_schema.columns WHERE table_name = 'v'") == 2
    (notice,) = [notice for notice in case.plan().warnings if notice.code == "contract"]
    assert (notice.where, "--allow 'contract:view.v'" in notice.message) == ("sql/v.sql:2", True)
    with case.open(allow="contract:view.v") as project:
        assert project.plan().warnings == ()
        project.apply()
    case.settled()


ALLOWED_VIEWS = {
    "other rows": "CREATE VIEW v AS SELECT id, upper(name) AS name FROM users WHERE id > 0;",
    "a column appended": "CREATE VIEW v AS SELECT id, name, age FROM users;",
    "columns in another order": "CREATE VIEW v AS SELECT name, id FROM users;",  # only `*` notices: transient
}


@pytest.mark.parametrize("change", ALLOWED_VIEWS)
def test_what_clients_get_on_with_stays_allowed(case, change):
    case.write("sql/v.sql", PIN + ALLOWED_VIEWS[change])
    assert words(case) == []
    case.apply()
    case.settled()


BROKEN_FUNCTIONS = {
    "another argument": "CREATE FUNCTION f(a text) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    "one argument more": "CREATE FUNCTION f(a integer, b integer) RETURNS integer LANGUAGE sql AS 'SELECT a';",
    "another name of an argument": "CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql AS 'SELECT b + 1';",
    "another result": "CREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql AS 'SELECT a::text';",
}


@pytest.mark.parametrize("broken", BROKEN_FUNCTIONS)
def test_a_function_with_other_arguments_or_result_is_refused(case, broken):
    case.write("sql/f.sql", PIN + BROKEN_FUNCTIONS[broken])
    assert words(case) == ["contract:function.f"]
    with pytest.raises(RefusedChange, match=r"function\.f\(integer\) is pinned"):
        case.apply()
    with case.open(allow="contract:function.f") as project:
        project.apply()
    case.settled()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 2';",
        "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT a + 1';",
        FUNCTION + "\nCREATE FUNCTION f(a text) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    ],
)
def test_a_new_body_and_a_new_overload_stay_allowed(case, sql):
    case.write("sql/f.sql", sql if sql.startswith(PIN) else PIN + sql)
    assert words(case) == []
    case.apply()


def test_a_type_that_gains_an_attribute_is_refused(case):
    case.write("sql/pair.sql", PIN + "CREATE TYPE pair AS (a integer, b text, c text);")
    assert words(case) == ["contract:type.pair"]


def test_a_deleted_file_does_not_take_its_pin_along(case):
    case.remove("sql/v.sql")
    with pytest.raises(RefusedChange) as refused:
        case.apply()
    assert (
        refused.value.message == "view.v is pinned by `pgmg: contract`: it is no longer declared (pinned at sql/v.sql)."
    )


def test_the_pin_and_the_interface_cannot_go_in_one_change(case):
    case.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    assert words(case) == ["contract:view.v"]
    case.write("sql/v.sql", "CREATE VIEW v AS SELECT id, name FROM users;")
    assert words(case) == []
    case.apply()  # the pin alone may be taken away
    case.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    assert words(case) == []


def test_a_pin_on_what_was_applied_before_needs_no_step(case):
    case.write("sql/w.sql", "CREATE MATERIALIZED VIEW w AS SELECT id FROM users;")
    case.apply()
    oid = case.value("SELECT 'w'::regclass::oid")
    case.write("sql/w.sql", PIN + "CREATE MATERIALIZED VIEW w AS SELECT id FROM users;")
    assert case.plan().steps == ()
    case.write("sql/other.sql", "CREATE VIEW other AS SELECT 1 AS one;")
    case.apply()
    assert case.value("SELECT 'w'::regclass::oid") == oid
    assert case.value("SELECT contract FROM pgmg_state WHERE object_name = 'materialized_view.w'")
    case.remove("sql/w.sql")
    assert words(case) == ["contract:materialized_view.w"]


def test_what_was_changed_by_hand_gets_its_pinned_interface_again(case):
    case.do("CREATE OR REPLACE VIEW v AS SELECT id, name, age FROM users")
    assert [str(step.object) for step in case.plan().steps] == ["view.v", "view.v"]
    assert words(case) == []
    case.apply()
    case.settled()


@pytest.mark.parametrize(
    ("migration", "reason"),
    [
        ("ALTER VIEW v RENAME COLUMN name TO called;", "column name becomes called (migrations/002.sql:1"),
        ("DROP FUNCTION f(integer);\nDROP VIEW v;", None),
        ("ALTER TABLE users ALTER id TYPE bigint;", "it depends on users.id, which gets another type"),
    ],
)
def test_a_migration_can_break_it_too(case, migration, reason):
    case.write("migrations/002.sql", migration)
    if reason is None:
        assert words(case) == []  # the declared objects are created again as they were
        return
    with pytest.raises(RefusedChange) as refused:
        case.apply()
    assert reason in refused.value.message
    assert "migrations/002.sql:1, pinned at sql/v.sql:2" in refused.value.message


@pytest.mark.parametrize("migration", ["ALTER TABLE users ADD city text;", "ALTER TABLE users ALTER age TYPE integer;"])
def test_a_migration_that_does_not_touch_it_stays_allowed(case, migration):
    case.write("migrations/002.sql", migration)
    assert words(case) == []
    case.apply()
    case.settled()


def test_consent_to_one_contract_is_none_to_another_or_to_risks(case):
    case.write("migrations/002.sql", "ALTER TABLE users ALTER id TYPE bigint;")
    case.write("sql/f.sql", PIN + BROKEN_FUNCTIONS["another result"])
    with pytest.raises(RefusedChange) as refused:
        case.apply()
    assert refused.value.hint == "If it is meant: --allow 'contract:function.f,contract:view.v,rewrite'."
    with case.open(allow="contract:view.v") as project, pytest.raises(RefusedChange) as refused:
        project.apply()
    assert "view.v is pinned" not in refused.value.message
    assert "function.f(integer) is pinned" in refused.value.message
    assert "Not allowed here: rewrites users" in refused.value.message
    with case.open(allow="contract:view.v,contract:function.f,rewrite") as project:
        project.apply()
    case.settled()


def test_a_rehearsal_carries_out_what_would_be_refused(case, server):
    from pgmg.rehearsal import rehearse

    case.write("sql/v.sql", PIN + BROKEN_VIEWS["removed"][0])
    with case.open() as project:
        assert rehearse(project, project.plan(), server.dsn).proved


def test_the_commands_say_it_and_take_consent(case, monkeypatch):
    monkeypatch.chdir(case.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", case.dsn)
    case.write("sql/v.sql", PIN + BROKEN_VIEWS["removed"][0])

    def run(*given):
        return CliRunner().invoke(program, given)

    assert "view.v is pinned by `pgmg: contract`: column name is no longer there" in run("plan").stdout
    done = run("apply", "--format", "json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"]) == (1, "refused")
    assert "sql/v.sql:2" in error["message"]
    assert run("apply", "--allow", "contract:view.v").exit_code == 0


def test_a_state_of_an_earlier_pgmg_is_read_and_grows(case):
    case.do("ALTER TABLE pgmg_state DROP COLUMN contract")
    case.write("sql/w.sql", "CREATE VIEW w AS SELECT 1 AS one;")
    case.apply()
    assert case.value("SELECT contract FROM pgmg_state WHERE object_name = 'view.w'") is False


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("-- pgmg: contract\nCREATE VIEW v AS SELECT 1 AS a;", [True]),
        ("/* pgmg: contract */ CREATE VIEW v AS SELECT 1 AS a;", [True]),
        ("CREATE VIEW v AS SELECT 1 AS a; -- pgmg: contract", [True]),
        ("CREATE VIEW v AS -- pgmg: contract\nSELECT 1 AS a;", [True]),
        ("CREATE VIEW v AS SELECT '-- pgmg: contract' AS a;", [False]),
        ("-- pgmg: contractual\nCREATE VIEW v AS SELECT 1 AS a;", [False]),
        ("CREATE VIEW v AS SELECT 1 AS a;\n-- pgmg: contract\nCREATE VIEW w AS SELECT 1 AS a;", [False, True]),
        ("-- pgmg: contract\nCREATE VIEW v AS SELECT 1 AS a;\nGRANT SELECT ON v TO PUBLIC;", [True, False]),
    ],
)
def test_the_comment_belongs_to_the_statement_below_it(text, pinned):
    assert [source.contract for source in code(text)] == pinned


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT 1 AS a;\n-- pgmg: contract\nGRANT SELECT ON v TO PUBLIC;",
        "-- pgmg: contract\nSET search_path = app;\nCREATE VIEW v AS SELECT 1 AS a;",
    ],
)
def test_a_pin_on_what_has_no_interface_is_refused(text):
    with pytest.raises(SourceErrors, match="pgmg: contract"):
        code(text)


def test_words_of_consent():
    assert parse_permission("contract:function.f(integer, text)").object == "function.f(integer, text)"
    assert parse_permission("contract:") is None
