"""Views that the server stores in other words than their files are adopted without executing anything (rule 3.1)."""

from __future__ import annotations

import pytest
from psycopg import conninfo

from pgmg.model.plans.plan import ChangeKind

TABLES = """
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE users (id integer PRIMARY KEY, mail varchar(80), code char(3), amount numeric(10, 2), born date, p pair);
CREATE TABLE log (id integer, said text, at timestamptz DEFAULT now());
"""
QUERIES = [
    "SELECT * FROM users",
    "TABLE log",
    "SELECT u.*, 1 AS one FROM users u",
    "SELECT * FROM users NATURAL JOIN log",
    "SELECT * FROM users JOIN log USING (id)",
    "SELECT id FROM users WHERE mail = 'x'",
    "SELECT id FROM users WHERE code = 'abc' OR mail IN ('a', 'b')",
    "SELECT id FROM users WHERE amount > 1",
    "SELECT amount * 2 AS twice, amount / 3 AS third FROM users",
    "SELECT coalesce(mail, 'none') AS mail, mail || code AS both FROM users",
    "SELECT (p).* FROM users",
    "SELECT extract(year FROM born) AS year, born + 1 AS next FROM users",
    "SELECT id FROM log WHERE at > '2020-01-01' AND at < now() - '1 day'::interval",
    "SELECT CASE mail WHEN 'x' THEN 1 ELSE 2.5 END AS n FROM users",
    "SELECT id, mail FROM users UNION ALL SELECT id, said FROM log",
    "SELECT x.* FROM (SELECT * FROM log WHERE said LIKE 'a%') x ORDER BY 1 LIMIT 3",
    "WITH w AS (SELECT * FROM users) SELECT count(*) FILTER (WHERE amount >= 10) FROM w",
    "SELECT sum(amount) OVER (PARTITION BY mail ORDER BY born) AS total FROM users WHERE id = ANY ('{1,2}')",
    "VALUES (1, 'x'), (2, NULL)",
]
OTHER = {
    "'x'": "'y'", "'abc'": "'abd'", "'a%'": "'b%'", "(year": "(month", "> 1": "> 2", "* 2": "* 3", "'none'": "'no'",
    "'1 day'": "'2 days'", "'2020": "'2021",
}  # fmt: skip
"""Edits after which the server stores another query."""


def other(query):
    """Return a query that is another one for the server."""
    if query == "TABLE log":
        return "TABLE users"
    found = next((old for old in OTHER if old in query), None)
    return query.replace(found, OTHER[found]) if found else f"{query} LIMIT 5"


def views(kind, query=lambda text: text):
    return "".join(f"CREATE {kind} v{number} AS {query(text)};\n" for number, text in enumerate(QUERIES))


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_every_spelling_of_what_is_stored_is_adopted_and_nothing_is_executed(project, kind):
    project.do(TABLES, views(kind))
    project.write("sql/views.sql", views(kind))
    plan = project.plan()
    assert [f"{step.action} {step.object}" for step in plan.steps] == []
    assert [change.change for change in plan.changes] == [ChangeKind.ADOPTED] * len(QUERIES)
    before = project.rows("SELECT oid, relfilenode FROM pg_class WHERE relname ~ '^v[0-9]+$' ORDER BY oid")
    project.apply()
    assert project.rows("SELECT oid, relfilenode FROM pg_class WHERE relname ~ '^v[0-9]+$' ORDER BY oid") == before
    project.settled()


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_every_real_difference_is_seen(project, kind):
    project.do(TABLES, views(kind, other))
    project.write("sql/views.sql", views(kind))
    assert {str(step.object) for step in project.plan().steps} >= {
        f"{kind.lower().replace(' ', '_')}.v{number}" for number in range(len(QUERIES))
    }
    project.apply()
    project.settled()
    for number, text in enumerate(QUERIES):
        project.do(f"CREATE TEMPORARY VIEW wanted AS {text}; DO $$ BEGIN ASSERT pg_get_viewdef('wanted'::regclass) ="
        f" pg_get_viewdef('v{number}'::regclass); END $$; DROP VIEW wanted")  # fmt: skip


def test_recursive_views_and_named_columns(project):
    texts = (
        "CREATE RECURSIVE VIEW numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10;",
        "CREATE VIEW named (a, b) AS SELECT * FROM log;",
        "CREATE MATERIALIZED VIEW kept (a) AS SELECT * FROM log;",
    )
    project.do(TABLES, *texts)
    project.write("sql/views.sql", "\n".join(texts))
    assert project.plan().steps == ()
    project.write("sql/views.sql", "\n".join(texts).replace("n < 10", "n < 11").replace("(a, b)", "(a)"))
    assert {str(step.object) for step in project.plan().steps} == {"view.numbers", "view.named"}


def test_a_star_over_what_grows_is_read_anew(project):
    project.do(TABLES, "CREATE VIEW one AS SELECT id FROM log", "CREATE VIEW two AS SELECT * FROM one")
    project.write("sql/views.sql", "CREATE VIEW one AS SELECT id, said FROM log; CREATE VIEW two AS SELECT * FROM one;")
    project.apply()
    columns = project.rows("SELECT attname FROM pg_attribute WHERE attrelid = 'two'::regclass AND attnum > 0")
    assert columns == [("id",), ("said",)]
    project.settled()


