"""The façade: a project folder and its database, as Python code uses them."""

from __future__ import annotations

import psycopg
import pytest

import pgmg
from pgmg.errors import StalePlanError, UnknownObjectError
from pgmg.render.impact import planned_outcomes
from pgmg.render.json.documents import dumps, saved_plan_document
from pgmg.render.labels import past_tense
from pgmg.saved_plans import plan_again
from tests.oracle import dump

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"


def codes(plan: pgmg.Plan) -> list[str]:
    return [notice.code for notice in plan.warnings]


@pytest.fixture
def users(project):
    project.write("migrations/001_users.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.write("sql/upon.sql", "CREATE VIEW upon AS SELECT name FROM names;")
    project.apply()
    return project


# -- opening ----------------------------------------------------------------------------------------------------


def test_nothing_is_connected_to_before_it_is_needed(project):
    """Opening reads settings only; closing twice is fine."""
    with pgmg.Project.open(project.root, connection_string="postgresql://nobody@127.0.0.1:1/nowhere") as opened:
        assert opened.root == project.root
    opened.close()


def test_without_a_server_the_error_says_how_to_name_one(project, monkeypatch):
    """Rather than connecting to whatever is there."""
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGMG_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    with pgmg.Project.open(project.root) as opened, pytest.raises(pgmg.ConfigError) as caught:
        opened.plan()
    assert "connection_string" in caught.value.hint


def test_a_connection_that_was_lost_meanwhile_is_made_anew(users):
    """A watcher's or notebook's project lives long; servers are restarted."""
    with users.open() as opened:
        assert opened.plan().is_empty
        users.do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert opened.plan().is_empty
        assert opened.status().database


def test_a_connection_lost_while_reading_is_an_error_of_ours(users, monkeypatch):
    """Where even a new connection is lost."""
    from pgmg.planner import Planner

    def lose(self, conn, *rest):
        users.do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        conn.execute("SELECT 1")

    monkeypatch.setattr(Planner, "plan", lose)
    with users.open() as opened, pytest.raises(pgmg.ConnectionFailedError, match="lost"):
        opened.plan()


def test_a_question_that_the_server_cannot_answer_is_an_error_of_ours(users, monkeypatch):
    """After some patience where it may pass."""
    from pgmg.planner import Planner

    asked = []

    def fail(self, conn, *rest):
        asked.append(1)
        conn.execute(asked[0] and "SELECT * FROM just_dropped" if len(asked) < 6 else "SELECT 1 / 0")

    monkeypatch.setattr(Planner, "plan", fail)
    monkeypatch.setattr("pgmg.connections._PAUSES", (0.01,) * 4)
    with users.open() as opened:
        with pytest.raises(pgmg.PlanError, match="just_dropped"):
            opened.plan()
        assert len(asked) == 5
        with pytest.raises(pgmg.PlanError, match="division"):
            opened.plan()
        assert len(asked) == 6


def test_a_connection_string_cannot_change_the_encoding(project):
    """SQL is sent in UTF-8, whatever it says."""
    dsn = psycopg.conninfo.make_conninfo(project.dsn, client_encoding="LATIN1")
    project.write("migrations/001.sql", "CREATE TABLE é (name text DEFAULT '🐎');")
    project.write("sql/v.sql", "CREATE VIEW ü AS SELECT name AS ñ FROM é;")
    with pgmg.Project.open(project.root, connection_string=dsn) as opened:
        opened.apply()
        assert opened.plan().is_empty
    assert project.rows("SELECT ñ FROM ü") == []


# -- plans ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("file", r"files have changed: sql/more\.sql \(view\.more\)"),
        ("migration", r"pending migrations have changed: 002\.sql has another text"),
        ("new", r"pending migrations have changed: 003\.sql is new"),
        ("state", r"something was applied: view\.upon was dropped"),
        ("catalog", r"database has changed: view\.upon was changed"),
        ("gone", r"database has changed: view\.upon is gone"),
        ("unmanaged", "other steps are needed"),
        ("again", "it has been applied already, and nothing is left to do"),
    ],
)
def test_a_stale_plan_is_refused_with_its_reason(users, reason, words):
    """Whatever it was made from has changed (rule 9.4)."""
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    with users.open() as opened:
        plan = opened.plan()
        if reason == "file":
            users.write("sql/more.sql", "CREATE VIEW more AS SELECT 1 AS one;")
        elif reason == "migration":
            users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(50);")
        elif reason == "new":
            users.write("migrations/003.sql", "CREATE TABLE more (id integer);")
        elif reason == "gone":
            users.do("DROP VIEW upon")
        elif reason == "state":
            users.do("DELETE FROM pgmg_state WHERE object_name = 'view.upon'")
        elif reason == "catalog":
            users.do("CREATE OR REPLACE VIEW upon AS SELECT name || 'x' AS name FROM names")
        elif reason == "unmanaged":
            users.do("CREATE VIEW mine AS SELECT * FROM names")
        else:
            opened.apply(plan)
        with pytest.raises(StalePlanError, match=words):
            opened.apply(plan)
        (users.root / "plan.json").write_text(dumps(saved_plan_document(plan)))
        with pytest.raises(StalePlanError, match=words):  # the file says as much
            plan_again(opened, users.root / "plan.json", {})


