"""What parsing missed, the server says: the run ends in the same state as if it had been known (rule 8)."""

from __future__ import annotations

import pytest

import pgmg
from pgmg.model.results.events import Discovered, Started
from tests.oracle import differences, dump

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"


def told(project, **options):
    """Apply, and return the result with all events."""
    events = []
    with project.open() as opened:
        result = opened.apply(options=pgmg.PlanOptions(**options), listener=events.append)
    return result, events


def edges(result):
    return {(str(edge.object), str(edge.depends_on)) for edge in result.discovered}


def failure(project, **options) -> pgmg.ApplyError:
    """Apply, expect an error, and see that nothing has changed."""
    before = dump(project.dsn)
    with pytest.raises(pgmg.ApplyError) as caught:
        project.apply(**options)
    assert differences(before, dump(project.dsn)) == []
    return caught.value


# -- what does not exist yet ------------------------------------------------------------------------------------


def test_a_migration_whose_do_block_reads_a_view_waits_for_it(project):
    """42P01 in text that nobody can read."""
    inserted = "DO $$ BEGIN EXECUTE 'INSERT INTO users SELECT n, n::text, n FROM num' || 'bers'; END $$;"
    project.write("migrations/001.sql", f"{USERS}\n{inserted}")
    project.write("sql/numbers.sql", "CREATE VIEW numbers AS SELECT 7 AS n;")
    result, events = told(project)
    assert ("migration.001.sql", "view.numbers") in edges(result)
    assert project.rows("SELECT id FROM users") == [(7,)]
    assert [type(event) for event in events].count(Started) == 2
    assert [event for event in events if isinstance(event, Discovered)]
    assert {str(e.origin) for e in result.plan.edges if str(e.object) == "migration.001.sql"} >= {"error"}
    project.settled()


def test_a_source_waits_only_for_statements_that_may_create_something(project):
    """REASSIGN OWNED and ALTER TABLE ALL IN TABLESPACE may change any object, and create none."""
    project.write("migrations/1.sql", "CREATE TABLE t (id integer);")
    project.write("migrations/2.sql", "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default;")
    project.write("migrations/3.sql", "DO $$ BEGIN EXECUTE 'CREATE TABLE hid' || 'den (id integer)'; END $$;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM hidden;")
    result, _ = told(project)
    assert edges(result) == {("view.v", "migration.3.sql")}
    project.settled()


def test_a_migration_whose_do_block_calls_a_function_waits_for_it(project):
    """42883."""
    project.write("migrations/001.sql", "DO $$ BEGIN EXECUTE 'SELECT greet' || '(1)'; END $$;")
    project.write(
        "sql/greet.sql", "CREATE FUNCTION greet(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$;"
    )
    result, _ = told(project)
    assert ("migration.001.sql", "function.greet(integer)") in edges(result)
    project.settled()


def test_what_could_be_there_already_is_created_before_a_do_block_of_a_later_migration(project):
    """Applied one by one, the second migration would have found it: nothing has to be learned."""
    project.write("migrations/001.sql", USERS)
    project.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'SELECT greet' || '(1)'; END $$;")
    project.write(
        "sql/greet.sql", "CREATE FUNCTION greet(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$;"
    )
    result, _ = told(project)
    assert result.discovered == ()
    assert [str(s.object) for s in result.plan.steps] == [
        "migration.001.sql", "function.greet(integer)", "migration.002.sql",
    ]  # fmt: skip
    project.settled()


def test_a_migration_whose_do_block_uses_a_type_waits_for_it(project):
    """42704."""
    project.write("migrations/001.sql", "DO $$ BEGIN EXECUTE 'CREATE TABLE t (s sta' || 'tus)'; END $$;")
    project.write("sql/status.sql", "CREATE TYPE status AS ENUM ('new', 'done');")
    result, _ = told(project)
    assert ("migration.001.sql", "type.status") in edges(result)
    project.settled()


def test_several_unknown_things_are_learned_one_after_another(project):
    """As many lessons as it takes."""
    for letter in "abcdef":
        project.write(f"sql/{letter}.sql", f"CREATE VIEW {letter} AS SELECT 1 AS one;")
    calls = "".join(f"EXECUTE 'SELECT * FROM ' || '{letter}';" for letter in "fedcba")
    project.write("migrations/001.sql", f"DO $$ BEGIN {calls} END $$;")
    result, _ = told(project)
    assert len(edges(result)) == 6
    project.settled()


