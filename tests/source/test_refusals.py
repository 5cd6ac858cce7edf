"""Whatever the parser accepts and a code folder does not hold is refused by name, never skipped (rule 1.4)."""

import pytest

from pgmg.errors import RefusedStatement
from pgmg.source.grammar.parser import pb
from tests.source.reading import code, problem, problems

WORDS = {
    "CREATE TABLE t (a int)": "CREATE TABLE",
    "CREATE TEMP TABLE t (a int)": "CREATE TABLE",
    "CREATE TABLE t AS SELECT 1": "CREATE TABLE AS",
    "SELECT * INTO t FROM x": "SELECT INTO",
    "CREATE SEQUENCE s": "CREATE SEQUENCE",
    "ALTER SEQUENCE s RESTART": "ALTER SEQUENCE",
    "CREATE SCHEMA s": "CREATE SCHEMA",
    "CREATE SCHEMA s CREATE VIEW v AS SELECT 1": "CREATE SCHEMA",
    "CREATE EXTENSION e": "CREATE EXTENSION",
    "ALTER EXTENSION e UPDATE": "ALTER EXTENSION",
    "CREATE ROLE r": "CREATE ROLE",
    "CREATE USER r": "CREATE ROLE",
    "ALTER ROLE r LOGIN": "ALTER ROLE",
    "ALTER ROLE r SET x = 1": "ALTER ROLE SET",
    "DROP ROLE r": "DROP ROLE",
    "CREATE DATABASE d": "CREATE DATABASE",
    "ALTER DATABASE d SET x = 1": "ALTER DATABASE SET",
    "DROP DATABASE d": "DROP DATABASE",
    "CREATE TABLESPACE t LOCATION '/x'": "CREATE TABLESPACE",
    "DROP TABLESPACE t": "DROP TABLESPACE",
    "INSERT INTO t VALUES (1)": "INSERT",
    "UPDATE t SET a = 1": "UPDATE",
    "DELETE FROM t": "DELETE",
    "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE": "MERGE",
    "TRUNCATE t": "TRUNCATE",
    "COPY t FROM '/x'": "COPY",
    "COPY t FROM stdin;\n1\n\\.\n": "COPY",
    "DO $$ BEGIN END $$": "DO",
    "CALL p()": "CALL",
    "SELECT 1": "SELECT",
    "SELECT f() FROM t": "SELECT",
    "VALUES (1)": "SELECT",
    "EXPLAIN SELECT 1": "EXPLAIN",
    "VACUUM": "VACUUM",
    "ANALYZE t": "ANALYZE",
    "CLUSTER t": "CLUSTER",
    "REINDEX TABLE t": "REINDEX",
    "CHECKPOINT": "CHECKPOINT",
    "LOCK TABLE t": "LOCK",
    "BEGIN": "BEGIN",
    "START TRANSACTION": "START TRANSACTION",
    "COMMIT": "COMMIT",
    "END": "COMMIT",
    "ROLLBACK": "ROLLBACK",
    "SAVEPOINT x": "SAVEPOINT",
    "PREPARE TRANSACTION 'x'": "PREPARE TRANSACTION",
    "SET CONSTRAINTS ALL DEFERRED": "SET CONSTRAINTS",
    "SET TRANSACTION READ ONLY": "SET TRANSACTION",
    "DECLARE c CURSOR FOR SELECT 1": "DECLARE CURSOR",
    "FETCH c": "FETCH",
    "CLOSE c": "CLOSE",
    "PREPARE p AS SELECT 1": "PREPARE",
    "EXECUTE p": "EXECUTE",
    "DEALLOCATE p": "DEALLOCATE",
    "LISTEN x": "LISTEN",
    "NOTIFY x": "NOTIFY",
    "UNLISTEN x": "UNLISTEN",
    "LOAD 'x'": "LOAD",
    "DISCARD ALL": "DISCARD",
    "SHOW x": "SHOW",
    "REFRESH MATERIALIZED VIEW m": "REFRESH MATERIALIZED VIEW",
    "SECURITY LABEL ON VIEW v IS 'x'": "SECURITY LABEL",
    "CREATE FOREIGN TABLE f (a int) SERVER s": "CREATE FOREIGN TABLE",
    "CREATE SERVER s FOREIGN DATA WRAPPER f": "CREATE FOREIGN SERVER",
    "CREATE FOREIGN DATA WRAPPER f": "CREATE FOREIGN DATA WRAPPER",
    "CREATE USER MAPPING FOR r SERVER s": "CREATE USER MAPPING",
    "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y": "IMPORT FOREIGN SCHEMA",
    "CREATE PUBLICATION p": "CREATE PUBLICATION",
    "ALTER PUBLICATION p ADD TABLE t": "ALTER PUBLICATION",
    "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p": "CREATE SUBSCRIPTION",
    "CREATE LANGUAGE l": "CREATE LANGUAGE",
    "CREATE LANGUAGE l HANDLER h": "CREATE LANGUAGE",
    "CREATE ACCESS METHOD a TYPE INDEX HANDLER h": "CREATE ACCESS METHOD",
    "CREATE TRANSFORM FOR x LANGUAGE l (FROM SQL WITH FUNCTION f(internal))": "CREATE TRANSFORM",
    "CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f": "CREATE CONVERSION",
    "ALTER TABLE t ADD a int": "ALTER TABLE",
    "ALTER TABLE t ADD a int, OWNER TO b": "ALTER TABLE",
    "ALTER VIEW v SET (security_barrier)": "ALTER VIEW",
    "ALTER MATERIALIZED VIEW v ALTER a SET DEFAULT 1": "ALTER MATERIALIZED VIEW",
    "ALTER VIEW v ALTER a DROP DEFAULT": "ALTER … DROP DEFAULT",
    "ALTER MATERIALIZED VIEW m CLUSTER ON i": "ALTER MATERIALIZED VIEW",
    "ALTER INDEX i SET (fillfactor = 1)": "ALTER INDEX",
    "ALTER TYPE e ADD VALUE 'b'": "ALTER TYPE",
    "ALTER TYPE c ADD ATTRIBUTE a int": "ALTER TYPE",
    "ALTER DOMAIN d SET NOT NULL": "ALTER DOMAIN",
    "ALTER FUNCTION f() STABLE": "ALTER FUNCTION",
    "ALTER PROCEDURE p() SET a = b": "ALTER PROCEDURE",
    "ALTER VIEW v RENAME TO w": "ALTER … RENAME",
    "ALTER TRIGGER a ON t RENAME TO b": "ALTER … RENAME",
    "ALTER VIEW v SET SCHEMA s": "ALTER … SET SCHEMA",
    "ALTER FUNCTION f() DEPENDS ON EXTENSION e": "ALTER … DEPENDS ON EXTENSION",
    "ALTER POLICY p ON t TO x": "ALTER POLICY",
    "ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (int, int)": "ALTER OPERATOR FAMILY",
    "ALTER OPERATOR + (int, int) SET (RESTRICT = NONE)": "ALTER OPERATOR",
    "ALTER COLLATION c REFRESH VERSION": "ALTER COLLATION",
    "ALTER STATISTICS s SET STATISTICS 1": "ALTER STATISTICS",
    "ALTER TEXT SEARCH DICTIONARY d (a = b)": "ALTER TEXT SEARCH DICTIONARY",
    "ALTER TABLE ALL IN TABLESPACE x SET TABLESPACE y": "ALTER … ALL IN TABLESPACE",
    "ALTER SYSTEM SET x = 1": "ALTER SYSTEM",
    "ALTER FOREIGN DATA WRAPPER f OWNER TO bob": "ALTER FOREIGN DATA WRAPPER … OWNER TO",
    "ALTER LARGE OBJECT 12 OWNER TO bob": "ALTER LARGE OBJECT … OWNER TO",
    "DROP TABLE t": "DROP TABLE",
    "DROP VIEW v": "DROP VIEW",
    "DROP MATERIALIZED VIEW m": "DROP MATERIALIZED VIEW",
    "DROP SERVER IF EXISTS s": "DROP FOREIGN SERVER",
    "DROP OWNED BY x": "DROP OWNED",
    "REASSIGN OWNED BY x TO y": "REASSIGN OWNED",
}


