"""Objects that only the server knows of, because a migration of the same plan creates them (rules 4.5, 8).

The ground truth is the same project applied one migration at a time.
"""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

import pgmg
from pgmg.applying.failing.failure import Failure
from pgmg.model.database.server_facts import NO_FACTS, StatementId
from pgmg.model.results.events import ServerNotice
from tests.oracle import differences, dump

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, c integer);\nINSERT INTO t VALUES (1, 2);"
OLD = "CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a $$;"
NEW = "CREATE FUNCTION f(a text) RETURNS bigint LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT count(*) FROM later; END;"
"""The result changes, and the new body needs a table that a later migration creates."""

USERS_OF_FUNCTION = {
    "check": "ALTER TABLE t ADD CONSTRAINT k CHECK (f('x') IS NOT NULL)",
    "default": "ALTER TABLE t ALTER c SET DEFAULT (f('x') IS NULL)::integer",
    "index": "CREATE INDEX i ON t ((f(c::text)))",
    "policy": "CREATE POLICY p ON t USING (f('x') IS NOT NULL)",
    "rule": "CREATE RULE r AS ON UPDATE TO t WHERE f('x') IS NULL DO INSTEAD NOTHING",
    "trigger": "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (f('x') IS NULL) EXECUTE FUNCTION noted()",
    "view": "CREATE VIEW v AS SELECT f('x') AS x",
    "materialized view": "CREATE MATERIALIZED VIEW m AS SELECT f('x') AS x",
    "view on view": "CREATE VIEW v AS SELECT f('x') AS x; CREATE VIEW w AS SELECT * FROM v; GRANT SELECT ON w TO PUBLIC",
}
USERS_OF_COLUMN = {
    "view": "CREATE VIEW v AS SELECT c FROM t",
    "materialized view": "CREATE MATERIALIZED VIEW m AS SELECT c FROM t; CREATE UNIQUE INDEX i ON m (c)",
    "policy": "CREATE POLICY p ON t USING (c > 0)",
    "function": "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql RETURN (SELECT c FROM t)",
    "rule": "CREATE RULE r AS ON UPDATE TO t WHERE new.c > 3 DO INSTEAD NOTHING",
    "trigger": "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (new.c > 3) EXECUTE FUNCTION noted()",
    "view on view": "CREATE VIEW v AS SELECT c FROM t; CREATE VIEW w AS SELECT * FROM v; COMMENT ON VIEW w IS 'said'",
}
NOTED = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;"


def dynamic(sql: str) -> str:
    """Return a DO block that executes statements; nobody can read them before it runs."""
    executed = "".join(f"EXECUTE $q${one}$q$; " for one in sql.split("; "))
    return f"DO $do$ BEGIN {executed}END $do$;"


@pytest.mark.parametrize("spelled", [str, dynamic])
@pytest.mark.parametrize("kind", USERS_OF_FUNCTION)
def test_a_function_is_recreated_below_a_migrations_object(portions, kind, spelled):
    done = portions(
        {"migrations/1.sql": f"{TABLE}\n{NOTED}", "sql/f.sql": OLD},
        {"migrations/2.sql": spelled(USERS_OF_FUNCTION[kind]) + ";"},
        {"migrations/3.sql": "CREATE TABLE later (id integer);", "sql/f.sql": NEW},
    )
    assert "function.f(text)" in {str(s.step.object) for s in done.steps if s.step.action is pgmg.Action.DROP}


@pytest.mark.parametrize("kind", USERS_OF_COLUMN)
def test_a_column_changes_its_type_below_a_migrations_object(portions, kind):
    done = portions(
        {"migrations/1.sql": f"{TABLE}\n{NOTED}"},
        {"migrations/2.sql": dynamic(USERS_OF_COLUMN[kind])},
        {"migrations/3.sql": "ALTER TABLE t ALTER c TYPE bigint;"},
    )
    assert any(s.step.action is pgmg.Action.RESTORE for s in done.steps)


