"""Everything that COMMENT ON, GRANT, ALTER … OWNER TO and SECURITY LABEL can be about on PostgreSQL 14 to 18."""

from __future__ import annotations

OBJECTS = """
CREATE SCHEMA app;
CREATE TABLE app.t (id integer PRIMARY KEY, "Na me" text CONSTRAINT fine CHECK (true), at timestamp);
CREATE TABLE app.parted (id integer) PARTITION BY LIST (id);
CREATE FOREIGN DATA WRAPPER wrapper;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
CREATE FOREIGN TABLE app.ft (i integer CONSTRAINT far CHECK (true)) SERVER elsewhere;
CREATE SEQUENCE app.numbers;
CREATE INDEX t_name ON app.t ("Na me");
CREATE STATISTICS app.stats ON id, at FROM app.t;
CREATE VIEW app.v AS SELECT id, at FROM app.t;
CREATE MATERIALIZED VIEW app.m AS SELECT id, at FROM app.t;
CREATE FUNCTION app.f(a numeric(10,2), b app.t) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.only(character varying) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE app.p(a integer, OUT b text) LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE AGGREGATE app.counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE TYPE app.kind AS ENUM ('a');
CREATE TYPE app.pair AS (x integer, "Y y" text);
CREATE TYPE app.span AS RANGE (subtype = integer);
CREATE DOMAIN app.positive AS integer CONSTRAINT more CHECK (VALUE > 0);
CREATE FUNCTION app.same(app.kind, app.kind) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR app.=== (FUNCTION = app.same, LEFTARG = app.kind, RIGHTARG = app.kind);
CREATE OPERATOR FAMILY app.family USING btree;
CREATE OPERATOR CLASS app.class FOR TYPE app.kind USING hash AS OPERATOR 1 app.===;
CREATE CAST (app.kind AS integer) WITH INOUT;
CREATE COLLATION app.plain FROM "C";
CREATE TEXT SEARCH CONFIGURATION app.config (PARSER = pg_catalog."default");
CREATE TEXT SEARCH DICTIONARY app.dictionary (TEMPLATE = simple);
CREATE TEXT SEARCH PARSER app.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE app.template (LEXIZE = dsimple_lexize);
CREATE TRIGGER stamp BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE EVENT TRIGGER watching ON ddl_command_start EXECUTE FUNCTION app.watch();
ALTER EVENT TRIGGER watching DISABLE;
CREATE RULE silent AS ON DELETE TO app.t DO INSTEAD NOTHING;
CREATE POLICY own ON app.t USING (true);
CREATE PUBLICATION news FOR TABLE app.t;
"""  # fmt: skip

COMMENTS = {
    "AGGREGATE": ("app.total(integer)", "app.counted(*)"),
    "CAST": ("(app.kind AS integer)",),
    "COLLATION": ("app.plain",),
    "COLUMN": ('app.t."Na me"', "app.v.id", "app.m.at", "app.ft.i", 'app.pair."Y y"'),
    "CONSTRAINT": ("fine ON app.t", "t_pkey ON app.t", "far ON app.ft", "later ON app.t", "more ON DOMAIN app.positive"),
    "DOMAIN": ("app.positive",),
    "EVENT TRIGGER": ("watching",),
    "EXTENSION": ("plpgsql",),
    "FOREIGN TABLE": ("app.ft",),
    "FUNCTION": ("app.f(numeric(10,2), app.t)", "app.only", "app.touch()"),
    "INDEX": ("app.t_name", "app.t_pkey"),
    "LANGUAGE": ("plpgsql", "sql"),
    "MATERIALIZED VIEW": ("app.m",),
    "OPERATOR": ("app.=== (app.kind, app.kind)",),
    "OPERATOR CLASS": ("app.class USING hash",),
    "OPERATOR FAMILY": ("app.family USING btree",),
    "POLICY": ("own ON app.t",),
    "PROCEDURE": ("app.p(integer, text)",),
    "PUBLICATION": ("news",),
    "ROUTINE": ("app.same(app.kind, app.kind)",),
    "RULE": ("silent ON app.t",),
    "SCHEMA": ("app",),
    "SEQUENCE": ("app.numbers",),
    "STATISTICS": ("app.stats",),
    "TABLE": ("app.t", "app.parted"),
    "TEXT SEARCH CONFIGURATION": ("app.config",),
    "TEXT SEARCH DICTIONARY": ("app.dictionary",),
    "TEXT SEARCH PARSER": ("app.parser",),
    "TEXT SEARCH TEMPLATE": ("app.template",),
    "TRIGGER": ("stamp ON app.t", "later ON app.t"),
    "TYPE": ("app.kind", "app.pair", "app.span"),
    "VIEW": ("app.v",),
}  # fmt: skip
"""Objects by what stands after COMMENT ON."""