def test_a_view_in_another_schema_that_a_function_default_needs_waits(project):
    """An operator in a view is made before the view, whatever the order of the files."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/1.sql", "CREATE VIEW peers AS SELECT a.id FROM users a JOIN users b ON a.age <<>> b.age;")
    project.write("sql/2.sql", "CREATE OPERATOR <<>> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = near);")
    project.write(
        "sql/3.sql",
        "CREATE FUNCTION near(a integer, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT a = b $$;",
    )
    project.apply()
    project.settled()


# -- what still depends on it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alter", ["ALTER TABLE users DROP COLUMN age", "ALTER TABLE users ALTER COLUMN age TYPE bigint", "DROP TABLE users"]
)
def test_more_dependents_than_a_message_can_name_are_found(project, alter):
    """2BP01 and 0A000 out of a DO block; the DETAIL stops at 100 objects."""
    made = "CREATE TABLE users (id integer, name text, age bigint);" if "DROP" in alter else ""
    column = "name" if "DROP COLUMN" in alter else "age"
    project.write("migrations/001.sql", USERS)
    for number in range(130):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id, age FROM users;")
    project.apply()
    for number in range(130):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id, {column} FROM users;")
    again = f"EXECUTE '{made}';" if alter.startswith("DROP TABLE") else ""
    project.write("migrations/002.sql", f"DO $$ BEGIN EXECUTE '{alter}'; {again} END $$;")
    result, events = told(project)
    assert len({name for name, _ in edges(result)}) >= (130 if "TYPE" in alter or alter[-11:] == "TABLE users" else 1)
    assert len([event for event in events if isinstance(event, Started)]) <= 4  # one of them named leads to all
    project.settled()


def test_unmanaged_dependents_met_by_surprise_come_back(project):
    """With their comments and grants."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/ages.sql", "CREATE VIEW ages AS SELECT id, age FROM users;")
    project.apply()
    project.do(
        "CREATE VIEW mine AS SELECT age FROM ages",
        "COMMENT ON VIEW mine IS 'by hand'",
        "GRANT SELECT ON mine TO PUBLIC",
    )
    project.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users ALTER COLUMN age TYPE bigint'; END $$;")
    result, _ = told(project)
    assert edges(result)
    assert project.value("SELECT obj_description('mine'::regclass)") == "by hand"
    assert "=r/" in project.value("SELECT relacl::text FROM pg_class WHERE relname = 'mine'")
    assert project.value("SELECT pg_typeof(age)::text FROM mine UNION ALL SELECT 'bigint'") == "bigint"
    project.settled()


def test_the_result_of_learning_is_the_result_of_knowing(project, server, tmp_path_factory):
    """Two projects, one whose migration can be read and one whose cannot, end in the same database."""
    from tests.conftest import Case

    other = Case(tmp_path_factory.mktemp("known"), server.create())
    try:
        for case, text in (
            (project, "DO $$ BEGIN EXECUTE 'ALTER TABLE users ALTER COLUMN age TYPE bigint'; END $$;"),
            (other, "ALTER TABLE users ALTER COLUMN age TYPE bigint;"),
        ):
            case.write("migrations/001.sql", USERS)
            case.write(
                "sql/a.sql",
                "CREATE VIEW a AS SELECT id, age FROM users;\nCREATE VIEW b AS SELECT * FROM a;\nGRANT SELECT ON b TO PUBLIC;",
            )
            case.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT age FROM b;\nCREATE INDEX m_age ON m (age);")
            case.apply()
            case.write("migrations/002.sql", text)
            case.apply()
            case.settled()
        assert differences(dump(other.dsn), dump(project.dsn)) == []
    finally:
        server.drop(other.dsn)


# -- what is there already --------------------------------------------------------------------------------------


def test_objects_that_a_do_block_makes_are_brought_to_their_source(project):
    """42P07, 42723 and 42710."""
    made = (
        "CREATE VIEW v AS SELECT 1 AS one",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE mood AS ENUM (''fine'')".replace("''", "'"),
    )
    body = "".join("EXECUTE $x$" + text + "$x$;" for text in made)
    project.write("migrations/001.sql", f"DO $$ BEGIN {body} END $$;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one, 2 AS two;")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2';")
    project.write("sql/mood.sql", "CREATE TYPE mood AS ENUM ('fine');")
    result, _ = told(project)
    assert {name for name, _ in edges(result)} == {"view.v", "function.f()", "type.mood"}
    assert project.rows("SELECT * FROM v") == [(1, 2)]
    assert project.value("SELECT f()") == 2
    project.settled()


