"""What a migration does to which objects, what it needs, and how its statements are sent."""

import pytest

from pgmg.model.sources.source import StatementKind
from tests.source.reading import effects, migration, needs, problem, problems


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # tables
        ("ALTER TABLE app.t ADD COLUMN a int", ["add_column table app.t.a"]),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", ["add_column table t.a if exists"]),
        ("ALTER TABLE IF EXISTS t DROP COLUMN IF EXISTS a CASCADE", ["drop_column table t.a if exists cascade"]),
        ("ALTER TABLE t ALTER a TYPE bigint USING f(a)", ["retype_column table t.a"]),
        ("ALTER TABLE t RENAME COLUMN a TO b", ["rename_column table t.a -> b"]),
        ("ALTER TABLE t RENAME TO u", ["rename table t -> u"]),
        ("ALTER TABLE t SET SCHEMA app", ["set_schema table t -> app"]),
        ("ALTER TABLE t DROP CONSTRAINT c", ["drop_constraint table t.c"]),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", ["touch table t.a -> b"]),
        ("ALTER TABLE t ADD CHECK (a > 0)", ["touch table t"]),
        ("ALTER TABLE t ALTER a SET DEFAULT 1, ALTER b DROP NOT NULL", ["set_default table t.a", "touch table t.b"]),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY, OWNER TO x", ["touch table t", "touch table t"]),
        ("ALTER TABLE t SET (fillfactor = 70), ALTER a SET STORAGE plain", ["touch table t", "touch table t.a"]),
        ("ALTER TABLE t INHERIT p", ["reshape table t"]),
        ("ALTER TABLE t NO INHERIT p", ["reshape table t"]),
        ("ALTER TABLE t OF c", ["reshape table t"]),
        ("ALTER TABLE t NOT OF", ["reshape table t"]),
        ("ALTER TABLE t ALTER a SET EXPRESSION AS (b + 1)", ["set_default table t.a"]),
        ("ALTER TABLE t ALTER a DROP EXPRESSION", ["set_default table t.a"]),
        ("ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)", ["reshape table t", "reshape table p"]),
        ("ALTER TABLE t DETACH PARTITION p", ["reshape table t", "reshape table p"]),
        ("ALTER FOREIGN TABLE f ADD a int", ["add_column table f.a"]),
        ("ALTER TABLE t ADD a int, DROP b", ["add_column table t.a", "drop_column table t.b"]),
        ("CREATE TABLE app.t (a int)", ["create table app.t"]),
        ("CREATE TABLE t AS SELECT 1", ["create table t"]),
        ("SELECT 1 AS a INTO t", ["create table t"]),
        ("CREATE FOREIGN TABLE f (a int) SERVER s", ["create table f"]),
        ("CREATE TABLE p PARTITION OF t DEFAULT", ["create table p", "touch table t"]),
        ("DROP TABLE IF EXISTS a, app.b CASCADE", ["drop table a if exists cascade", "drop table app.b if exists cascade"]),
        ("DROP FOREIGN TABLE f", ["drop table f"]),
        # sequences, which serial and identity columns make too
        ("CREATE SEQUENCE s", ["create sequence s"]),
        ("ALTER SEQUENCE s RESTART", ["touch sequence s"]),
        ("DROP SEQUENCE s", ["drop sequence s"]),
        ("CREATE TABLE app.t (a serial)", ["create table app.t", "create sequence app.t_a_seq"]),
        ("ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY", ["add_column table t.a", "create sequence t_a_seq"]),
        # views
        ("CREATE VIEW v AS SELECT 1", ["create view v"]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", ["replace view v"]),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", ["create materialized_view m"]),
        ("ALTER VIEW v RENAME COLUMN a TO b", ["rename_column view v.a -> b"]),
        ("ALTER VIEW IF EXISTS v RENAME TO w", ["rename view v -> w if exists"]),
        ("ALTER VIEW v ALTER a SET DEFAULT 1", ["set_default view v.a"]),
        ("ALTER VIEW v SET (security_barrier)", ["touch view v"]),
        ("ALTER MATERIALIZED VIEW m SET SCHEMA s", ["set_schema materialized_view m -> s"]),
        ("DROP VIEW v", ["drop view v"]),
        ("DROP MATERIALIZED VIEW m", ["drop materialized_view m"]),
        # routines
        ("CREATE FUNCTION f(int) RETURNS int RETURN 1", ["create function f(int4)"]),
        ("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC END", ["replace procedure p()"]),
        ("CREATE AGGREGATE a(int) (SFUNC = f, STYPE = int)", ["create aggregate a(int4)"]),
        ("ALTER FUNCTION f(int) STABLE", ["alter function f(int4)"]),
        ("ALTER FUNCTION f(int) RENAME TO g", ["rename function f(int4) -> g"]),
        ("ALTER ROUTINE f SET SCHEMA app", ["set_schema function f -> app"]),
        ("ALTER FUNCTION f() OWNER TO x", ["touch function f()"]),
        ("DROP FUNCTION IF EXISTS f(int), g", ["drop function f(int4) if exists", "drop function g if exists"]),
        ("DROP AGGREGATE a(*)", ["drop aggregate a()"]),
        # types
        ("CREATE TYPE e AS ENUM ('a')", ["create type e"]),
        ("CREATE TYPE c AS (a int)", ["create type c"]),
        ("CREATE TYPE r AS RANGE (subtype = int)", ["create type r", "create type r_multirange"]),
        ("CREATE TYPE app.s", ["create type app.s"]),
        ("CREATE TYPE b (INPUT = i, OUTPUT = o)", ["create type b"]),
        ("ALTER TYPE e ADD VALUE 'x'", ["alter type e"]),
        ("ALTER TYPE e RENAME VALUE 'x' TO 'y'", ["alter type e"]),
        ("ALTER TYPE e RENAME TO f", ["rename type e -> f"]),
        ("ALTER TYPE app.e SET SCHEMA s", ["set_schema type app.e -> s"]),
        ("ALTER TYPE c ADD ATTRIBUTE a int, DROP ATTRIBUTE b CASCADE", ["add_column type c.a", "drop_column type c.b cascade"]),
        ("ALTER TYPE c ALTER ATTRIBUTE a TYPE int", ["retype_column type c.a"]),
        ("ALTER TYPE c RENAME ATTRIBUTE a TO b", ["rename_column type c.a -> b"]),
        ("DROP TYPE a, b", ["drop type a", "drop type b"]),
        ("CREATE DOMAIN d AS int", ["create domain d"]),
        ("ALTER DOMAIN d ADD CHECK (VALUE > 0)", ["alter domain d"]),
        ("ALTER DOMAIN d DROP CONSTRAINT c", ["alter domain d.c"]),
        ("ALTER DOMAIN d RENAME CONSTRAINT a TO b", ["touch domain d.a -> b"]),
        ("ALTER DOMAIN d RENAME TO e", ["rename domain d -> e"]),
        # what stands on a table
        ("CREATE INDEX i ON app.t (a)", ["touch table app.t", "create index app.i on table app.t"]),
        ("CREATE INDEX ON t (a)", ["touch table t"]),
        ("ALTER INDEX i RENAME TO j", ["rename index i -> j"]),
        ("DROP INDEX app.i", ["drop index app.i"]),
        ("CREATE TRIGGER a BEFORE INSERT ON t EXECUTE FUNCTION f()", ["create trigger a on table t", "touch table t"]),
        ("CREATE OR REPLACE TRIGGER a BEFORE INSERT ON t EXECUTE FUNCTION f()", ["replace trigger a on table t", "touch table t"]),
        ("ALTER TRIGGER a ON t RENAME TO b", ["rename trigger a on table t -> b"]),
        ("DROP TRIGGER a ON app.t", ["drop trigger a on table app.t"]),
        ("CREATE POLICY p ON t", ["create policy p on table t", "touch table t"]),
        ("ALTER POLICY p ON t USING (true)", ["alter policy p on table t"]),
        ("ALTER POLICY p ON t RENAME TO q", ["rename policy p on table t -> q"]),
        ("DROP POLICY IF EXISTS p ON t", ["drop policy p on table t if exists"]),
        ("CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING", ["create rule r on table v", "touch table v"]),
        ("DROP RULE r ON v", ["drop rule r on table v"]),
        # everything else that has a name
        ("CREATE STATISTICS s ON a, b FROM t", ["create statistics s"]),
        ("ALTER STATISTICS s SET STATISTICS 1", ["touch statistics s"]),
        ("CREATE OPERATOR ### (RIGHTARG = int, FUNCTION = f)", ["create operator ###(NONE, int4)"]),
        ("ALTER OPERATOR ### (NONE, int) SET SCHEMA s", ["set_schema operator ###(NONE, int4) -> s"]),
        ("DROP OPERATOR ### (NONE, int)", ["drop operator ###(NONE, int4)"]),
        ("CREATE OPERATOR FAMILY f USING btree", ["create operator_family f / btree"]),
        ("DROP OPERATOR CLASS app.c USING btree", ["drop operator_class app.c / btree"]),
        ("CREATE CAST (int AS x) WITH INOUT", ["create cast (int4, x)"]),
        ("DROP CAST (int AS x)", ["drop cast (int4, x)"]),
        ("CREATE COLLATION c FROM d", ["create collation c"]),
        ("ALTER COLLATION c RENAME TO d", ["rename collation c -> d"]),
        ("ALTER TEXT SEARCH DICTIONARY d (a = b)", ["alter text_search_dictionary d"]),
        ("ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple", ["alter text_search_configuration c"]),
        ("DROP TEXT SEARCH CONFIGURATION c", ["drop text_search_configuration c"]),
        ("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", ["create event_trigger e"]),
        ("ALTER EVENT TRIGGER e DISABLE", ["touch event_trigger e"]),
        ("CREATE SCHEMA s", ["create schema s"]),
        ("CREATE SCHEMA AUTHORIZATION r", ["create schema r"]),
        ("ALTER SCHEMA a RENAME TO b", ["rename schema a -> b"]),
        ("DROP SCHEMA s CASCADE", ["drop schema s cascade"]),
        ("CREATE EXTENSION e", ["create extension e"]),
        ("DROP EXTENSION e", ["drop extension e"]),
        ("COMMENT ON VIEW v IS 'x'", ["touch view v"]),
        ("GRANT SELECT ON v TO a", ["touch table v"]),
    ],
)  # fmt: skip
def test_every_statement_says_what_it_does(sql, expected):
    assert effects(sql) == expected


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1", "INSERT INTO t VALUES (1)", "SET a.b = 1", "DO ''", "CALL p()", "VACUUM", "ALTER ROLE r RENAME TO s", "ALTER DATABASE d RENAME TO e", "DROP SERVER s", "DROP ROLE r", "DROP OWNED BY r", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO a", "NOTIFY x", "GRANT SELECT ON ALL TABLES IN SCHEMA s TO a", "GRANT a TO b"],
)  # fmt: skip
def test_some_statements_alter_nothing_that_has_a_name(sql):
    assert effects(sql) == []


