"""What the database has already, as it is declared, is taken over, and nothing is executed (rule 3.1)."""

from __future__ import annotations

import pytest

from pgmg.errors import SourceErrors
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import ChangeKind

MIGRATION = """
CREATE SCHEMA app;
CREATE TABLE users (id integer PRIMARY KEY, name text, mail varchar(80), age integer, active boolean, born date, tags text[]);
CREATE TABLE log (id integer, said text);
CREATE TABLE parted (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
"""

CODE = {
    Kind.VIEW: [
        "CREATE VIEW v1 AS SELECT id, name FROM users",
        "CREATE OR REPLACE VIEW app.v2 (a, b) WITH (security_barrier) AS SELECT u.id, count(*) FROM public.users u GROUP BY u.id",
        "CREATE VIEW v3 AS SELECT n, t.s FROM (VALUES (1, 'x')) AS t (n, s) WHERE n BETWEEN 1 AND 3 AND s IN ('x', 'y') AND s LIKE 'x%'",
        "CREATE VIEW v4 AS SELECT id FROM users WHERE age > 3 WITH CHECK OPTION",
        "CREATE VIEW v6 AS SELECT count(*), max(age), coalesce(name, 'x'), 'y'::text, age + 1 FROM users GROUP BY name, age",
    ],
    Kind.MATERIALIZED_VIEW: [
        "CREATE MATERIALIZED VIEW m1 AS SELECT concat('a', 1), count(*) FROM users",
        "CREATE MATERIALIZED VIEW m2 (first, second) AS SELECT id, users.name AS other FROM users",
        ("CREATE MATERIALIZED VIEW app.m3 WITH (fillfactor = 70) AS SELECT u.id, l.said FROM users AS u LEFT OUTER JOIN log l ON u.id = l.id"
        " WHERE u.age BETWEEN 3 AND 30 AND NOT u.active AND u.id IN (1, 2, 3) WITH NO DATA"),
        "CREATE MATERIALIZED VIEW m4 AS SELECT id FROM users WHERE active UNION SELECT id FROM log WHERE said NOT IN ('x') ORDER BY 1",
        ("CREATE MATERIALIZED VIEW m5 AS WITH few AS (SELECT id, row_number() OVER (PARTITION BY active ORDER BY age DESC) FROM users)"
        " SELECT few.id, CASE WHEN row_number > 3 THEN 'many' ELSE 'few' END AS how FROM few WHERE EXISTS (SELECT FROM log WHERE log.id = few.id)"),
    ],
    Kind.FUNCTION: [
        "CREATE FUNCTION f1(n integer, s varchar = 'x') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT s || n'",
        "CREATE FUNCTION app.f2(INOUT a int, OUT b text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, public AS $$ BEGIN b := a; END $$",
        "CREATE FUNCTION f3() RETURNS TABLE (a integer, b text) ROWS 10 COST 5 STABLE LANGUAGE sql BEGIN ATOMIC SELECT id, name FROM users; END",
        "CREATE FUNCTION on_change() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
        "CREATE FUNCTION same_as(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'",
        "CREATE FUNCTION amount_of(money_of) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).amount $$",
        "CREATE FUNCTION gap(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT a - b'",
    ],
    Kind.PROCEDURE: ["CREATE PROCEDURE p1(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$"],
    Kind.AGGREGATE: ["CREATE AGGREGATE total(int) (STYPE = int, SFUNC = int4pl, initcond = '0')"],
    Kind.TYPE: [
        "CREATE TYPE kind AS ENUM ('a', 'b')",
        "CREATE TYPE money_of AS (amount numeric(10, 2), currency varchar)",
        "CREATE TYPE own_range AS RANGE (subtype = float8, subtype_diff = gap)",
    ],
    Kind.DOMAIN: ["CREATE DOMAIN short AS text DEFAULT 'x' NOT NULL CHECK (VALUE <> '') CONSTRAINT known CHECK (VALUE IN ('x', 'y'))"],
    Kind.OPERATOR: ["CREATE OPERATOR === (FUNCTION = same_as, RIGHTARG = int, LEFTARG = int, COMMUTATOR = ===, HASHES)"],
    Kind.OPERATOR_FAMILY: ["CREATE OPERATOR FAMILY fam USING hash"],
    Kind.OPERATOR_CLASS: ["CREATE OPERATOR CLASS cls FOR TYPE int USING hash FAMILY fam AS OPERATOR 1 ===, FUNCTION 1 hashint4(int)"],
    Kind.CAST: ["CREATE CAST (money_of AS numeric) WITH FUNCTION amount_of(money_of) AS ASSIGNMENT"],
    Kind.COLLATION: [
        'CREATE COLLATION c1 FROM "C"',
        "CREATE COLLATION c2 (locale = 'C')",
        "CREATE COLLATION c3 (LC_COLLATE = 'C', LC_CTYPE = 'POSIX')",
    ],
    Kind.TEXT_SEARCH_PARSER: [
        "CREATE TEXT SEARCH PARSER own_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)"
    ],
    Kind.TEXT_SEARCH_TEMPLATE: ["CREATE TEXT SEARCH TEMPLATE own_template (LEXIZE = dsimple_lexize, INIT = dsimple_init)"],
    Kind.TEXT_SEARCH_DICTIONARY: ["CREATE TEXT SEARCH DICTIONARY words (template = snowball, Language = english, StopWords = english)"],
    Kind.TEXT_SEARCH_CONFIGURATION: [
        "CREATE TEXT SEARCH CONFIGURATION copied (COPY = english)",
        ("CREATE TEXT SEARCH CONFIGURATION added (COPY = simple);\n"
        "ALTER TEXT SEARCH CONFIGURATION added ALTER MAPPING FOR asciiword, word WITH words, simple"),
        ("CREATE TEXT SEARCH CONFIGURATION mapped (PARSER = pg_catalog.default);\n"
        "ALTER TEXT SEARCH CONFIGURATION mapped ADD MAPPING FOR word, asciiword WITH words, simple;\n"
        "ALTER TEXT SEARCH CONFIGURATION mapped ADD MAPPING FOR int WITH simple"),
    ],
    Kind.TRIGGER: [
        "CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OF name, age ON users FOR EACH ROW WHEN (NEW.age > 1) EXECUTE PROCEDURE on_change('x')",
        "CREATE CONSTRAINT TRIGGER t2 AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION on_change()",
        "CREATE CONSTRAINT TRIGGER t3 AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION on_change()",
        "CREATE TRIGGER t4 AFTER UPDATE ON users REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION on_change()",
    ],
    Kind.EVENT_TRIGGER: [
        "CREATE EVENT TRIGGER e1 ON ddl_command_end WHEN tag IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION on_ddl()",
    ],
    Kind.RULE: [
        "CREATE RULE r1 AS ON INSERT TO log DO ALSO INSERT INTO log (id, said) VALUES (NEW.id, 'again')",
        "CREATE RULE r2 AS ON DELETE TO log WHERE OLD.id > 1 DO INSTEAD NOTHING",
    ],
    Kind.POLICY: [
        "CREATE POLICY p1 ON users USING (id > 1)",
        "CREATE POLICY p2 ON users AS RESTRICTIVE FOR UPDATE TO CURRENT_USER USING (active) WITH CHECK (age BETWEEN 1 AND 9)",
    ],
    Kind.INDEX: [
        "CREATE INDEX i1 ON users (lower(name), age DESC NULLS LAST) INCLUDE (mail) WITH (fillfactor = 80) WHERE active AND age IN (1, 2)",
        "CREATE UNIQUE INDEX i2 ON m2 (first)",
        "CREATE INDEX i3 ON parted (day)",
    ],
    Kind.STATISTICS: ["CREATE STATISTICS s1 (ndistinct, dependencies) ON name, age FROM users"],
    Kind.COLUMN_DEFAULT: ["ALTER VIEW v1 ALTER name SET DEFAULT 'nobody'"],
    Kind.COMMENT: ["COMMENT ON VIEW v1 IS 'v'", "COMMENT ON FUNCTION f1(integer, varchar) IS 'f'"],
    Kind.GRANT: ["GRANT SELECT ON v1 TO PUBLIC", "REVOKE ALL ON FUNCTION app.f2 FROM PUBLIC"],
    Kind.OWNER: ["ALTER VIEW v1 OWNER TO CURRENT_USER"],
    Kind.FIRING: ["ALTER TABLE users DISABLE TRIGGER t1", "ALTER EVENT TRIGGER e1 DISABLE"],
    Kind.DEFAULT_PRIVILEGES: ["ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC"],
}  # fmt: skip
"""Objects of every kind that a code folder may declare, spelled as people do and not as the server does."""