# -- what the server will not take in place ----------------------------------------------------------------------


def test_a_replacement_that_is_refused_becomes_a_recreation(project, monkeypatch):
    """42P16 and 42P13, where planning believed in a change in place."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, age FROM users;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT id FROM a;")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    project.apply()
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id, age::bigint AS age FROM users;")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';")
    from pgmg.model.plans.plan import Action
    from pgmg.planning.kinds.rules import AlterInPlace
    from pgmg.planning.schedule import decisions
    from pgmg.source.grammar.rewriting import or_replace

    judge = decisions.choose_strategy

    def credulous(case):
        verdict = judge(case)
        known = case.name.name in ("a", "f")
        return AlterInPlace(Action.REPLACE, (or_replace(case.source.sql),), "hope") if known else verdict

    monkeypatch.setattr(decisions, "choose_strategy", credulous)
    result, _ = told(project)
    monkeypatch.undo()
    assert [f"{s.step.action} {s.step.object}" for s in result.steps if s.step.object.name == "a"][:1] == [
        "drop view.a"
    ]
    assert project.value("SELECT pg_typeof(f())::text") == "bigint"
    project.settled()


# -- labels -----------------------------------------------------------------------------------------------------


def test_a_new_label_that_a_view_uses_gets_a_group_of_its_own(project):
    """55P04: a label cannot be used in the transaction that adds it."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, s text);")
    project.write("sql/status.sql", "CREATE TYPE status AS ENUM ('new', 'done');")
    project.write("sql/open.sql", "CREATE VIEW open AS SELECT id, s::status AS s FROM t WHERE s::status <> 'done';")
    project.apply()
    project.write("sql/status.sql", "CREATE TYPE status AS ENUM ('new', 'doing', 'done');")
    project.write(
        "sql/open.sql", "CREATE VIEW open AS SELECT s::status AS s FROM t WHERE s::status IN ('new', 'doing');"
    )
    result, _ = told(project)
    assert len(result.plan.groups) > 1
    for group in result.plan.groups[:-1]:  # a group makes again what it drops
        dropped = {s.object for s in group if s.action == "drop"}
        assert dropped <= {s.object for s in group if s.action in ("create", "restore")}
    project.settled()


def test_a_new_label_that_a_migration_uses_is_committed_before_it(project):
    """The migration waits for the type as its source has it."""
    project.write("sql/status.sql", "CREATE TYPE status AS ENUM ('new', 'done');")
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, s status);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT s FROM t;")
    project.apply()
    project.write("sql/status.sql", "CREATE TYPE status AS ENUM ('new', 'doing', 'done');")
    project.write("migrations/002.sql", "INSERT INTO t VALUES (1, 'doing');")
    project.apply()
    assert project.rows("SELECT s::text FROM v") == [("doing",)]
    project.settled()


def test_a_label_that_one_migration_adds_and_the_next_uses(project):
    """The migration that adds it gets a group of its own."""
    project.write("migrations/001.sql", "CREATE TYPE status AS ENUM ('new');\nCREATE TABLE t (id integer, s status);")
    project.apply()
    project.write("migrations/002.sql", "ALTER TYPE status ADD VALUE 'done';")
    project.write("migrations/003.sql", "INSERT INTO t VALUES (1, 'done');")
    result, _ = told(project)
    assert len(result.plan.groups) == 2
    assert project.rows("SELECT s::text FROM t") == [("done",)]
    project.settled()


def test_a_label_used_in_the_migration_that_adds_it_is_an_error_with_advice(project):
    """No order can mend that."""
    project.write("migrations/001.sql", "CREATE TYPE status AS ENUM ('new');\nCREATE TABLE t (id integer, s status);")
    project.apply()
    project.write("migrations/002.sql", "ALTER TYPE status ADD VALUE 'done';\nINSERT INTO t VALUES (1, 'done');")
    error = failure(project)
    assert error.sqlstate == "55P04"
    assert str(error.where) == "migrations/002.sql:2:26"
    assert "no-transaction" in error.hint