GRANTS = {
    "TABLE": ("app.t", "app.parted", "app.ft", "app.v", "app.m"),
    "TABLE (columns)": ("app.t", "app.v", "app.ft"),
    "SEQUENCE": ("app.numbers",),
    "FUNCTION": ("app.f(numeric, app.t)", "app.only", "app.total(integer)"),
    "PROCEDURE": ("app.p(integer)",),
    "ROUTINE": ("app.same(app.kind, app.kind)",),
    "TYPE": ("app.kind", "app.pair", "app.span"),
    "DOMAIN": ("app.positive",),
    "SCHEMA": ("app", "public"),
    "LANGUAGE": ("plpgsql",),
}
PRIVILEGES = {"SEQUENCE": "SELECT", "FUNCTION": "EXECUTE", "PROCEDURE": "EXECUTE", "ROUTINE": "EXECUTE"}
PRIVILEGES |= {"TYPE": "USAGE", "DOMAIN": "USAGE", "SCHEMA": "CREATE", "LANGUAGE": "USAGE"}

OWNERS = {
    "AGGREGATE": ("app.total(integer)", "app.counted(*)"),
    "COLLATION": ("app.plain",),
    "DOMAIN": ("app.positive",),
    "EVENT TRIGGER": ("watching",),
    "FOREIGN TABLE": ("app.ft",),
    "FUNCTION": ("app.f(numeric(3), app.t)", "app.only"),
    "LANGUAGE": ("plpgsql",),
    "MATERIALIZED VIEW": ("app.m",),
    "OPERATOR": ("app.=== (app.kind, app.kind)",),
    "OPERATOR CLASS": ("app.class USING hash",),
    "OPERATOR FAMILY": ("app.family USING btree",),
    "PROCEDURE": ("app.p(integer, OUT text)",),
    "PUBLICATION": ("news",),
    "ROUTINE": ("app.same",),
    "SCHEMA": ("app",),
    "SEQUENCE": ("app.numbers",),
    "STATISTICS": ("app.stats",),
    "TABLE": ("app.t", "app.parted"),
    "TEXT SEARCH CONFIGURATION": ("app.config",),
    "TEXT SEARCH DICTIONARY": ("app.dictionary",),
    "TYPE": ("app.kind", "app.pair", "app.span"),
    "VIEW": ("app.v",),
}