@pytest.mark.parametrize(("sql", "words"), WORDS.items(), ids=WORDS)
def test_what_belongs_in_a_migration_is_refused_by_its_name(sql, words):
    found = problem(f"\n  {sql}")
    assert isinstance(found, RefusedStatement)
    assert (str(found.where), found.message) == (
        "sql/a.sql:2:3",
        f"{words} does not belong under the code folder, but in a migration",
    )
    assert found.hint


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("BEGIN", "one transaction"),
        ("REFRESH MATERIALIZED VIEW m", "pgmg fills"),
        ("ALTER TYPE e ADD VALUE 'b'", "CREATE TYPE"),
        ("ALTER VIEW v RENAME TO w", "Change the name where"),
        ("ALTER FUNCTION f() STABLE", "CREATE FUNCTION"),
        ("ALTER VIEW v SET (security_barrier)", "CREATE statement"),
        ("DROP VIEW v", "no longer declared"),
        ("DROP TABLE t", "migrations folder"),
        ("CREATE TABLE t ()", "migrations folder"),
    ],
)
def test_a_refusal_says_what_to_do_instead(sql, word):
    assert word in problem(sql).hint


def test_everything_that_is_refused_is_in_one_report():
    found = problems("CREATE TABLE t ();\nCREATE VIEW v AS SELECT 1;\nINSERT INTO t VALUES (1);\nDO '';")
    assert [where for where, _ in found] == ["1:1", "3:1", "4:1"]


