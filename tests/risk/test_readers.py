"""Who uses what a plan changes: by the extension where a server has it, else by a view of the same columns."""

from __future__ import annotations

import json
import threading
import time

import jsonschema
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import conninfo

from pgmg.cli.main import program
from pgmg.render.json import documents
from pgmg.render.markdown.plan_markdown import plan_markdown
from pgmg.render.text.plain import plan_text
from tests.conftest import ONLY_FOR, Case
from tests.secrets.forms import SECRET
from tests.servers.programs import find_with
from tests.servers.running import running

TABLES = """
CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);
CREATE TABLE orders (id integer, user_id integer);
CREATE SCHEMA app;
CREATE TABLE app.users (id integer, name text);
"""
VIEWS = {
    "v": "CREATE VIEW v AS SELECT id, name FROM users;",
    "m": "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;",
    "f": "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 1';",
}
COLUMNS = {  # of pg_stat_statements, by the version of the extension: those that pgmg may use
    "1.7 (PostgreSQL 12)": "calls, 2.5::float8 AS mean_time, rows, queryid",
    "1.9 (PostgreSQL 14)": "calls, 2.5::float8 AS mean_exec_time, rows, queryid, true AS toplevel",
    "1.11 (PostgreSQL 17)": (
        "calls, 2.5::float8 AS mean_exec_time, rows, queryid, true AS toplevel, now() AS stats_since,"
        " now() AS minmax_stats_since"
    ),
}


def count(case, *statements, columns=COLUMNS["1.9 (PostgreSQL 14)"], role=None):
    """Let a view in the place of the extension's say that a role has sent these statements, the first one most often."""
    case.do(
        "CREATE TABLE IF NOT EXISTS counted (query text, calls bigint, rows bigint, queryid bigint, userid oid)",
        "DROP VIEW IF EXISTS pg_stat_statements",
        f"CREATE VIEW pg_stat_statements AS SELECT userid, d.oid AS dbid, query, {columns} FROM counted,"
        " pg_database AS d WHERE d.datname = current_database()",
    )
    with psycopg.connect(case.dsn, autocommit=True) as conn:
        for number, statement in enumerate(statements):
            conn.execute(
                "INSERT INTO counted SELECT %s, %s, %s, %s, coalesce(%s::regrole, current_user::regrole)",
                [statement, 1000 - number, 2000 - 2 * number, number + 1, role],
            )


def readers(case, **settings):
    with case.open(**settings) as opened:
        return opened.with_readers(opened.plan()).readers


def by_part(found):
    return {one.part.name: [use.statement.text for use in one.uses] for one in found.parts}


@pytest.fixture
def applied(project):
    project.write("migrations/001.sql", TABLES)
    for name, sql in VIEWS.items():
        project.write(f"sql/{name}.sql", sql)
    project.apply()
    return project


@pytest.mark.parametrize("version", COLUMNS)
def test_statements_are_found_by_the_column_that_goes(applied, version):
    count(
        applied,
        "SELECT name FROM users WHERE id = $1",
        "SELECT * FROM users",
        "SELECT age FROM users",
        "SELECT name FROM app.users",
        "SELECT name FROM orders JOIN users AS u ON u.id = orders.user_id",
        "UPDATE users SET name = $1 WHERE id = $2",
        columns=COLUMNS[version],
    )
    applied.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN name CASCADE;")
    applied.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    found = readers(applied)
    assert by_part(found)["table.users.name"] == [
        "SELECT name FROM users WHERE id = $1",
        "SELECT * FROM users",
        "SELECT name FROM orders JOIN users AS u ON u.id = orders.user_id",
        "UPDATE users SET name = $1 WHERE id = $2",
    ]
    (first, *_), *_ = [one.uses for one in found.parts]
    assert (first.statement.calls, first.statement.mean_ms, first.statement.rows) == (1000, 2.5, 2000)
    assert (first.statement.since is not None) == ("17" in version)
    assert first.is_certain
    assert found.missing == ()