def test_the_plan_that_was_shown_is_the_plan_that_runs(users):
    """Its options hold, its steps are those of the result."""
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN more text;")
    with users.open() as opened:
        plan = opened.plan(pgmg.PlanOptions(recreate=pgmg.Recreate.REQUIRED))
        result = opened.apply(plan)
    assert [applied.step for applied in result.steps] == list(plan.steps)
    assert [str(step.object) for step in plan.steps] == ["migration.002.sql"]


def test_nothing_to_do_is_done_at_once(users):
    """Without a single write."""
    with users.open() as opened:
        events = []
        result = opened.apply(listener=events.append)
        assert not result.applied
        assert result.steps == ()
        assert [type(event).__name__ for event in events] == ["Finished"]


def test_planning_writes_nothing(project):
    """Not even the state tables."""
    project.write("migrations/001.sql", USERS)
    before = dump(project.dsn)
    assert project.plan().steps
    assert dump(project.dsn) == before
    assert project.value("SELECT to_regclass('pgmg_state')") is None


def test_a_state_schema_of_its_own_is_made(project):
    """By the first apply."""
    project.write("migrations/001.sql", USERS)
    with project.open(state_schema="Book Keeping") as opened:
        opened.apply()
        assert opened.plan().is_empty
    assert project.rows('SELECT name FROM "Book Keeping".pgmg_migrations') == [("001.sql",)]


def test_a_configured_search_path_decides_where_objects_are_made(project):
    """Also one whose schema a migration makes in the same run."""
    project.write("migrations/001.sql", "CREATE SCHEMA app;\nCREATE TABLE app.users (id integer);")
    with project.open() as opened:
        opened.apply()
    project.write("sql/ids.sql", "CREATE VIEW ids AS SELECT id FROM users;")
    with project.open(search_path=("app", "public")) as opened:
        opened.apply()
        assert opened.plan().is_empty
    assert project.rows("SELECT object_name FROM pgmg_state") == [("view.app.ids",)]


# -- migrations -------------------------------------------------------------------------------------------------


def test_an_edited_migration_is_a_warning(users):
    """It is not run again (rule 3.4)."""
    users.write("migrations/001_users.sql", USERS + " SELECT 1;")
    plan = users.plan()
    assert plan.steps == ()
    assert plan.differs
    assert codes(plan) == ["migration-edited"]
    assert "001_users.sql" in plan.warnings[0].message


def test_a_vanished_migration_is_a_warning(users):
    """Its name is in it."""
    users.remove("migrations/001_users.sql")
    plan = users.plan()
    assert plan.steps == ()
    assert [("001_users.sql" in n.message, n.code) for n in plan.warnings] == [(True, "migration-gone")]


def test_a_renamed_migration_is_refused(users):
    """It would run again; the message says how to record the new name."""
    users.remove("migrations/001_users.sql")
    users.write("migrations/001_people.sql", USERS)
    with pytest.raises(pgmg.PlanError) as caught:
        users.plan()
    assert "001_users.sql" in str(caught.value)
    assert "001_people.sql" in str(caught.value)
    assert "baseline" in str(caught.value)


def test_a_migration_out_of_order_runs_with_a_warning(users):
    """People merge branches."""
    users.write("migrations/003.sql", "ALTER TABLE users ADD COLUMN c text;")
    users.apply()
    users.write("migrations/002.sql", "ALTER TABLE users ADD COLUMN b text;")
    plan = users.plan()
    assert codes(plan) == ["migration-out-of-order"]
    users.apply()
    assert users.plan().is_empty