def test_no_kind_is_left_out():
    kinds = list(Kind)
    assert set(CODE) == set(kinds[: kinds.index(Kind.TABLE)])


@pytest.fixture
def forgotten(project):
    """A database that has everything, and a record of migrations only."""
    project.write("migrations/001.sql", MIGRATION)
    for kind, statements in CODE.items():
        project.write(f"sql/{kind.value}.sql", ";\n".join(statements) + ";\n")
    project.apply()
    project.settled()
    project.do("DELETE FROM pgmg_state")
    return project


def test_what_is_equal_is_adopted_and_nothing_is_executed(forgotten):
    plan = forgotten.plan()
    assert [f"{step.action} {step.object}" for step in plan.steps] == []
    assert {change.object.kind for change in plan.changes} == set(CODE)
    forgotten.apply()
    forgotten.settled()


@pytest.mark.parametrize("default", ["NULL", "(null)"])
def test_a_default_of_null_is_refused_because_the_server_keeps_none(project, default):
    project.do("CREATE DOMAIN short AS varchar(5)", "CREATE VIEW v AS SELECT NULL::text AS a, NULL::short AS b")
    text = "CREATE VIEW v AS SELECT NULL::text AS a, NULL::short AS b;\nALTER VIEW v ALTER {} SET DEFAULT {};\n"
    project.write("sql/v.sql", text.format("a", default))
    with pytest.raises(SourceErrors, match=r"v\.sql:2"):
        project.plan()
    project.write("sql/v.sql", text.format("b", "NULL::short"))
    project.apply()
    project.settled()