CHANGES = {
    "a table renamed": ("ALTER TABLE orders RENAME TO purchases;", {}, "table.orders", "SELECT id FROM orders"),
    "a table renamed, then a column": (
        "ALTER TABLE orders RENAME TO purchases;\nALTER TABLE purchases RENAME COLUMN user_id TO buyer;",
        {}, "table.orders.user_id", "SELECT user_id FROM orders",
    ),
    "a column retyped": ("ALTER TABLE orders ALTER id TYPE bigint;", {}, "table.orders.id", "SELECT id FROM orders"),
    "a column added": ("ALTER TABLE orders ADD total integer;", {}, "table.orders", "SELECT * FROM orders"),
    "a table dropped": ("DROP TABLE orders;", {}, "table.orders", "INSERT INTO orders (id) VALUES ($1)"),
    "a view's column": (None, {"v": "CREATE VIEW v AS SELECT id, upper(name) AS name FROM users;"}, "view.v.name", "SELECT name FROM v"),
    "a view's rows": (None, {"v": "CREATE VIEW v AS SELECT id, name FROM users WHERE id > 1;"}, "view.v", "SELECT id FROM v"),
    "a view's column that goes": (None, {"v": "CREATE VIEW v AS SELECT id FROM users;"}, "view.v.name", "SELECT name FROM v"),
    "a view dropped": (None, {"v": None}, "view.v", "SELECT id FROM v"),
    "a function changed": (
        None, {"f": "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 2';"}, "function.f(integer)", "SELECT f($1)",
    ),
    "a function dropped": (None, {"f": None}, "function.f(integer)", "SELECT f(id) FROM users"),
}  # fmt: skip
OTHERS = ("SELECT age FROM users", "SELECT lower($1)", "SELECT id FROM m", "SELECT name FROM app.users")


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_names_the_statements_that_use_it(applied, change):
    migration, code, part, statement = CHANGES[change]
    count(applied, statement, *OTHERS)
    if migration is not None:
        applied.write("migrations/002.sql", migration)
    for name, sql in code.items():
        if sql is None:
            applied.remove(f"sql/{name}.sql")
        else:
            applied.write(f"sql/{name}.sql", sql)
    found = by_part(readers(applied))
    assert found[part] == [statement]
    assert not {text for texts in found.values() for text in texts} & set(OTHERS)


def test_what_only_formatting_or_a_new_object_changes_has_no_readers(applied):
    count(applied, "SELECT id FROM v")
    applied.write("sql/v.sql", "CREATE VIEW v AS\n  SELECT id, name FROM users;")
    applied.write("sql/new.sql", "CREATE VIEW new AS SELECT id FROM users;")
    assert readers(applied).parts == ()


def test_names_are_looked_up_under_the_search_path_of_the_role(applied):
    applied.do("CREATE ROLE pgmg_of_app", "ALTER ROLE pgmg_of_app SET search_path = app, public")
    try:
        count(applied, "SELECT name FROM users", role="pgmg_of_app")
        count(applied, "SELECT name FROM public.users", role="pgmg_of_app")
        applied.write("migrations/002.sql", "ALTER TABLE app.users DROP COLUMN name;")
        assert by_part(readers(applied)) == {"table.app.users.name": ["SELECT name FROM users"]}
    finally:
        applied.do("DROP ROLE pgmg_of_app")


def test_a_name_that_no_path_knows_may_be_meant(applied):
    """Sessions may set a search_path of their own."""
    applied.do("CREATE TABLE app.notes (n integer)")
    count(applied, "SELECT n FROM notes")
    applied.write("migrations/002.sql", "DROP TABLE app.notes;")
    for is_only_one in (True, False):
        (one,) = readers(applied).parts
        assert [(use.statement.text, use.is_certain) for use in one.uses] == [("SELECT n FROM notes", is_only_one)]
        applied.do("CREATE SCHEMA other", "CREATE TABLE other.notes (n integer)") if is_only_one else None


def test_a_text_that_is_cut_off_counts_by_its_words(applied):
    count(applied, "SELECT name FROM users WHERE (id =", "SELECT age FROM users WHERE (id =")
    applied.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN name CASCADE;")
    applied.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    uses = {one.part.name: one.uses for one in readers(applied).parts}["table.users.name"]
    assert [(use.statement.text, use.is_certain) for use in uses] == [("SELECT name FROM users WHERE (id =", False)]


def test_without_the_extension_the_plan_says_how_to_get_it(applied):
    applied.write("migrations/002.sql", "DROP TABLE orders;")
    (said,) = readers(applied).missing
    assert said.startswith("pg_stat_statements is not in this database: ")
    assert said.endswith("CREATE EXTENSION pg_stat_statements")