def test_a_migration_creates_it_and_another_one_recreates_it(portions):
    """The text of the first names the constraint; that of the second does not."""
    portions(
        {"migrations/1.sql": TABLE, "sql/f.sql": OLD},
        {"migrations/2.sql": "ALTER TABLE t ADD CONSTRAINT k CHECK (f('x') IS NOT NULL);"},
        {
            "migrations/3.sql": dynamic(
                "ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT k CHECK (f('y') > '')"
            )
        },
        {
            "migrations/4.sql": "CREATE TABLE later (id integer);",
            "sql/f.sql": OLD.replace("text LANGUAGE", "varchar LANGUAGE"),
        },
        {"migrations/5.sql": "ALTER FUNCTION f(text) COST 7;"},
    )


GENERATED = "ALTER TABLE t ADD g text GENERATED ALWAYS AS (f('x')) STORED"


@pytest.mark.parametrize("since", ["before", "in the open", "unread"])
def test_what_no_plan_can_restore_is_refused(project, since):
    """A generated column keeps its function; nothing has changed afterwards.

    PostgreSQL 14 drops such a column along with its function, without a word.
    """
    project.write("migrations/1.sql", TABLE)
    project.write("sql/f.sql", OLD)
    project.apply()
    if since == "before":
        project.write("migrations/2.sql", f"{GENERATED};")
        project.apply()
    before = dump(project.dsn)
    if since != "before":
        project.write("migrations/2.sql", dynamic(GENERATED) if since == "unread" else f"{GENERATED};")
    project.write("migrations/3.sql", "CREATE TABLE later (id integer);")
    project.write("sql/f.sql", NEW)
    with pytest.raises(pgmg.PgmgError, match="generated column"):
        project.apply()
    assert differences(before, dump(project.dsn)) == []


def test_a_definition_is_known_though_its_row_was_written_by_hand(portions, project, other):
    """GRANT writes the row of the catalog whose version state has; a DO block then changes the definition."""
    project.write("sql/f.sql", OLD)
    other.write("sql/f.sql", OLD)
    for one in (project, other):
        one.apply()
        one.do("GRANT EXECUTE ON FUNCTION f(text) TO PUBLIC")
    portions(
        {"migrations/1.sql": TABLE},
        {"migrations/2.sql": "CREATE INDEX CONCURRENTLY i ON t (c);"},
        {"migrations/3.sql": dynamic("ALTER FUNCTION f(text) COST 7")},
    )
    assert other.value("SELECT procost FROM pg_proc WHERE proname = 'f'") == 100


@pytest.mark.parametrize("kind", USERS_OF_COLUMN)
def test_a_column_changes_its_type_outside_a_transaction(project, other, kind):
    """A DO block of a migration whose statements commit one by one: the server names what blocks it.

    The ground truth is the same migration inside a transaction.
    """
    statements = dynamic("ALTER TABLE t ALTER c TYPE bigint") + "\nINSERT INTO t VALUES (2, 3);\n"
    for one, head in ((project, ""), (other, "-- pgmg: no-transaction\n")):
        one.write("migrations/1.sql", f"{TABLE}\n{NOTED}\n{USERS_OF_COLUMN[kind]};")
        one.apply()
        one.write("migrations/2.sql", head + statements)
        one.apply()
        one.settled()
    assert differences(dump(project.dsn, rows=True), dump(other.dsn, rows=True)) == []


MOVED = {
    "schema": "ALTER {kind} {name} SET SCHEMA elsewhere",
    "name": "ALTER {kind} {name} RENAME TO renamed",
    "both": "ALTER {kind} {name} SET SCHEMA elsewhere; ALTER {kind} elsewhere.{name} RENAME TO renamed",
}
MADE = {
    "VIEW": "CREATE VIEW u AS SELECT c FROM t; ALTER VIEW u ALTER COLUMN c SET DEFAULT 7",
    "MATERIALIZED VIEW": "CREATE MATERIALIZED VIEW u AS SELECT c FROM t; CREATE UNIQUE INDEX i ON u (c)",
    "FUNCTION": "CREATE FUNCTION u() RETURNS bigint LANGUAGE sql RETURN (SELECT c FROM t)",
}
SAID = "COMMENT ON {kind} {name} IS 'said'; GRANT ALL ON {granted} {name} TO PUBLIC; GRANT ALL ON {granted} {name} TO {role}"