def test_a_schema_brings_what_it_is_created_with():
    sql = "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT * FROM t CREATE INDEX i ON t (a)"
    assert effects(sql) == [
        "create schema s",
        "create table s.t",
        "create view s.v",
        "touch table s.t",
        "create index s.i on table s.t",
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE t (a app.e DEFAULT f(1) CHECK (g(a)), b int GENERATED ALWAYS AS (h(a)) STORED, c text COLLATE app.de)", ["collation app.de", "routine f", "routine g", "routine h", "type app.e"]),
        ("CREATE TABLE t (LIKE app.l, FOREIGN KEY (b) REFERENCES app.u) INHERITS (app.p)", ["relation app.l", "relation app.p", "relation app.u"]),
        ("CREATE TABLE t (EXCLUDE USING gist (a app.oc WITH app.&&))", ["operator app.&&", "operator_class app.oc"]),
        ("CREATE TABLE p PARTITION OF app.q FOR VALUES FROM (f(1)) TO (2)", ["relation app.q", "routine f"]),
        ("CREATE TABLE q (a int) PARTITION BY RANGE (f(a) app.oc)", ["operator_class app.oc", "routine f"]),
        ("CREATE TABLE t OF app.c", ["type app.c"]),
        ("CREATE TABLE t AS SELECT * FROM v", ["relation v *"]),
        ("ALTER TABLE t ADD a app.e DEFAULT f(), ALTER b TYPE app.x USING g(b), ALTER c SET DEFAULT h()", ["routine f", "routine g", "routine h", "type app.e", "type app.x"]),
        ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", ["relation u"]),
        ("ALTER DOMAIN d ADD CHECK (f(VALUE))", ["routine f"]),
        ("CREATE INDEX CONCURRENTLY i ON app.t (f(a))", ["relation app.t", "routine f"]),
        ("CREATE TRIGGER a BEFORE INSERT ON t EXECUTE FUNCTION f()", ["relation t", "routine f()"]),
        ("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", ["routine f()"]),
        ("CREATE POLICY p ON t USING (f(a))", ["relation t", "routine f"]),
        ("ALTER POLICY p ON t USING (f(a))", ["routine f"]),
        ("CREATE AGGREGATE a(int) (SFUNC = f, STYPE = app.x)", ["routine f", "type app.x"]),
        ("CREATE CAST (int AS app.x) WITH FUNCTION f(int)", ["routine f(int4)", "type app.x"]),
        ("CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = app.x, FUNCTION = f)", ["routine f(int4, app.x)", "type app.x"]),
        ("CREATE TYPE r AS RANGE (subtype = app.x, subtype_diff = f)", ["routine f", "type app.x"]),
        ("GRANT SELECT ON app.v TO a", ["relation app.v"]),
        ("GRANT EXECUTE ON FUNCTION f(int) TO a", ["routine f(int4)"]),
        ("COMMENT ON VIEW v IS 'x'", ["relation v"]),
        ("REFRESH MATERIALIZED VIEW m", ["relation m"]),
        ("INSERT INTO t SELECT a FROM v WHERE f(b)", ["relation t *", "relation v", "routine f"]),
        ("TRUNCATE a, b", ["relation a", "relation b"]),
        ("COPY v TO '/x'", ["relation v"]),
        ("COPY (SELECT * FROM v) TO '/x'", ["relation v *"]),
        ("CALL p(f(1))", ["routine f", "routine p"]),
        ("EXPLAIN ANALYZE SELECT a FROM v", ["relation v"]),
        ("SELECT setval('s', 1)", ["relation s", "routine setval"]),
        ("DO $$ BEGIN PERFORM f() FROM v; END $$", ["~relation v", "~routine f"]),
        ("DO LANGUAGE plpython3u 'select from v'", []),
        ("CREATE FUNCTION f(app.t) RETURNS int LANGUAGE sql AS 'SELECT a FROM v'", ["type app.t", "~relation v"]),
        # what is altered or dropped itself is another matter
        ("DROP VIEW v", []),
        ("ALTER TABLE t RENAME TO u", []),
        ("ALTER VIEW v RENAME COLUMN a TO b", []),
        ("ALTER TABLE t ADD a int", []),
        ("ALTER FUNCTION f() SET SCHEMA s", []),
        ("ALTER TYPE e ADD VALUE 'x'", []),
    ],
)  # fmt: skip
def test_a_migration_needs_what_its_statements_use(sql, expected):
    assert needs(sql) == expected