# -- errors as themselves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "where", "pointed", "words"),
    [
        ({"sql/a.sql": "CREATE VIEW a AS\nSELECT id,\n       nonsense\nFROM users;"}, "sql/a.sql:3:8", "nonsense", ["nonsense", "42703"]),
        ({"sql/a.sql": "CREATE VIEW ok AS SELECT 1;\n\n  CREATE VIEW a AS SELECT nonsense FROM users;"}, "sql/a.sql:3:27", "nonsense", []),
        ({"sql/a.sql": "CREATE VIEW a AS SELECT 'žluťoučký kůň 🐎' AS k, nonsense FROM users;"}, "sql/a.sql:1:49", "nonsense", []),
        (
            {"sql/f.sql": "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$\n  SELECT id\n  FROM users\n  WHERE nonsense\n$$;"},
            "sql/f.sql:4:9", "nonsense", ["42703"],
        ),
        (
            {"sql/f.sql": "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1\nEND $$;"},
            "sql/f.sql", "", [],
        ),
        (
            {"migrations/002.sql": "CREATE TABLE é (id integer);\nINSERT INTO é VALUES (1);\nSELECT 1;\n  SELECT nonsense FROM é;"},
            "migrations/002.sql:4:10", "nonsense", ["migration 002.sql"],
        ),
        (
            {"migrations/002.sql": "DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM nonsense FROM users;\nEND $$;"},
            "migrations/002.sql:4:11", "nonsense", [],
        ),
        (
            {"migrations/002.sql": "SELECT 1;\nDO $x$\nBEGIN\n  RAISE EXCEPTION 'no way' USING HINT = 'go elsewhere', DETAIL = 'because';\nEND $x$;"},
            "migrations/002.sql:4:3", "RAISE", ["no way", "DETAIL: because", "go elsewhere"],
        ),
        (
            {"migrations/002.sql": "INSERT INTO users VALUES (1, 'a', 1);\nINSERT INTO users VALUES (1, 'b', 2);"},
            "migrations/002.sql:2", "INSERT", ["users_pkey", "DETAIL: ", "23505"],
        ),
        (
            {"migrations/002.sql": "SELECT 1;\nCOPY users FROM stdin;\n1\tann\t30\n2\tbob\tmany\n\\.\n"},
            "migrations/002.sql:4", "2\tbob", ["many"],
        ),
    ],
)  # fmt: skip
def test_an_error_that_nothing_can_mend_names_its_place(project, files, where, pointed, words):
    """File, line and column, the line with a caret, DETAIL and HINT."""
    project.write("migrations/001.sql", USERS)
    project.apply()
    for path, text in files.items():
        project.write(path, text)
    try:
        error = failure(project)
    except pgmg.SourceErrors as found:  # the parser may know better already
        assert where in str(found)
        return
    assert str(error.where).startswith(where), str(error)
    assert error.where.text[error.where.column - 1 :].startswith(pointed), str(error)
    for word in words:
        assert word in f"{error} {error.sqlstate}", str(error)