NULLS = {
    "a": ["NULL::text", "(NULL)::text", "CAST(NULL AS text)", "NULL::short"],
    "b": ["NULL::text", "NULL::varchar", "NULL::varchar(9)", "NULL::varchar(4)"],
}


@pytest.mark.parametrize(("column", "default"), [(c, d) for c, defaults in NULLS.items() for d in defaults])
def test_a_default_of_null_is_applied_once_whether_the_server_keeps_it_or_not(project, column, default):
    project.do("CREATE DOMAIN short AS varchar(5)", "CREATE TABLE t (a text DEFAULT 'x', b varchar(9))")
    view = "CREATE VIEW v AS SELECT * FROM t;\n"
    project.write("sql/v.sql", f"{view}ALTER VIEW v ALTER {column} SET DEFAULT {default};\n")
    project.apply()
    project.settled()
    kept = project.rows(SHOWN_DEFAULTS)
    project.do(f"ALTER VIEW v ALTER {column} SET DEFAULT 'by hand'")
    assert [change.change for change in project.plan().changes] == [ChangeKind.DRIFTED]
    project.apply()
    project.settled()
    assert project.rows(SHOWN_DEFAULTS) == kept
    project.do("DELETE FROM pgmg_state")
    project.apply()
    project.settled()
    project.write("sql/v.sql", view)
    project.apply()
    project.settled()
    assert project.rows(SHOWN_DEFAULTS) == []


SHOWN_DEFAULTS = "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'v'::regclass"
