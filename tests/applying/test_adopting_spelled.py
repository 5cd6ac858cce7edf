"""Spellings of every other kind: what the database has already is adopted, a difference is seen.

Each statement is run as it stands by plain SQL, and declared. The server's catalog rows are the oracle for a difference.
"""

from __future__ import annotations

import re

import psycopg
import pytest

from pgmg.model.naming.names import DECLARATIVE_KINDS, DECLARED_KINDS, Kind
from pgmg.model.plans.plan import ChangeKind

SETUP = """
CREATE SCHEMA app;
CREATE TABLE t (id integer, name varchar(9), born date, amount numeric(8, 2));
CREATE TABLE app.log (id integer, said text, at timestamptz DEFAULT now());
CREATE TABLE audit (a integer, b varchar(9), c date, d numeric(8, 2));
CREATE VIEW seen AS SELECT * FROM t;
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION eq(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)';
CREATE FUNCTION gap(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT a - b';
CREATE FUNCTION of_pair(p audit) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION noted(t) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE TABLE "Child" (more text) INHERITS (t); CREATE TYPE app.frame AS (a integer, b text); CREATE TABLE app.typed OF app.frame;
CREATE FUNCTION app.framed(app.frame, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION of_child("Child") RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION of_seen(seen) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION of_any(anyelement) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION either(t) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION either(anyelement) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE FUNCTION app.either(t, text, anyelement) RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION app.either(anynonarray, text, integer) RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT NULL::t';
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN short AS varchar(5);
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
"""