def test_an_error_in_replaced_text_is_found_where_it_was_written(project):
    """OR REPLACE that pgmg puts in does not move the caret."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;")
    project.apply()
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT nonsense $$;")
    error = failure(project)
    assert str(error.where) == "sql/f.sql:1:63"
    assert error.where.caret().endswith("^")


def test_an_unmanaged_view_that_no_longer_compiles_fails_the_apply(project):
    """It is named, with the statement that would not run, and nothing has changed (rule 4.5)."""
    project.write("migrations/001.sql", USERS)
    project.apply()
    project.do("CREATE VIEW mine AS SELECT age || 'x' AS a FROM users", "CREATE VIEW upon AS SELECT a FROM mine")
    project.write("migrations/002.sql", "ALTER TABLE users DROP COLUMN age;")
    error = failure(project)
    assert "view.mine" in str(error)
    assert "STATEMENT: CREATE" in str(error)
    assert "--drop-unmanaged" in error.hint
    project.apply(drop_unmanaged=True)
    assert project.value("SELECT count(*) FROM pg_class WHERE relname IN ('mine', 'upon')") == 0
    project.settled()


def test_an_unmanaged_view_is_restored_in_the_words_that_a_do_block_left_it(project):
    """What was read for the plan speaks of a column that has another name by then."""
    project.write("migrations/001.sql", USERS)
    project.apply()
    project.do("CREATE VIEW mine AS SELECT age AS a FROM users", "CREATE POLICY old ON users USING (age > 1)")
    project.write("migrations/002.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users RENAME age TO years'; END $$;")
    project.write("migrations/003.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE users RENAME TO people'; END $$;")
    project.write("migrations/004.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE people ALTER years TYPE bigint'; END $$;")
    result, _ = told(project)
    assert {"view.mine", "policy.old on people"} <= {name for name, _ in edges(result)}
    assert "years AS a" in project.value("SELECT pg_get_viewdef('mine'::regclass)")
    assert project.value("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy") == "(years > 1)"
    project.settled()


RENAME, RETYPE = "ALTER TABLE users RENAME age TO years", "ALTER TABLE users ALTER years TYPE bigint"


def test_a_column_renamed_and_retyped_in_one_migration_under_an_unmanaged_view(project):
    """Its definition holds neither before nor after: it comes back in between, and goes again."""
    project.write("migrations/001.sql", USERS)
    project.apply()
    project.do("CREATE VIEW mine AS SELECT age AS a FROM users")
    project.write("migrations/002.sql", f"{RENAME};\n{RETYPE};")
    project.apply()
    assert project.value("SELECT data_type FROM information_schema.columns WHERE table_name = 'mine'") == "bigint"
    project.settled()


def test_a_column_renamed_and_retyped_in_one_statement_under_an_unmanaged_view_is_explained(project):
    """Nothing can be done in between."""
    project.write("migrations/001.sql", USERS)
    project.apply()
    project.do("CREATE VIEW mine AS SELECT age AS a FROM users")
    project.write("migrations/002.sql", f"DO $$ BEGIN {RENAME}; {RETYPE}; END $$;")
    error = failure(project)
    assert "view.mine" in str(error)
    assert "Rename in a migration before" in error.hint
    project.write("migrations/002.sql", f"{RENAME};")
    project.write("migrations/003.sql", f"{RETYPE};")
    project.apply()
    project.settled()


def test_a_lesson_that_leads_into_a_circle_reports_the_first_error(project):
    """A migration that needs a view which needs the migration's own table."""
    project.write("migrations/001.sql", "DO $$ BEGIN EXECUTE 'CREATE TABLE t AS SELECT * FROM ' || 'v'; END $$;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT * FROM t;")
    error = failure(project)
    assert error.sqlstate == "42P01"


def test_nothing_is_saved_in_savepoints(project):
    """The usual case pays nothing for learning (rule 8.3)."""
    from tests.applying import harm

    project.write("migrations/001.sql", USERS)
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT id FROM users;")
    moments = harm.Moments()
    with harm.watched(moments):
        project.apply()
    assert not [text for text in moments.said if "SAVEPOINT" in text.upper()]


# -- statements of one migration in each other's way --------------------------------------------------------------


READ_AND_ALTER = "CREATE TABLE copied AS SELECT * FROM names;\nALTER TABLE users ALTER COLUMN name TYPE varchar(9);"