# -- folders ----------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_configured_is_not_considered(users):
    """Nothing is deleted, nothing warned about (rule 3.7)."""
    for configured, there in (("migrations_dir", "migrations"), ("code_dir", "sql")):
        (users.root / "pgmg.toml").write_text(f'{configured} = "{there}"\n')
        moved = users.root / ("sql" if there == "migrations" else "migrations")
        moved.rename(users.root / "away")
        plan = users.plan()
        assert (plan.steps, plan.warnings, plan.records) == ((), (), ())
        (users.root / "away").rename(moved)


def test_deleting_most_of_what_is_recorded_needs_a_second_word(users):
    """More than half of ten or more (rule 3.7)."""
    for number in range(10):
        users.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    users.apply()
    for number in range(7):
        users.remove(f"sql/v{number}.sql")
    assert codes(users.plan()) == ["mass-deletion"]
    with pytest.raises(pgmg.RefusedChange) as caught:
        users.apply()
    assert "7 of 12" in caught.value.message
    assert "--yes" in caught.value.hint
    with users.open() as opened:
        assert opened.apply(yes=True).applied
    users.settled()


# -- baseline and reset -----------------------------------------------------------------------------------------


def test_baseline_records_without_running(project):
    """Up to a name, then all; `pending` says what it would be, and takes no lock."""
    project.do(USERS)
    for number in (1, 2, 10):
        project.write(f"migrations/{number}_x.sql", f"CREATE TABLE t{number} (id integer);")
    with project.open() as opened:
        assert opened.pending() == ("1_x.sql", "2_x.sql", "10_x.sql")
        assert opened.pending("2_x.sql") == ("1_x.sql", "2_x.sql")
        assert project.value("SELECT to_regclass('pgmg_migrations')") is None
        with pytest.raises(UnknownObjectError) as caught:
            opened.baseline("2_y.sql")
        assert "2_x.sql" in caught.value.hint
        assert opened.baseline("2_x.sql") == ("1_x.sql", "2_x.sql")
        assert opened.baseline("2_x.sql") == ()
        assert [step.object.name for step in opened.plan().steps] == ["10_x.sql"]
        opened.apply()
        assert opened.baseline() == ()
    assert project.rows("SELECT relname FROM pg_class WHERE relname ~ '^t\\d' ORDER BY 1") == [("t10",)]
    project.settled()


def test_baseline_without_migrations_is_an_error(users):
    """There is nothing it could mean."""
    (users.root / "pgmg.toml").write_text('code_dir = "sql"\n')
    (users.root / "migrations").rename(users.root / "away")
    with users.open() as opened, pytest.raises(pgmg.ConfigError, match="migrations"):
        opened.baseline()


def test_reset_drops_what_is_managed_and_forgets(users):
    """Tables and what was made by hand stay; then everything can be applied again, migrations baselined."""
    users.do("INSERT INTO users VALUES (1, 'ann', 30)", "CREATE VIEW mine AS SELECT 1 AS one")
    users.write(
        "sql/more.sql",
        "CREATE TYPE mood AS ENUM ('fine');\nCREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT 'fine'::mood $$;\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS n;\nCREATE INDEX m_n ON m (n);\nCOMMENT ON VIEW names IS 'x';\nGRANT SELECT ON names TO PUBLIC;",
    )
    users.apply()
    with users.open() as opened:
        wanted = opened.reset(dry_run=True)
        assert users.value("SELECT to_regclass('names')")
        assert opened.reset() == wanted
        assert not any("CASCADE" in statement for statement in wanted.statements)
        assert users.rows(
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1"
        ) == [("mine",), ("users",)]
        assert users.value("SELECT to_regtype('mood')") is None
        opened.baseline()
        opened.apply()
    users.settled()
    assert users.rows("SELECT id FROM users") == [(1,)]


def test_reset_refuses_what_others_stand_on(users):
    """Nothing is dropped that nobody declared."""
    users.do("CREATE VIEW mine AS SELECT name FROM upon")
    with users.open() as opened, pytest.raises(pgmg.RefusedChange, match=r"view\.mine"):
        opened.reset()
    assert users.value("SELECT to_regclass('pgmg_state')")