@pytest.mark.parametrize("since", ["before", "in the open", "unread"])
@pytest.mark.parametrize("move", MOVED)
@pytest.mark.parametrize("kind", MADE)
def test_what_a_do_block_moves_keeps_its_properties(role, portions, kind, move, since):
    """An object that no file declares gets another name or schema unread, and a later migration blocks on it."""
    portions(*_moved(kind, move, since, role("moved")))


@pytest.mark.parametrize("kind", MADE)
def test_what_a_committed_do_block_moves_keeps_its_properties(role, portions, kind):
    """The later migration runs outside a transaction: the plan knew nothing of the move when it was committed."""
    portions(*_moved(kind, "both", "in the open", role("moved"), "-- pgmg: no-transaction\n"))


def _moved(kind: str, move: str, since: str, role: str, head: str = "") -> list[dict[str, str]]:
    granted, name = ("FUNCTION", "u()") if kind == "FUNCTION" else ("TABLE", "u")
    made = f"{MADE[kind]}; {SAID.format(kind=kind, name=name, granted=granted, role=role)}"
    files = {
        "migrations/1.sql": f"{TABLE}\nCREATE SCHEMA elsewhere;",
        "migrations/2.sql": dynamic(made) if since == "unread" else f"{made};",
        "migrations/3.sql": dynamic(MOVED[move].format(kind=kind, name="u")),
        "migrations/4.sql": f"{head}ALTER TABLE t ALTER c TYPE bigint;",
    }
    first = [f"migrations/{number}.sql" for number in ((1, 2) if since == "before" else (1,))]
    return [{path: files[path] for path in first}, *({path: files[path]} for path in files if path not in first)]


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_what_an_earlier_transaction_recreated_is_not_lost_with_a_column(project, kind):
    """A block drops a column and all that reads it; what reads it was dropped and created by the group before."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer, b integer);")
    project.write("sql/v.sql", f"CREATE {kind} v AS SELECT * FROM t;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT * FROM v;")
    project.apply()
    project.do("GRANT SELECT ON w TO PUBLIC")
    alone = "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (id);\nALTER TABLE t DROP COLUMN a;\n"
    project.write("migrations/002.sql", alone)
    project.write("migrations/003.sql", "DO $$ BEGIN EXECUTE 'ALTER TABLE t DROP COLUMN b CASCADE'; END $$;")
    project.apply()
    project.settled()
    assert project.value("SELECT has_table_privilege('public', 'w', 'SELECT')")


def test_what_a_block_changes_of_what_an_earlier_transaction_created_is_brought_to_its_source(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.apply()
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;")
    project.write("migrations/002.sql", "INSERT INTO t SELECT f();")
    project.write("migrations/003.sql", "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (id);")
    project.write("migrations/004.sql", "DO $$ BEGIN EXECUTE 'ALTER FUNCTION f() COST 7'; END $$;")
    project.apply()
    assert project.value("SELECT procost FROM pg_proc WHERE proname = 'f'") == 100
    project.settled()


def test_a_plan_that_was_made_again_tells_its_new_warnings(project):
    """The function's former definition names the column: that it cannot be restored between, only the server says."""
    body = "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM {}; END;"
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer);")
    project.write("sql/f.sql", body.format("t"))
    project.apply()
    alone = "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (id);\nALTER TABLE t DROP COLUMN a;\n"
    project.write("migrations/002.sql", alone)
    project.write("migrations/003.sql", "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;")
    project.write("migrations/004.sql", "ALTER TABLE t RENAME TO u;")
    project.write("sql/f.sql", body.format("u").replace("SETOF t", "SETOF u"))
    events = []
    with project.open() as opened:
        plan = opened.plan()
        opened.apply(plan, yes=True, listener=events.append)
    told = [event.message for event in events if isinstance(event, ServerNotice)]
    assert not [notice for notice in plan.warnings if notice.message in told]
    assert any("f() does not exist while 003.sql:1 runs" in message for message in told), told
    project.settled()