@pytest.mark.parametrize(
    "made",
    ["CREATE TEMP TABLE t (a int)", "CREATE TEMPORARY TABLE t AS SELECT 1 AS a", "SELECT 1 AS a INTO TEMP t", "CREATE TEMP VIEW t AS SELECT 1 AS a", "CREATE TABLE pg_temp.t (a int)"],
)  # fmt: skip
def test_a_temporary_relation_is_nobody_elses(made):
    sql = (
        f"{made}; INSERT INTO t SELECT a FROM pg_temp.t; ALTER TABLE t ADD b int; CREATE INDEX i ON t (a); DROP TABLE t"
    )
    assert (effects(sql), needs(sql)) == ([], [])


def test_after_a_temporary_relation_is_gone_its_name_means_the_other_again():
    sql = "CREATE TEMP TABLE t (a int); ALTER TABLE t RENAME TO u; DROP TABLE u; ALTER TABLE t DROP a; SELECT b FROM u"
    assert (effects(sql), needs(sql)) == (["drop_column table t.a"], ["relation u"])


def test_a_relation_of_a_schema_is_never_the_temporary_one():
    assert effects("CREATE TEMP TABLE t (a int); ALTER TABLE public.t DROP a") == ["drop_column table public.t.a"]


def test_a_need_that_is_hard_once_is_hard():
    assert needs("DO 'BEGIN PERFORM f(); END'; SELECT f()") == ["routine f"]