def test_reset_everything_leaves_an_empty_database(users):
    """Extensions, identity columns, partitioned and foreign tables, event triggers, casts, whole schemas."""
    users.do(
        'CREATE SCHEMA "My Schema"',
        'CREATE TABLE "My Schema"."we""ird" (id integer GENERATED ALWAYS AS IDENTITY, n serial)',
        "CREATE TABLE parts (id integer, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE child () INHERITS (users)",
        "CREATE SEQUENCE alone",
        "CREATE TYPE pair AS (a integer, b integer)",
        "CREATE TABLE of_type OF pair",
        "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
        "CREATE TYPE span AS RANGE (subtype = integer)",
        "CREATE FUNCTION f(pair, positive) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE PROCEDURE p(pair) LANGUAGE sql AS 'SELECT 1'",
        "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)",
        "CREATE FUNCTION to_int(pair) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE CAST (pair AS integer) WITH FUNCTION to_int(pair)",
        "CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
        'CREATE COLLATION mine FROM "C"',
        "CREATE TEXT SEARCH CONFIGURATION tsc (COPY = simple)",
        "CREATE STATISTICS stats ON id, at FROM parts",
        "CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not while I watch'; END $$",
        "CREATE FOREIGN DATA WRAPPER nowhere",
        "CREATE SERVER far FOREIGN DATA WRAPPER nowhere",
        "CREATE FOREIGN TABLE far_away (id integer) SERVER far",
        "CREATE PUBLICATION pub FOR TABLE users",
        "CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION et()",
    )
    has_extension = bool(users.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'"))
    if has_extension:
        users.do("CREATE EXTENSION citext")
    with users.open() as opened:
        statements = opened.reset(everything=True, dry_run=True)
        assert users.value("SELECT to_regclass('users')")
        assert opened.reset(everything=True) == statements
    left = dump(users.dsn)
    assert [key for key in left if not key.startswith(("EXTENSION", "COMMENT", "ACL", "SCHEMA -.public"))] == []
    assert any(key.startswith("EXTENSION") for key in left) is has_extension  # no migration creates it: it was there
    users.apply()
    users.settled()


# -- looking ----------------------------------------------------------------------------------------------------


def test_status_says_where_things_stand(users):
    """Migrations, objects by kind, changes."""
    users.write("migrations/002.sql", "SELECT 1;")
    users.write("sql/more.sql", "CREATE VIEW more AS SELECT 1 AS one;")
    with users.open() as opened:
        status = opened.status()
    assert [change.object.name for change in status.changes] == ["more"]
    assert "002.sql" in repr(status)


def test_diff_shows_what_was_and_what_is_to_be(users):
    """Of all, or of the named."""
    users.write("sql/names.sql", "CREATE VIEW names AS SELECT id FROM users;")
    users.write("sql/upon.sql", "CREATE VIEW upon AS SELECT id FROM names;")
    with users.open() as opened:
        assert {change.object.name for change in opened.diff()} == {"names", "upon"}
        (change,) = opened.diff(["upon"])
        assert change.before == "CREATE VIEW upon AS SELECT name FROM names"
        assert change.after == "CREATE VIEW upon AS SELECT id FROM names"
        with pytest.raises(UnknownObjectError) as caught:
            opened.diff(["upom"])
    assert "upon" in caught.value.hint


def test_graph_shows_neighbourhoods(users):
    """What a view uses, and who uses it; unknown names get suggestions."""
    with users.open() as opened:
        assert {node.object.name for node in opened.graph().nodes} >= {"names", "upon", "users"}
        assert {node.object.name for node in opened.graph(["upon"], upstream=1).nodes} == {"upon", "names"}
        assert {node.object.name for node in opened.graph(["names"], downstream=1).nodes} == {"names", "upon"}
        with pytest.raises(UnknownObjectError) as caught:
            opened.graph(["name"])
    assert "names" in caught.value.hint


def test_the_server_is_named_without_its_password(users):
    """One line."""
    with users.open() as opened:
        assert "database pgmg_test_" in opened.server


MIGRATIONS = {
    "creates a table": ("CREATE TABLE fresh (n int);", "CREATE VIEW reads AS SELECT n FROM fresh;"),
    "alters a table": ("ALTER TABLE t ALTER n TYPE bigint;", ""),
    "renames a table": ("ALTER TABLE t RENAME TO t2;", "CREATE VIEW reads AS SELECT n FROM t2;"),
    "changes a type": ("ALTER TYPE kind ADD VALUE 'c';", "CREATE VIEW reads AS SELECT k, 1 AS one FROM t;"),
    "drops a function": ("DROP FUNCTION f(int);", "CREATE VIEW reads AS SELECT f(n) AS g FROM t;"),
}


@pytest.mark.parametrize(("migration", "code"), MIGRATIONS.values(), ids=MIGRATIONS)
def test_a_plan_connects_migrations_with_what_depends_on_them(project, migration, code):
    """Whatever a migration affects is connected with it through the edges of the plan, in JSON and in the graph."""
    import networkx as nx

    from pgmg.render.html.graph_html import plan_graph
    from pgmg.render.json.documents import plan_document

    project.write("migrations/001.sql", "CREATE TABLE t (n int, k text);")
    project.write("sql/f.sql", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT n FROM t;")
    project.write("sql/k.sql", "CREATE TYPE kind AS ENUM ('a', 'b');")
    project.apply()
    project.write("migrations/002.sql", migration)
    if code:
        project.write("sql/reads.sql", code)
    if "t2" in migration:
        project.write("sql/v.sql", "CREATE VIEW v AS SELECT n FROM t2;")
    plan = project.plan()
    document = plan_document(plan)
    written = nx.Graph([(edge["object"], edge["depends_on"]) for edge in document["edges"]])
    drawn = nx.Graph([(str(edge.object), str(edge.depends_on)) for edge in plan_graph(plan).edges])
    (impact,) = plan.migrations
    assert impact.touches
    for affected in impact.affects:
        for graph in (written, drawn):
            assert nx.has_path(graph, str(affected.object), "migration.002.sql")
    if migration.startswith(("CREATE TABLE", "ALTER TABLE t ALTER")):
        assert nx.has_path(written, "view.reads" if code else "view.v", "migration.002.sql")


def test_a_file_that_moved_is_recorded_where_it_is_with_other_changes(users):
    """What no step is needed for is recorded with the last group."""
    users.apply()
    (users.root / "sql/deep").mkdir()
    (users.root / "sql/names.sql").rename(users.root / "sql/deep/names.sql")
    users.write("sql/more.sql", "CREATE VIEW more AS SELECT 1 AS one;")
    users.apply()
    assert users.value("SELECT path FROM pgmg_state WHERE object_name = 'view.names'") == "sql/deep/names.sql"


def test_an_index_that_goes_with_its_view_counts_as_recreated(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM t;")
    project.write("sql/i.sql", "CREATE INDEX i ON m (id);")
    project.apply()
    project.write("sql/j.sql", "CREATE INDEX j ON m (id) WHERE id > 3;")
    for statement in ("ALTER TABLE t ALTER COLUMN id TYPE bigint;", "ALTER TABLE t ADD COLUMN more integer;"):
        project.write("migrations/002.sql", statement)
        counted = planned_outcomes(project.plan())
        if "TYPE" in statement:
            assert counted == (1, {"recreate": 2, "create": 1})
    assert counted == (1, {"create": 1})


def test_what_a_block_drops_is_said_to_be_passed_over(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.apply()
    project.do("CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t", "CREATE INDEX i ON m (id)")
    project.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'DROP INDEX i'; END $$;")
    project.write("migrations/003.sql", "ALTER TABLE t ALTER COLUMN a TYPE bigint;")
    with project.open() as opened:
        result = opened.apply(yes=True)
    said = [past_tense(done.step) for done in result.steps if done.step.object.name == "i"]
    assert said == ["Passed over index: i (a migration has dropped it)"]
    assert project.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'i'") == 0


@pytest.mark.parametrize("moves", [False, True])
def test_a_source_that_loses_its_schema_is_about_the_first_one_of_the_path(project, moves):
    sources = {
        "v": "CREATE VIEW {}v AS SELECT 1 AS x;",
        "f": "CREATE FUNCTION {}f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        "d": "CREATE DOMAIN {}d AS text;",
    }
    words = {"v": "VIEW", "f": "FUNCTION", "d": "DOMAIN"}
    project.write("migrations/001.sql", "CREATE SCHEMA a;")
    for name, source in sources.items():
        project.write(f"sql/{name}.sql", source.format("a."))
    project.apply()
    for name, source in sources.items():
        project.write(f"sql/{name}.sql", source.format(""))
    if moves:
        moved = "".join(f"ALTER {word} a.{name} SET SCHEMA public;\n" for name, word in words.items())
        project.write("migrations/002.sql", moved)
    project.apply()
    project.settled()
    there = """
        SELECT array_agg(n.nspname::text) FROM pg_namespace n JOIN (
          SELECT relnamespace AS space FROM pg_class WHERE relname = 'v'
          UNION ALL SELECT pronamespace FROM pg_proc WHERE proname = 'f'
          UNION ALL SELECT typnamespace FROM pg_type WHERE typname = 'd'
        ) AS o ON o.space = n.oid WHERE n.nspname IN ('a', 'public')"""
    assert project.value(there) == ["public"] * 3