def test_without_the_privilege_the_plan_says_which_one(applied):
    count(applied, "SELECT id FROM orders")
    applied.do("DROP ROLE IF EXISTS pgmg_reader", "CREATE ROLE pgmg_reader")
    try:
        applied.do(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO pgmg_reader",
            "REVOKE ALL ON pg_stat_statements FROM pgmg_reader",
        )
        applied.write("migrations/002.sql", "DROP TABLE orders;")
        found = readers(applied, role="pgmg_reader")
        assert found.missing[0] == (
            "pgmg_reader may not read public.pg_stat_statements:"
            " GRANT SELECT ON public.pg_stat_statements TO pgmg_reader"
        )
    finally:
        applied.do("DROP OWNED BY pgmg_reader", "DROP ROLE pgmg_reader")


def test_hidden_statements_are_counted(applied):
    count(applied, "<insufficient privilege>", "SELECT id FROM orders")
    applied.write("migrations/002.sql", "DROP TABLE orders;")
    found = readers(applied)
    assert found.hidden == 1
    assert "GRANT pg_read_all_stats TO" in found.missing[0]


def test_a_deletion_says_when_its_object_was_last_used(applied):
    applied.do("INSERT INTO orders VALUES (1, 1)", "SELECT * FROM orders", "SELECT * FROM orders", "SELECT * FROM m")
    truth = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'orders'"
    end = time.monotonic() + 20
    while applied.value(truth) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    applied.write("migrations/002.sql", "DROP TABLE orders;")
    applied.remove("sql/f.sql")
    uses = {one.part.name: one.last_use for one in readers(applied).parts}
    assert uses["table.orders"].count == applied.value(truth)
    assert uses["function.f(integer)"].reason == "track_functions is none"
    if applied.value("SELECT current_setting('server_version_num')::integer") >= 160000:
        assert uses["table.orders"].at == applied.value(
            "SELECT last_seq_scan FROM pg_stat_user_tables WHERE relname = 'orders'"
        )


def test_a_session_that_runs_a_statement_now_is_named(applied):
    count(applied)
    applied.write("migrations/002.sql", "DROP TABLE orders;")
    dsn = conninfo.make_conninfo(applied.dsn, application_name="nightly")
    with psycopg.connect(dsn, autocommit=True) as conn:
        thread = threading.Thread(target=_until_cancelled, args=(conn, "SELECT id, pg_sleep(60) FROM orders"))
        applied.do("INSERT INTO orders VALUES (1, 1)")
        thread.start()
        end = time.monotonic() + 20
        while not applied.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nightly' AND state = 'active'"
        ):
            assert time.monotonic() < end
            time.sleep(0.05)
        (one,) = readers(applied).parts
        pid = conn.info.backend_pid
        conn.cancel()
        thread.join()
    (use,) = one.uses
    assert use.statement.applications == ("nightly",)
    assert use.statement.running[0].pid == pid


def _until_cancelled(conn, query):
    with pytest.raises(psycopg.errors.QueryCanceled):
        conn.execute(query)


# --- displays