def test_no_statement_of_the_grammar_is_without_a_name():
    from pgmg.source.grammar.offsets import Located
    from pgmg.source.grammar.statements import ParsedStatement
    from pgmg.source.refused_statements import name_of

    for field in pb.Node.DESCRIPTOR.fields:
        if field.name.endswith("_stmt"):
            tree = getattr(pb.Node(), field.name)
            name = name_of(ParsedStatement(field.name, tree, "SQL", "", Located("a.sql", "SQL"), 0))
            assert name, field.name


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1",
        "DROP VIEW IF EXISTS app.v CASCADE; CREATE VIEW v AS SELECT 1",
        "DROP VIEW IF EXISTS v, w; CREATE VIEW v AS SELECT 1; CREATE VIEW w AS SELECT 1",
        "DROP VIEW IF EXISTS v; CREATE MATERIALIZED VIEW v AS SELECT 1",
        "DROP TABLE IF EXISTS v; CREATE VIEW v AS SELECT 1",
        "DROP FUNCTION IF EXISTS f(int); CREATE FUNCTION f(text) RETURNS int RETURN 1",
        "DROP FUNCTION IF EXISTS f; CREATE PROCEDURE f() BEGIN ATOMIC END",
        "DROP TYPE IF EXISTS t; CREATE DOMAIN t AS int",
        "DROP TRIGGER IF EXISTS a ON t; CREATE TRIGGER a BEFORE INSERT ON app.t EXECUTE FUNCTION f()",
        "DROP POLICY IF EXISTS p ON t; CREATE POLICY p ON t",
        "DROP CAST IF EXISTS (int AS app.x); CREATE CAST (int AS app.x) WITH INOUT",
        "DROP OPERATOR IF EXISTS ### (int, int); CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = f)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON m (a)",
        "DROP AGGREGATE IF EXISTS a(int); CREATE AGGREGATE a(int) (SFUNC = f, STYPE = int)",
        "DROP OPERATOR CLASS IF EXISTS c USING btree; CREATE OPERATOR CLASS c FOR TYPE x USING btree AS STORAGE y",
    ],
)
def test_drop_if_exists_is_understood_before_what_is_created(sql):
    assert len(code(sql)) == sql.count("CREATE")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW IF EXISTS v",
        "DROP VIEW v; CREATE VIEW v AS SELECT 1",
        "DROP VIEW IF EXISTS a.v; CREATE VIEW b.v AS SELECT 1",
        "DROP VIEW IF EXISTS v, w; CREATE VIEW v AS SELECT 1",
        "DROP TRIGGER IF EXISTS a ON u; CREATE TRIGGER a BEFORE INSERT ON t EXECUTE FUNCTION f()",
        "DROP CAST IF EXISTS (int AS app.x); CREATE CAST (int AS app.y) WITH INOUT",
        "DROP FUNCTION IF EXISTS v(); CREATE VIEW v AS SELECT 1",
        "DROP SCHEMA IF EXISTS v; CREATE VIEW v AS SELECT 1",
    ],
)
def test_any_other_drop_is_refused(sql):
    assert problem(sql).message.startswith("DROP ")


def test_a_drop_after_the_creation_is_refused_where_it_stands():
    assert problems("CREATE VIEW v AS SELECT 1;\nDROP VIEW IF EXISTS v, v") == [
        ("2:1", "DROP VIEW does not belong under the code folder, but in a migration")
    ]