SPELLED = {
    Kind.AGGREGATE: {
        "CREATE AGGREGATE app.total(int4) (sfunc = int4pl, stype = int, initcond = 0, parallel = safe)": ("initcond = 0", "initcond = 1"),
        "CREATE AGGREGATE biggest(BASETYPE = integer, SFUNC = int4larger, STYPE = integer, SORTOP = >)": ("int4larger", "int4smaller"),
        "CREATE AGGREGATE counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0')": ("'0'", "'5'"),
    },
    Kind.TYPE: {
        'CREATE TYPE pair AS (a int4, b character varying(9), c timestamp(3) with time zone, d mood[], e text COLLATE "C")': ("(9)", "(8)"),
        "CREATE TYPE app.span AS RANGE (subtype = double precision, SUBTYPE_DIFF = gap)": (", SUBTYPE_DIFF = gap", ""),
        'CREATE TYPE words_between AS RANGE (subtype = text, collation = "C", multirange_type_name = many_words)': ('"C"', '"POSIX"'),
        "CREATE TYPE color AS ENUM ('red', 'it''s', E'bl\\\\ue')": ("'red'", "'crimson', 'red'"),
    },
    Kind.OPERATOR: {
        "CREATE OPERATOR === (PROCEDURE = eq, LEFTARG = int4, RIGHTARG = int, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES)": ("eqsel", "neqsel"),
        "CREATE OPERATOR app.@@@ (rightarg = integer, function = pg_catalog.int4abs)": ("int4abs", "int4um"),
    },
    Kind.OPERATOR_CLASS: {
        "CREATE OPERATOR CLASS own_int FOR TYPE int4 USING btree AS OPERATOR 3 =, FUNCTION 1 cmp(int, int)": ("OPERATOR 3 =", "OPERATOR 1 <, OPERATOR 3 ="),
    },
    Kind.OPERATOR_FAMILY: {"CREATE OPERATOR FAMILY app.fam USING btree": None},
    Kind.CAST: {
        "CREATE CAST (audit AS numeric(8, 2)) WITH FUNCTION of_pair(audit) AS ASSIGNMENT": (" AS ASSIGNMENT", ""),
        "CREATE CAST (mood AS int4) WITH INOUT": ("WITH INOUT", "WITH INOUT AS IMPLICIT"),
    },
    Kind.COLLATION: {
        "CREATE COLLATION app.german (PROVIDER = icu, locale = 'de-DE')": ("de-DE", "fr-FR"),
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)": (", deterministic = false", ""),
        'CREATE COLLATION own_c FROM "C"': None,
        "CREATE COLLATION posix (LOCALE = 'POSIX')": ("'POSIX'", "'C'"),
    },
    Kind.TEXT_SEARCH_DICTIONARY: {
        "CREATE TEXT SEARCH DICTIONARY app.stems (TEMPLATE = snowball, StopWords = english, LANGUAGE = english)": ("LANGUAGE = english", "LANGUAGE = german"),
        "CREATE TEXT SEARCH DICTIONARY plain (template = pg_catalog.simple, accept = false)": ("accept = false", "accept = true"),
    },
    Kind.TEXT_SEARCH_CONFIGURATION: {
        "CREATE TEXT SEARCH CONFIGURATION app.mixed (COPY = pg_catalog.english); ALTER TEXT SEARCH CONFIGURATION app.mixed ALTER MAPPING FOR asciiword, word WITH words, english_stem": ("words, english_stem", "english_stem"),
        "CREATE TEXT SEARCH CONFIGURATION few (COPY = simple); ALTER TEXT SEARCH CONFIGURATION few DROP MAPPING FOR email, url": (", url", ""),
        "CREATE TEXT SEARCH CONFIGURATION made (PARSER = default); ALTER TEXT SEARCH CONFIGURATION made ADD MAPPING FOR word WITH words": ("word WITH", "asciiword WITH"),
    },
    Kind.EVENT_TRIGGER: {
        "CREATE EVENT TRIGGER e1 ON ddl_command_start WHEN TAG IN ('create server', 'ALTER SERVER') EXECUTE PROCEDURE on_ddl()": ("'ALTER SERVER'", "'DROP SERVER'"),
    },
    Kind.FUNCTION: {
        "CREATE FUNCTION app.f(a int4, VARIADIC b text[] = '{}'::text[]) RETURNS SETOF record STABLE STRICT SECURITY DEFINER SET search_path TO app, 'pg_temp' AS 'SELECT 1' LANGUAGE 'sql' COST 100 ROWS 1000": ("STABLE", "IMMUTABLE"),
        "CREATE FUNCTION g(n numeric(9, 2), OUT a int, OUT b text) AS $x$ BEGIN a := 1; END $x$ LANGUAGE plpgsql NOT LEAKPROOF CALLED ON NULL INPUT": ("a := 1", "a := 2"),
        "CREATE FUNCTION h(t.name%TYPE) RETURNS t.amount%TYPE LANGUAGE sql RETURN 1": ("RETURN 1", "RETURN 2"),
        "CREATE FUNCTION stars() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END": ("FROM t;", "FROM t LIMIT 1;"),
    },
    Kind.PROCEDURE: {
        "CREATE PROCEDURE q(s varchar(3)) LANGUAGE plpgsql SET search_path FROM CURRENT SET work_mem = '1MB' AS 'BEGIN END'": ("1MB", "2MB"),
        "CREATE PROCEDURE app.p(INOUT a int DEFAULT 1) AS 'BEGIN END' LANGUAGE plpgsql": ("DEFAULT 1", "DEFAULT 2"),
    },
    Kind.TRIGGER: {
        "CREATE TRIGGER a BEFORE UPDATE OR INSERT ON t FOR EACH ROW WHEN (NEW.name <> 'x') EXECUTE PROCEDURE on_change('1', 2)": ("'x'", "'y'"),
        "CREATE TRIGGER b INSTEAD OF DELETE ON seen FOR EACH ROW EXECUTE FUNCTION public.on_change()": None,
        "CREATE TRIGGER c AFTER UPDATE OF name, id ON t EXECUTE FUNCTION on_change()": ("name, id", "id"),
        "CREATE CONSTRAINT TRIGGER d AFTER UPDATE ON t FROM app.log NOT DEFERRABLE FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION on_change()": ("NOT DEFERRABLE", "DEFERRABLE"),
        "CREATE TRIGGER e AFTER UPDATE ON t FOR EACH ROW WHEN (noted(NEW) AND of_any(OLD.*)) EXECUTE FUNCTION on_change()": ("noted(NEW)", "noted(OLD)"),
        "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW WHEN (either(NEW) AND either(OLD.*) AND either(NEW.id)) EXECUTE FUNCTION on_change()": ("either(NEW.id)", "either(NEW.name)"),
        'CREATE TRIGGER f BEFORE INSERT ON "Child" FOR EACH ROW WHEN (of_child(NEW.*) OR noted(NEW)) EXECUTE FUNCTION on_change()': ("noted(NEW)", "of_child(NEW)"),
    },
    Kind.RULE: {
        "CREATE RULE a AS ON UPDATE TO t DO INSERT INTO audit SELECT NEW.*": ("NEW.*", "OLD.*"),
        "CREATE RULE b AS ON INSERT TO seen DO INSTEAD INSERT INTO t VALUES (NEW.id, NEW.name, NEW.born) RETURNING *": ("NEW.born)", "now())"),
        "CREATE RULE c AS ON DELETE TO app.log WHERE OLD.said = ANY ('{a}') DO ALSO NOTHING": ("'{a}'", "'{b}'"),
        "CREATE RULE g AS ON DELETE TO t WHERE either(OLD) DO ALSO SELECT * FROM app.either(OLD.*, 'x', 1::bigint)": ("'x'", "'y'"),
        "CREATE RULE d AS ON DELETE TO t DO ALSO SELECT noted(OLD.*)": None,
        "CREATE RULE e AS ON UPDATE TO seen WHERE of_seen(OLD) DO INSTEAD SELECT of_seen(NEW.*), of_any(NEW), row_to_json(OLD)": ("of_any(NEW)", "of_any(OLD)"),
        "CREATE RULE f AS ON INSERT TO app.typed WHERE app.framed(NEW, 'x') DO ALSO SELECT * FROM app.typed WHERE app.framed(typed.*, 'y')": ("(typed.*, 'y')", "(typed.*, 'z')"),
    },
    Kind.POLICY: {
        "CREATE POLICY a ON t TO CURRENT_USER, PUBLIC USING (t.name = 'x' AND EXISTS (SELECT FROM t o WHERE o.name IN ('a', t.name)))": ("'x'", "'y'"),
        "CREATE POLICY b ON app.log FOR ALL WITH CHECK (at > '2020-01-01' OR log.said LIKE 'x%')": ("'x%'", "'y%'"),
        "CREATE POLICY g ON t USING (either(t) AND either(t.*) AND either(t.id))": ("t.id", "t.name"),
        "CREATE POLICY c ON t USING (noted(t.*))": None,
        "CREATE POLICY d ON t USING (noted(t) AND of_any(t)) WITH CHECK ((SELECT count(*) FROM t o WHERE noted(o) OR t.noted) > 1)": ("of_any(t)", "of_any(t.id)"),
        "CREATE POLICY e ON \"Child\" USING (of_child(\"Child\") AND noted(\"Child\".*) AND more = '(x.*)')": ('AND noted("Child".*)', ""),
        "CREATE POLICY f ON app.typed USING (app.framed(typed, 'x') OR typed::app.frame = ROW(1, 'x')::app.frame OR typed IS NULL)": ("'x')::", "'y')::"),
    },
    Kind.INDEX: {
        "CREATE INDEX a ON ONLY t USING btree (name varchar_pattern_ops, lower(name) COLLATE \"C\" DESC) WHERE name > 'a' AND born > '2020-01-01'": ("'a'", "'b'"),
        "CREATE INDEX d ON t (either(t), either(id)) WHERE either(t.*)": ("either(id)", "either(name)"),
        "CREATE INDEX c ON t (noted(t), of_any(t.*)) WHERE noted(t)": ("of_any(t.*)", "of_any(t.id)"),
        "CREATE UNIQUE INDEX IF NOT EXISTS b ON app.log (coalesce(said, 'x'), (id + 1)) WITH (fillfactor = 50)": ("'x'", "'y'"),
    },
    Kind.STATISTICS: {
        "CREATE STATISTICS app.a (mcv, ndistinct) ON (name || 'x'), born, id FROM t": ("'x'", "'y'"),
    },
    Kind.DOMAIN: {
        "CREATE DOMAIN app.d AS varchar(9) COLLATE \"C\" NOT NULL DEFAULT 'x' CHECK (VALUE IN ('x', 'y')) CONSTRAINT b CHECK (length(VALUE) BETWEEN 1 AND 9)": ("'y'", "'z'"),
        "CREATE DOMAIN e AS short[] CHECK (VALUE <> '{}')": ("'{}'", "'{a}'"),
    },
    Kind.VIEW: {"CREATE VIEW a AS SELECT *, name = 'x' AS x FROM t": ("'x'", "'y'")},
    Kind.MATERIALIZED_VIEW: {"CREATE MATERIALIZED VIEW m AS TABLE t": None},
    Kind.COLUMN_DEFAULT: {"ALTER VIEW seen ALTER name SET DEFAULT 'x'": ("'x'", "'y'")},
}  # fmt: skip
"""Statements, and the edit after which each of them is another one; None where there is none to be tried."""