REFUSED = {
    "COMMENT ON ACCESS METHOD heap IS 'x'": "ACCESS METHOD",
    "COMMENT ON CONVERSION c IS 'x'": "CONVERSION",
    "COMMENT ON DATABASE d IS 'x'": "DATABASE",
    "COMMENT ON FOREIGN DATA WRAPPER w IS 'x'": "FOREIGN DATA WRAPPER",
    "COMMENT ON LARGE OBJECT 1 IS 'x'": "LARGE OBJECT",
    "COMMENT ON ROLE r IS 'x'": "ROLE",
    "COMMENT ON RULE \"_RETURN\" ON app.v IS 'x'": "_RETURN",
    "COMMENT ON SERVER s IS 'x'": "FOREIGN SERVER",
    "COMMENT ON SUBSCRIPTION s IS 'x'": "SUBSCRIPTION",
    "COMMENT ON TABLESPACE t IS 'x'": "TABLESPACE",
    "COMMENT ON TRANSFORM FOR app.kind LANGUAGE sql IS 'x'": "TRANSFORM",
    "COMMENT ON TYPE integer IS 'x'": "pg_catalog.int4",
    "COMMENT ON FUNCTION pg_catalog.now() IS 'x'": "pg_catalog.now",
    "COMMENT ON COLUMN pg_catalog.pg_class.relname IS 'x'": "pg_catalog.pg_class",
    "COMMENT ON VIEW information_schema.tables IS 'x'": "information_schema.tables",
    "GRANT CREATE ON DATABASE d TO pg_monitor": "DATABASE",
    "REVOKE CONNECT ON DATABASE d FROM PUBLIC": "DATABASE",
    "GRANT USAGE ON FOREIGN DATA WRAPPER w TO pg_monitor": "FOREIGN DATA WRAPPER",
    "GRANT USAGE ON FOREIGN SERVER s TO pg_monitor": "FOREIGN SERVER",
    "GRANT SELECT ON LARGE OBJECT 1 TO pg_monitor": "LARGE OBJECT",
    "GRANT SET ON PARAMETER work_mem TO pg_monitor": "PARAMETER",
    "GRANT CREATE ON TABLESPACE t TO pg_monitor": "TABLESPACE",
    "GRANT pg_monitor TO pg_signal_backend": "membership",
    "GRANT SELECT ON ALL TABLES IN SCHEMA app TO pg_monitor": "ALL TABLES IN SCHEMA",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC": "pg_catalog.pg_sleep",
    "GRANT SELECT ON pg_catalog.pg_authid TO pg_monitor": "pg_catalog.pg_authid",
    "ALTER CONVERSION c OWNER TO pg_monitor": "CONVERSION",
    "ALTER DATABASE d OWNER TO pg_monitor": "DATABASE",
    "ALTER FOREIGN DATA WRAPPER w OWNER TO pg_monitor": "FOREIGN DATA WRAPPER",
    "ALTER SERVER s OWNER TO pg_monitor": "FOREIGN SERVER",
    "ALTER INDEX app.t_name OWNER TO pg_monitor": "index",
    "ALTER LARGE OBJECT 1 OWNER TO pg_monitor": "LARGE OBJECT",
    "ALTER SUBSCRIPTION s OWNER TO pg_monitor": "SUBSCRIPTION",
    "ALTER TABLESPACE t OWNER TO pg_monitor": "TABLESPACE",
    "REASSIGN OWNED BY a TO b": "REASSIGN OWNED",
    "SECURITY LABEL ON TABLE app.t IS NULL": "SECURITY LABEL",
}
"""What is refused when it is read, with words that the message holds."""

_LABELLED = """
TABLE app.t, COLUMN app.t.id, AGGREGATE app.total(integer), DATABASE d, DOMAIN app.positive, EVENT TRIGGER watching, FOREIGN TABLE app.ft,
FUNCTION app.only, LARGE OBJECT 1, MATERIALIZED VIEW app.m, LANGUAGE plpgsql, PROCEDURE app.p, PUBLICATION news, ROLE r, ROUTINE app.same,
SCHEMA app, SEQUENCE app.numbers, SUBSCRIPTION s, TABLESPACE t, TYPE app.kind, VIEW app.v
"""
REFUSED |= {
    f"SECURITY LABEL FOR p ON {target} IS 'x'": "SECURITY LABEL"
    for target in _LABELLED.strip().replace("\n", " ").split(", ")
}
REFUSED |= {
    f"GRANT ALL ON ALL {objects} IN SCHEMA app TO pg_monitor": f"ALL {objects} IN SCHEMA"
    for objects in ("TABLES", "SEQUENCES", "FUNCTIONS", "PROCEDURES", "ROUTINES")
}

UNKNOWN = {
    "COMMENT ON FUNCTION now() IS 'x'": "now()",
    "COMMENT ON CAST (bigint AS integer) IS 'x'": "cast",
    "COMMENT ON OPERATOR + (integer, integer) IS 'x'": "+",
    "COMMENT ON TABLE pg_class IS 'x'": "pg_class",
    "COMMENT ON COLUMN pg_class.relname IS 'x'": "pg_class",
    "COMMENT ON COLLATION \"C\" IS 'x'": "C",
    "COMMENT ON TYPE app._kind IS 'x'": "_kind",
    "COMMENT ON TYPE app.multispan IS 'x'": "multispan",
    "REVOKE ALL ON FUNCTION pg_sleep(float8) FROM PUBLIC": "pg_sleep",
    "GRANT SELECT ON pg_authid TO pg_monitor": "pg_authid",
    "COMMENT ON TABLE app.absent IS 'x'": "absent",
    "COMMENT ON PUBLICATION absent IS 'x'": "absent",
    "GRANT USAGE ON SCHEMA absent TO pg_monitor": "absent",
}
"""What is refused once it is known what there is."""