def test_what_a_block_moves_may_be_dropped_under_its_new_name(project):
    project.write("migrations/001.sql", "CREATE SCHEMA other; CREATE TABLE t (id integer, a integer);")
    project.apply()
    project.write("migrations/002.sql", "CREATE VIEW made AS SELECT id FROM t;")
    project.write("migrations/003.sql", "DO $$ BEGIN EXECUTE 'ALTER VIEW made SET SCHEMA other'; END $$;")
    project.write("migrations/004.sql", "DROP VIEW other.made;")
    alone = (
        "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\nALTER TABLE t ALTER COLUMN id TYPE bigint;\n"
    )
    project.write("migrations/005.sql", alone)
    project.apply()
    project.settled()
    assert project.value("SELECT count(*) FROM pg_views WHERE viewname = 'made'") == 0


@pytest.mark.parametrize("name", ["g", "f"])
def test_a_function_over_a_namesake_of_another_schema_is_dropped_before_it(project, name):
    project.write("migrations/001.sql", "CREATE SCHEMA other; CREATE TABLE t (id integer);")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql RETURN (SELECT max(id) FROM t);")
    project.apply()
    project.write("sql/g.sql", f"CREATE FUNCTION other.{name}() RETURNS text LANGUAGE sql RETURN public.f()::text;")
    project.write(
        "migrations/002.sql", f"DO $$ BEGIN EXECUTE 'GRANT EXECUTE ON FUNCTION other.{name}() TO PUBLIC'; END $$;"
    )
    project.write("migrations/003.sql", "ALTER TABLE t ALTER COLUMN id TYPE bigint;")
    project.apply()
    project.settled()


CREATORS = {
    "a block": (dynamic("CREATE VIEW u AS SELECT 1"), "CREATE TABLE filler (id integer);"),
    "a called function": ("SELECT noted_now();", "GRANT SELECT ON t TO PUBLIC;"),
    "an extension": ("CREATE EXTENSION IF NOT EXISTS plpgsql;", "CREATE TABLE filler (id integer);"),
}


@pytest.mark.parametrize("creator", CREATORS)
def test_the_last_statement_that_may_have_created_it_is_held_to_have_done_so(project, creator):
    """Statements that say all that they create have not created what no text names."""
    unread, named = CREATORS[creator]
    noted = "CREATE FUNCTION noted_now() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; END $$;"
    project.write("migrations/1.sql", f"{TABLE}\n{noted}")
    project.apply()
    project.write("migrations/2.sql", f"CREATE TABLE first (id integer);\n{unread}\n{named}")
    project.write("migrations/3.sql", named.replace("filler", "filled"))
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM t;")
    plan = project.plan()
    step = plan.steps[-1]
    assert step.migration is None
    assert _failure_at(step, plan).last_creator == StatementId("2.sql", 2, 1)
    without = replace(plan, steps=tuple(s for s in plan.steps if "2.sql" not in str(s.object)))
    moved = replace(step, number=len(without.steps))
    assert _failure_at(moved, without).last_creator == StatementId("3.sql", 1, 1), "there is no other"


def _failure_at(step, plan) -> Failure:
    return Failure(psycopg.Error(), step, 0, plan, NO_FACTS, None, None, "public")


MANY = 12
UNSEEN = {
    "trigger": ("CREATE TRIGGER g{0} BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noted()", "TRIGGER g{0} ON t"),
    "view": ("CREATE VIEW v{0} AS SELECT c + {0} AS c FROM t", "VIEW v{0}"),
    "materialized view": ("CREATE MATERIALIZED VIEW m{0} AS SELECT c + {0} AS c FROM t", "MATERIALIZED VIEW m{0}"),
    "function": ("CREATE FUNCTION f{0}(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + {0}'", "FUNCTION f{0}"),
    "policy": ("CREATE POLICY p{0} ON t USING (c > {0})", "POLICY p{0} ON t"),
    "domain": ("CREATE DOMAIN d{0} AS integer CHECK (VALUE > {0})", "DOMAIN d{0}"),
    "aggregate": ("CREATE AGGREGATE a{0}(integer) (SFUNC = int4pl, STYPE = integer)", "AGGREGATE a{0}(integer)"),
}