ALL = [(kind, text) for kind, texts in SPELLED.items() for text in texts]


def test_no_kind_is_left_out():
    """Kinds that take a superuser's C functions, and what is said of other objects, are in `test_adopting.py`."""
    there = set(Kind) - {Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE} - DECLARATIVE_KINDS
    assert set(SPELLED) == there & DECLARED_KINDS


@pytest.mark.parametrize(("kind", "text"), ALL, ids=[text[:60] for _, text in ALL])
def test_what_stands_there_as_it_is_declared_is_adopted(project, server, kind, text):
    edit = SPELLED[kind][text]
    try:
        project.do(SETUP, *re.split(r"; (?=ALTER)", text))
    except psycopg.errors.FeatureNotSupported as error:
        assert "ICU" in str(error)
        pytest.skip("only for servers with ICU")
    project.write("sql/it.sql", f"{text};\n")
    plan = project.plan()
    assert [f"{step.action} {step.object}" for step in plan.steps] == []
    assert [(change.object.kind, change.change) for change in plan.changes] == [(kind, ChangeKind.ADOPTED)]
    if edit is None:
        return
    assert edit[0] in text
    project.write("sql/it.sql", f"{text.replace(*edit)};\n")
    assert {step.object.kind for step in project.plan().steps} == {kind}