# --- how statements are sent


def kinds(sql):
    return [statement.kind for statement in migration(sql).statements]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE, CONCURRENTLY) INDEX i",
        "REINDEX SCHEMA s",
        "REINDEX DATABASE d",
        "VACUUM",
        "VACUUM FULL t",
        "CLUSTER",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "ALTER SYSTEM SET a = 1",
        "CREATE DATABASE d",
        "DROP DATABASE d",
        "ALTER DATABASE d SET TABLESPACE x",
        "CREATE TABLESPACE x LOCATION '/y'",
        "DROP TABLESPACE x",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p",
        "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
        "DROP SUBSCRIPTION s",
        "DISCARD ALL",
    ],
)
def test_what_cannot_run_in_a_transaction_stands_outside(sql):
    assert kinds(sql) == [StatementKind.OUTSIDE]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX i ON t (a)",
        "DROP INDEX i",
        "REINDEX TABLE t",
        "REINDEX (CONCURRENTLY false) INDEX i",
        "ANALYZE t",
        "CLUSTER t USING i",
        "ALTER TABLE t DETACH PARTITION p",
        "ALTER TYPE e ADD VALUE 'x'",
        "ALTER DATABASE d SET a = 1",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (connect = false)",
        "ALTER SUBSCRIPTION s DISABLE",
        "DISCARD TEMP",
        "COPY t FROM '/x'",
        "COPY t TO stdout",
    ],
)
def test_everything_else_runs_in_one(sql):
    assert kinds(sql) == [StatementKind.PLAIN]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("BEGIN; SELECT 1; COMMIT;", "skipped plain skipped"),
        ("start transaction isolation level serializable; SELECT 1; end", "skipped plain skipped"),
        (
            "SET a.b = 1; SELECT set_config('a.c', '1', false); BEGIN; SELECT 1; COMMIT",
            "plain plain skipped plain skipped",
        ),
        ("BEGIN; COMMIT", "skipped skipped"),
    ],
)
def test_a_pair_around_everything_is_skipped(sql, expected):
    assert kinds(sql) == expected.split()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("BEGIN; SELECT 1; COMMIT; SELECT 2", ["BEGIN", "COMMIT"]),
        ("SELECT 1; BEGIN; SELECT 2; COMMIT", ["BEGIN", "COMMIT"]),
        ("BEGIN; SELECT 1; ROLLBACK", ["BEGIN", "ROLLBACK"]),
        ("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT", ["COMMIT", "BEGIN"]),
        ("BEGIN; SELECT 1; COMMIT AND CHAIN", ["BEGIN", "COMMIT"]),
        ("SAVEPOINT a; RELEASE a", ["SAVEPOINT", "RELEASE"]),
        ("COMMIT", ["COMMIT"]),
        ("BEGIN", ["BEGIN"]),
        ("PREPARE TRANSACTION 'x'", ["PREPARE"]),
    ],
)
def test_other_transaction_control_is_refused(sql, words):
    found = [message for _, message in problems(sql, migration)]
    assert found == [f"{word} controls a transaction that is pgmg's" for word in words]