@pytest.fixture
def pending(applied, monkeypatch):
    count(applied, f"SELECT id FROM orders, dblink('password={SECRET}')", "SELECT id FROM orders")
    applied.write("migrations/002.sql", "DROP TABLE orders;")
    monkeypatch.chdir(applied.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", applied.dsn)
    return applied


def run(*words):
    done = CliRunner().invoke(program, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_every_form_of_a_plan_tells_its_readers_and_no_secret(pending):
    shown = {form: run("plan", "--readers", "--format", form) for form in ("text", "json", "html", "markdown")}
    assert not [form for form, text in shown.items() if SECRET in text]
    assert not [form for form, text in shown.items() if "SELECT id FROM orders" not in text]
    document = json.loads(shown["json"])
    jsonschema.validate(document, documents.schema(), jsonschema.Draft202012Validator)
    (part,) = document["readers"]["parts"]
    assert (part["object"], part["deleted"], part["statements"][1]["calls"]) == ("table.orders", True, 999)
    assert "table.orders is dropped: 2 statements" in shown["text"]
    assert "999 calls, 2.5 ms each, 2 rows each, by" in shown["text"]


def test_only_who_asks_is_told(pending):
    assert "Readers" not in run("plan")
    assert "readers" not in json.loads(run("plan", "--format", "json"))
    assert "Readers:" in run("plan", "-v")
    assert "### Readers" in run("plan", "--format", "markdown")


def test_a_saved_plan_with_readers_is_applied(pending):
    run("plan", "--readers", "--out", "plan.json")
    pending.do("UPDATE counted SET calls = calls + 1")
    run("apply", "plan.json", "--yes")
    pending.settled()


# --- the extension itself


@pytest.fixture(scope="module")
def counting(server):
    """A server that counts statements, of the session's version if that has contrib here."""
    programs = find_with("pg_stat_statements", (server.major, 15, 17))
    if programs is None:
        pytest.skip(f"{ONLY_FOR}machines that have PostgreSQL's contrib")
    settings = {"shared_preload_libraries": "pg_stat_statements", "track_functions": "all"}
    with running(programs, **settings) as dsn:
        yield dsn


@pytest.fixture
def counted(counting, tmp_path):
    with psycopg.connect(counting, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS shop")
        conn.execute("CREATE DATABASE shop TEMPLATE template0")
    case = Case(tmp_path, conninfo.make_conninfo(counting, dbname="shop"))
    case.write("migrations/001.sql", TABLES)
    for name, sql in VIEWS.items():
        case.write(f"sql/{name}.sql", sql)
    case.apply()
    return case


def test_the_extension_tells_statements_roles_applications_and_calls(counted):
    counted.do("CREATE EXTENSION pg_stat_statements", "INSERT INTO users SELECT n, n FROM generate_series(1, 9) AS n")
    dsn = conninfo.make_conninfo(counted.dsn, application_name="web")
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(7):
            conn.execute("SELECT name FROM users WHERE id = %s AND now() > date '2001-01-01'", [number])
        counted.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN name CASCADE;")
        counted.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
        found = readers(counted)
    uses = {one.part.name: one.uses for one in found.parts}["table.users.name"]
    (use,) = [one for one in uses if "SELECT name" in one.statement.text]
    assert (use.statement.calls, use.statement.rows, use.is_certain) == (7, 6, True)
    assert use.statement.role == counted.value("SELECT current_user::text")
    assert use.statement.applications == ("web",)
    assert found.missing == ()
    assert found.since is not None


def test_the_extension_counts_functions_and_says_so_of_a_deletion(counted):
    counted.write(
        "sql/g.sql", "CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN a; END';"
    )
    counted.apply()
    counted.do("CREATE EXTENSION pg_stat_statements", "SELECT g(1)", "SELECT g(2)", "SELECT g(3)", "SELECT f(3)")
    counted.remove("sql/f.sql")
    counted.remove("sql/g.sql")
    end = time.monotonic() + 20
    truth = "SELECT calls FROM pg_stat_user_functions WHERE funcname = 'g'"
    while counted.value(truth) != 3 and time.monotonic() < end:
        time.sleep(0.1)
    found = {one.part.name: one for one in readers(counted).parts}
    assert found["function.g(integer)"].last_use.count == counted.value(truth) == 3
    assert [use.statement.calls for use in found["function.g(integer)"].uses] == [3]
    assert "inlines" in found["function.f(integer)"].last_use.reason
    assert [use.statement.calls for use in found["function.f(integer)"].uses] == [1]


def test_a_role_without_pg_read_all_stats_is_told_to_get_it(counted):
    counted.do("CREATE EXTENSION pg_stat_statements", "SELECT id FROM orders")
    counted.do("DROP ROLE IF EXISTS approver", "CREATE ROLE approver LOGIN")
    counted.do("GRANT SELECT ON ALL TABLES IN SCHEMA public TO approver")
    counted.write("migrations/002.sql", "DROP TABLE orders;")
    found = readers(counted, role="approver")
    assert found.missing == ("statements of other roles are hidden from approver: GRANT pg_read_all_stats TO approver",)
    assert found.hidden > 0
    counted.do("GRANT pg_read_all_stats TO approver")
    again = readers(counted, role="approver")
    assert again.missing == ()
    assert by_part(again)["table.orders"] == ["SELECT id FROM orders"]


def test_a_library_that_is_not_loaded_is_said_and_no_error(server, tmp_path):
    programs = find_with("pg_stat_statements", (server.major, 15, 17))
    if programs is None:
        pytest.skip(f"{ONLY_FOR}machines that have PostgreSQL's contrib")
    with running(programs) as dsn:
        case = Case(tmp_path, dsn)
        case.do(TABLES, "CREATE EXTENSION pg_stat_statements")
        case.write("migrations/002.sql", "DROP TABLE orders;")
        with case.open() as opened:
            plan = opened.with_readers(opened.plan())
    (said,) = plan.readers.missing
    assert said.startswith("pg_stat_statements cannot be read: ")
    assert said.endswith("add pg_stat_statements to shared_preload_libraries and restart the server")
    assert said in plan_text(plan)
    assert "### Readers" in plan_markdown(plan)