UNSEEN_CASES = [(kind, False) for kind in UNSEEN] + [
    (kind, True) for kind in ("trigger", "view", "function", "aggregate")
]


@pytest.mark.parametrize(("kind", "gone"), UNSEEN_CASES)
def test_who_creates_many_declared_objects_unseen_costs_few_attempts(project, other, kind, gone):
    """A migration of each half; the one after them may take an object away, which `CREATE OR REPLACE` creates again."""
    create, name = UNSEEN[kind]
    first = {"migrations/1.sql": f"{TABLE}\n{NOTED}"}
    halves = [
        {f"migrations/{half}.sql": dynamic("; ".join(create.format(n) for n in range(half * MANY, (half + 1) * MANY)))}
        for half in (2, 3)
    ]
    last = {"migrations/4.sql": dynamic(f"DROP {name.format(2 * MANY)}") if gone else "SELECT 1;"}
    code = {f"sql/{n}.sql": create.format(n) + ";" for n in range(2 * MANY, 4 * MANY)}
    for path, text in first.items():
        project.write(path, text)
    project.apply()
    for files in (*halves, last, code):
        for path, text in files.items():
            project.write(path, text)
    started = []
    with project.open() as opened:
        opened.apply(
            listener=lambda event: started.append(event) if isinstance(event, pgmg.Started) else None, yes=True
        )
    assert len(started) <= 6
    project.settled()
    for path, text in {**first, **code}.items():
        other.write(path, text)
    other.apply()
    assert differences(dump(other.dsn), dump(project.dsn)) == []


OF_KIND = {
    "MATERIALIZED VIEW": {
        "comment": "COMMENT ON MATERIALIZED VIEW v IS 'told';",
        "owner": "ALTER MATERIALIZED VIEW v SET (fillfactor = 70);",
        "refresh": "REFRESH MATERIALIZED VIEW v;",
        "index": "CREATE UNIQUE INDEX i ON v (id);",
        "block": dynamic("REFRESH MATERIALIZED VIEW v"),
    },
    "VIEW": {
        "comment": "COMMENT ON VIEW v IS 'told';",
        "owner": "ALTER VIEW v SET (security_barrier);",
        "rule": "CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING;",
        "trigger": "CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION noted();",
        "block": dynamic("ALTER VIEW v ALTER COLUMN id SET DEFAULT 7"),
    },
}


@pytest.mark.parametrize("schema", ["public", "elsewhere"])
@pytest.mark.parametrize(("kind", "about"), [(kind, about) for kind in OF_KIND for about in OF_KIND[kind]])
def test_a_statement_about_the_new_kind_of_a_view_runs_after_its_creation(project, other, kind, about, schema):
    """The ground truth is a database that has had the new kind from the beginning."""
    before = next(one for one in OF_KIND if one != kind)
    new = f"CREATE {kind} {schema}.v AS SELECT id FROM t;\nGRANT SELECT ON {schema}.v TO PUBLIC;"
    for one in (project, other):
        one.write("migrations/1.sql", f"{TABLE}\n{NOTED}\nCREATE SCHEMA elsewhere;")
        one.write("sql/v.sql", new if one is other else new.replace(f"CREATE {kind}", f"CREATE {before}"))
        one.apply()
        one.write("migrations/2.sql", OF_KIND[kind][about].replace(" v", f" {schema}.v"))
        one.write("sql/v.sql", new)
        one.apply()
        one.settled()
    assert differences(dump(other.dsn, rows=True), dump(project.dsn, rows=True)) == []