@pytest.fixture
def named(project):
    """A project whose view was applied."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    return project


def test_a_migration_in_parts_is_recorded_once_and_as_itself(named):
    named.write("migrations/002.sql", READ_AND_ALTER)
    result, _ = told(named)
    assert [str(s.object) for s in result.plan.steps] == [
        "migration.002.sql:1",
        "view.names",
        "migration.002.sql:2",
        "view.names",
    ]
    assert [impact.name for impact in result.plan.migrations] == ["002.sql"]
    assert result.migrations_recorded == ("002.sql",)
    assert named.rows("SELECT name FROM pgmg_migrations ORDER BY name") == [("001.sql",), ("002.sql",)]
    assert result.discovered == ()  # it was known from the start
    named.settled()


def test_an_error_in_a_later_part_undoes_the_earlier_ones_and_names_its_place(named):
    named.write("migrations/002.sql", f"{READ_AND_ALTER}\nSELECT 1\n  FROM names WHERE no_such = 1;")
    error = failure(named)
    assert str(error.where) == "migrations/002.sql:4:20"
    assert error.message.startswith("migration 002.sql failed")
    assert named.rows("SELECT name FROM pgmg_migrations") == [("001.sql",)]


def test_a_temporary_table_lives_through_the_parts_of_its_migration(named):
    """And hides nothing from the steps in between."""
    named.do("INSERT INTO users VALUES (1, 'ann', 30)")
    named.write(
        "migrations/002.sql",
        READ_AND_ALTER.replace("CREATE TABLE copied", "CREATE TEMPORARY TABLE users")
        + "\nINSERT INTO public.users SELECT id + 1, name FROM users;",
    )
    named.write(
        "migrations/002.sql",
        (named.root / "migrations/002.sql").read_text().replace("ALTER TABLE users", "ALTER TABLE public.users"),
    )
    result, _ = told(named)
    assert len([step for step in result.plan.steps if step.migration is not None]) == 2
    assert named.rows("SELECT id, name FROM names ORDER BY id") == [(1, "ann"), (2, "ann")]
    named.settled()


def test_a_migration_runs_in_parts_beside_what_commits_by_itself(named):
    named.write("migrations/002.sql", READ_AND_ALTER)
    named.write("migrations/003.sql", "CREATE INDEX CONCURRENTLY users_age ON users (age);")
    result, _ = told(named)
    assert [step.group for step in result.plan.steps] == [1, 1, 1, 1, 2]
    assert result.migrations_recorded == ("002.sql", "003.sql")
    named.settled()


def test_dynamic_sql_finds_a_view_after_an_alteration(named):
    """A DO block may name anything: what was dropped for the statement before it is created before it runs."""
    named.write(
        "migrations/002.sql",
        "ALTER TABLE users ALTER COLUMN name TYPE varchar(9);\n"
        "DO $$ BEGIN EXECUTE 'CREATE TABLE copied AS SELECT * FROM na' || 'mes'; END $$;",
    )
    result, _ = told(named)
    assert result.discovered == ()
    assert named.rows("SELECT name FROM pgmg_migrations ORDER BY name") == [("001.sql",), ("002.sql",)]
    named.settled()


# -- what an earlier migration of the same plan makes ---------------------------------------------------------------


def test_what_an_earlier_migration_makes_is_saved_from_a_later_one(project):
    """Built from nothing: no catalog knew the view when the plan was made, its statement says what it reads."""
    project.write("migrations/001.sql", f"{USERS} CREATE VIEW names AS SELECT name FROM users;")
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(9);")
    result, events = told(project)
    assert result.discovered == ()
    steps = [(s.action.value, str(s.object), s.managed) for s in result.plan.steps]
    assert steps == [
        ("migrate", "migration.001.sql", True),
        ("drop", "view.names", False),
        ("migrate", "migration.002.sql", True),
        ("restore", "view.names", False),
    ]
    assert [type(event) for event in events].count(Started) == 1
    project.settled()


def test_what_an_earlier_migration_makes_in_vain_is_an_error(project):
    """A view that no longer compiles is not lost in silence (rule 4.5)."""
    project.write("migrations/001.sql", f"{USERS} CREATE VIEW names AS SELECT upper(name) AS name FROM users;")
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE integer USING 1;")
    error = failure(project)
    assert error.object == "view.names"


def test_a_migration_without_transaction_finds_what_it_reads_and_alters_below_it(named):
    """What a statement cannot run under is dropped in that statement's own transaction, and created before it ends."""
    named.write("migrations/002.sql", f"-- pgmg: no-transaction\n{READ_AND_ALTER}")
    result, _ = told(named)
    assert [(s.group, str(s.object)) for s in result.plan.steps] == [
        (1, "migration.002.sql:2"),
        (2, "view.names"),
        (2, "migration.002.sql:3"),
        (2, "view.names"),
    ]
    assert named.value("SELECT count(*) FROM copied") == 0
    named.settled()


def test_a_source_that_does_not_hold_between_two_migrations_is_told(project):
    """The second migration reads the view; its old query has lost a column by then, and its new one lacks one still."""
    project.write("migrations/1.sql", USERS)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, age FROM users;")
    project.apply()
    project.write("migrations/2.sql", "ALTER TABLE users DROP COLUMN age;")
    project.write("migrations/3.sql", "CREATE TABLE copied AS SELECT id FROM v;")
    project.write("migrations/4.sql", "ALTER TABLE users ADD COLUMN born date;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, born FROM users;")
    error = failure(project)
    assert str(error.where) == "sql/v.sql:1:29"
    assert "3.sql may need view.v" in error.hint