def test_the_refusal_says_how_to_be_without_a_transaction():
    found = problem("SELECT 1;\nCOMMIT", migration)
    assert str(found.where) == "migrations/001_first.sql:2:1"
    assert "-- pgmg: no-transaction" in found.hint


def test_a_migration_may_state_all_privileges_itself():
    assert migration("-- the beginning\n--pgmg: built-in-privileges\nSELECT 1").built_in_privileges
    assert not migration("SELECT 1;\n-- pgmg: built-in-privileges").built_in_privileges


def test_without_a_transaction_everything_is_the_files_own_business():
    found = migration("-- pgmg: no-transaction\nBEGIN; SELECT 1; COMMIT; VACUUM")
    assert found.no_transaction
    assert [statement.kind for statement in found.statements] == ["plain", "plain", "plain", "outside"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("1\ta\n2\tb\n\\.\n", "1\ta\n2\tb\n"),
        ("\\.\n", ""),
        ("-- 1;\n'\n\\.", "-- 1;\n'\n"),
        ("", ""),
        ("1\n2", "1\n2"),
    ],
)
def test_inline_data_of_copy_are_kept_as_they_are(text, data):
    (statement,) = migration(f"COPY t (a, b) FROM stdin;\n{text}").statements
    assert (statement.kind, statement.sql, statement.data) == ("copy_in", "COPY t (a, b) FROM stdin", data)


def test_statements_after_data_are_read_on():
    sql = "COPY t FROM stdin WITH (FORMAT csv);\nBEGIN;\n\\.\n\nALTER TABLE t DROP a;\nCOPY u FROM stdin;\n\\.\n"
    assert kinds(sql) == ["copy_in", "plain", "copy_in"]
    assert str(migration(sql).statements[1].location) == "migrations/001_first.sql:5:1"


def test_statements_are_sent_as_they_are_written():
    sql = "-- a\nSELECT '%s', ':x', 'é' /* b */ ; -- c\nSELECT 2"
    assert [statement.sql for statement in migration(sql).statements] == ["SELECT '%s', ':x', 'é'", "SELECT 2"]