def test_where_nothing_temporary_may_be_created_it_is_made_again(project):
    """Whoever cannot ask does what is right either way."""
    project.do(TABLES, "CREATE VIEW v AS SELECT * FROM log")
    project.do("CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$")
    project.do("CREATE EVENT TRIGGER watching ON ddl_command_start EXECUTE FUNCTION on_ddl()")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT * FROM log;")
    project.apply()
    project.settled()


ASKED = {
    "view.v": "CREATE VIEW v AS SELECT * FROM log WHERE said IN ('a', 'b')",
    "function.f(character varying)": "CREATE FUNCTION f(s varchar(3)) RETURNS varchar(3) LANGUAGE sql RETURN s",
    "policy.p on users": "CREATE POLICY p ON users USING (mail IN ('a', 'b'))",
}
HINDERED = {
    "temporary objects": ["REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"],
    "plpgsql": ["DROP EXTENSION plpgsql"],
}


@pytest.mark.parametrize("lacking", HINDERED)
def test_what_cannot_be_asked_is_said_and_planned(project, server, lacking):
    role = f"asker_{conninfo.conninfo_to_dict(project.dsn)['dbname']}"
    database = conninfo.conninfo_to_dict(project.dsn)["dbname"]
    project.do(TABLES, *ASKED.values(), *(text.format(database=database) for text in HINDERED[lacking]))
    project.write("sql/all.sql", ";\n".join(ASKED.values()) + ";\n")
    server.admin.execute(f"CREATE ROLE {role} LOGIN")
    try:
        with project.open(connection_string=conninfo.make_conninfo(project.dsn, user=role)) as opened:
            plan = opened.plan()
    finally:
        server.admin.execute(f"DROP ROLE {role}")
    (said,) = [notice.message for notice in plan.warnings if notice.code == "unasked"]
    steps = {str(step.object) for step in plan.steps}
    assert steps == ASKED.keys() - ({"view.v"} if lacking == "plpgsql" else set())
    assert lacking in said
    assert all(name in said for name in steps)


def test_a_role_that_only_reads_asks_all_the_same(project, server):
    role = f"reader_{conninfo.conninfo_to_dict(project.dsn)['dbname']}"
    project.do(TABLES, *ASKED.values())
    project.write("sql/all.sql", ";\n".join(ASKED.values()) + ";\n")
    server.admin.execute(f"CREATE ROLE {role} LOGIN")
    server.admin.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    try:
        project.do(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        with project.open(connection_string=conninfo.make_conninfo(project.dsn, user=role)) as opened:
            plan = opened.plan()
        project.do(f"DROP OWNED BY {role}")
    finally:
        server.admin.execute(f"DROP ROLE {role}")
    assert plan.steps == ()
    assert {str(change.object) for change in plan.changes} == set(ASKED)


BESIDE = {
    "v": "CREATE VIEW v AS SELECT * FROM users",
    "w": "CREATE VIEW w AS SELECT * FROM log",
    "r": "CREATE RULE r AS ON DELETE TO users DO ALSO INSERT INTO audit VALUES (OLD.id)",
    "s": "CREATE RULE s AS ON DELETE TO log DO ALSO INSERT INTO audit VALUES (OLD.id)",
    "i": "CREATE INDEX i ON users (id) WHERE mail = 'x'",
    "f": "CREATE PROCEDURE f() LANGUAGE sql BEGIN ATOMIC INSERT INTO audit VALUES (kept(1)); END",
}


@pytest.mark.parametrize(
    ("migration", "expected"),
    [
        ("CREATE TABLE more (id integer)", set()),
        ("ALTER TABLE log ADD COLUMN note text", {"view.w", "rule.s on log"}),
        ("CREATE FUNCTION kept(bigint) RETURNS integer LANGUAGE sql AS 'SELECT 1'", {"procedure.f()"}),
        ("INSERT INTO log VALUES (1, 'x')", set()),
        ("CREATE TABLE app.audit (id integer)", {"rule.r on users", "rule.s on log", "procedure.f()"}),
        ("DO 'BEGIN END'", {"view.v", "view.w", "rule.r on users", "rule.s on log", "index.i", "procedure.f()"}),
    ],
)
def test_what_no_pending_migration_is_about_is_adopted(project, migration, expected):
    """Whatever may mean another thing afterwards is not asked about, and replaced or recreated."""
    kept = "CREATE FUNCTION kept(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    project.do(TABLES, "CREATE SCHEMA app", "CREATE TABLE audit (id integer, at timestamptz DEFAULT now())", kept)
    project.do(*BESIDE.values())
    project.write("migrations/001.sql", f"{migration};")
    project.write("sql/all.sql", ";\n".join(BESIDE.values()) + ";")
    steps = {str(step.object) for step in project.plan().steps}
    assert steps - {"migration.001.sql"} == expected
    project.apply()
    project.settled()
    columns = project.rows("SELECT attname FROM pg_attribute WHERE attrelid = 'w'::regclass AND attnum > 3")
    assert columns == ([("note",)] if "note" in migration else [])
