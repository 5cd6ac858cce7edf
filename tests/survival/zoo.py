"""A project with an object of every kind that a recreation can meet, declared or made by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exhibit:
    """An object over something that is recreated.

    `declarable`: it may stand under the code folder. `of` is the exhibit whose definition it is a part of: by hand
    it is drift where that one is declared.
    """

    name: str
    sql: str
    declarable: bool = True
    since: int = 14
    of: str | None = None


TABLES = """
CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b text, c integer, d date);
CREATE TABLE child (extra integer) INHERITS (t);
CREATE TABLE grandchild () INHERITS (child);
CREATE TABLE other (id integer, a integer, c integer);
CREATE TABLE p (id integer NOT NULL, a integer, b text, c integer) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a);
CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM (0) TO (10);
CREATE TABLE p3 (c integer, b text, a integer, id integer NOT NULL);
ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE ft (id integer, a integer, c integer) SERVER nowhere;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
INSERT INTO t VALUES (1, 2, 'three', 4, '2000-01-01');
"""

ROOTS = {
    "weight": "CREATE FUNCTION weight({v} integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "compare": "CREATE FUNCTION compare({v} integer, y integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)'",
    "same": "CREATE FUNCTION same({v} integer, y integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'",
    "kind": "CREATE TYPE kind AS ENUM ({labels})",
    "pair": "CREATE TYPE pair AS (x integer, y {type})",
    "short": "CREATE DOMAIN short AS varchar({length}) CHECK (VALUE <> 'no')",
    "span": "CREATE TYPE span AS RANGE (subtype = float8{difference})",
    "posix": "CREATE COLLATION posix (provider = libc, locale = '{locale}')",
    "plain_words": "CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, accept = {accept})",
    "watched": "CREATE EVENT TRIGGER watched ON ddl_command_end WHEN TAG IN ({tags}) EXECUTE FUNCTION watch()",
}
BEFORE = {
    "v": "v",
    "labels": "'one', 'two', 'three'",
    "type": "text",
    "length": 5,
    "difference": "",
    "locale": "C",
    "accept": "true",
    "tags": "'CREATE SERVER'",
}
AFTER = {
    "v": "val",
    "labels": "'one', 'three', 'two'",
    "type": "varchar",
    "length": 6,
    "difference": ", subtype_diff = float8mi",
    "locale": "POSIX",
    "accept": "false",
    "tags": "'DROP SERVER'",
}
RECREATING_MIGRATION = "ALTER TABLE t ALTER COLUMN c TYPE integer USING c;"
"""The server refuses even this while a view selects the column."""

MEANT = (
    r"pg_proc: function public\.(weight|compare|same)\(.*: (proargnames|proargdefaults)\b",
    r"pg_enum: ",
    r"pg_(attribute|class|type): .*\bpublic\.(pair|short)\b.*: (atttypid|attalign|atttypmod|attstorage|typtypmod)",
    r"pg_range: type public\.span: rngsubdiff",
    r"pg_depend: type public\.span: gained .*float8mi",
    r"pg_collation: collation public\.posix: (collcollate|collctype)",
    r"pg_ts_dict: .*plain_words: dictinitoption",
    r"pg_event_trigger: .*watched: evttags",
)
"""What the new sources themselves change."""

NOT_RECREATED = (
    r"(composite )?type public\.(t|child|grandchild|other|p\d?|p2a|ft|sound)(\[\])?$",
    r"(table|domain) constraint \w+_not_null on ",
    r"(table constraint|index) (public\.)?t_pkey",
    r"function public\.(stamp|watch)\(\)$",
    r"operator family public\.own_ops ",
)
"""What the changes above leave alone: tables with their row types, what they call, a family that its class leaves."""

EXHIBITS = (
    # routines, types, operators, casts
    Exhibit("of_kind", "CREATE FUNCTION of_kind(k kind) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'"),
    Exhibit(
        "kinds",
        "CREATE FUNCTION kinds(VARIADIC kind[] DEFAULT '{}') RETURNS SETOF kind LANGUAGE sql COST 7 ROWS 8 AS 'SELECT unnest($1)'",
    ),
    Exhibit(
        "atomic", "CREATE FUNCTION atomic(x integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT weight(x); END"
    ),
    Exhibit("run", "CREATE PROCEDURE run(p pair) LANGUAGE sql AS 'SELECT 1'"),
    Exhibit("step", "CREATE FUNCTION step(s pair, x integer) RETURNS pair LANGUAGE sql AS 'SELECT $1'"),
    Exhibit("total", "CREATE AGGREGATE total(integer) (SFUNC = step, STYPE = pair)"),
    Exhibit("dk", "CREATE DOMAIN dk AS kind DEFAULT 'one' NOT NULL CONSTRAINT dk_check CHECK (VALUE <> 'two')"),
    Exhibit(
        "dk_later",
        "ALTER DOMAIN dk ADD CONSTRAINT dk_later CHECK (VALUE <> 'three') NOT VALID",
        declarable=False,
        of="dk",
    ),
    Exhibit("pk", 'CREATE TYPE pk AS ("X" kind, y text COLLATE "C")'),
    Exhibit("kinds_range", "CREATE TYPE kinds_range AS RANGE (subtype = kind, multirange_type_name = many_kinds)"),
    Exhibit("shorts", "CREATE FUNCTION shorts(short) RETURNS short LANGUAGE sql AS 'SELECT $1'"),
    Exhibit("spans", "CREATE FUNCTION spans(span) RETURNS span LANGUAGE sql AS 'SELECT $1'"),
    Exhibit(
        "same_as", "CREATE OPERATOR === (FUNCTION = same, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = ===)"
    ),
    Exhibit(
        "own_ops",
        "CREATE OPERATOR CLASS own_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(integer, integer)",
    ),
    Exhibit("kind_int", "CREATE CAST (kind AS integer) WITH FUNCTION of_kind(kind) AS ASSIGNMENT"),
    Exhibit(
        "words",
        "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);\n"
        "ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword, word WITH plain_words, simple",
    ),
    # views, materialized views and what is on them
    Exhibit("v", 'CREATE VIEW "Big view" AS SELECT id, a, b, c AS "c d", weight(a) AS w FROM t'),
    Exhibit("v_insert", 'CREATE RULE put AS ON INSERT TO "Big view" DO INSTEAD INSERT INTO other VALUES (new.id)'),
    Exhibit(
        "v_trigger",
        'CREATE TRIGGER instead INSTEAD OF UPDATE ON "Big view" FOR EACH ROW EXECUTE FUNCTION stamp()',
    ),
    Exhibit("over", 'CREATE VIEW over AS SELECT id, "c d" AS c FROM "Big view" WHERE w > 0'),
    Exhibit("updatable", "CREATE VIEW updatable AS SELECT id, a, c FROM t WHERE c > 0"),
    Exhibit("m", "CREATE MATERIALIZED VIEW m AS SELECT id, a, b, c, 'one'::kind AS k FROM t"),
    Exhibit("m_id", "CREATE UNIQUE INDEX m_id ON m (id)"),
    Exhibit("m_b", 'CREATE INDEX "m b" ON m (lower(b), a DESC) INCLUDE (c) WHERE id > 0'),
    Exhibit("m_stats", "CREATE STATISTICS m_stats ON a, c FROM m"),
    Exhibit("empty", "CREATE MATERIALIZED VIEW empty AS SELECT id, c FROM m WITH NO DATA"),
    Exhibit("empty_id", "CREATE INDEX empty_id ON empty (id)"),
    Exhibit(
        "counted",
        "CREATE RECURSIVE VIEW counted (n) AS SELECT weight(1) UNION ALL SELECT n + 1 FROM counted WHERE n < 9",
    ),
    # what tables hang on routines, operators, types and collations
    Exhibit("t_weight", "CREATE INDEX t_weight ON t (weight(a), c)"),
    Exhibit("t_part", "CREATE INDEX t_part ON t (c) WHERE weight(a) > 0"),
    Exhibit("t_own", "CREATE UNIQUE INDEX t_own ON t (a own_ops)"),
    Exhibit("t_posix", "CREATE INDEX t_posix ON t (b COLLATE posix)"),
    Exhibit("t_same", "CREATE INDEX t_same ON t ((a === 1))"),
    Exhibit("t_stats", "CREATE STATISTICS t_stats (mcv) ON weight(a), c FROM t"),
    Exhibit("t_one_stats", "CREATE STATISTICS t_one_stats ON (a === c) FROM t"),
    Exhibit("t_policy", "CREATE POLICY seen ON t AS RESTRICTIVE FOR SELECT TO keep_alice USING (weight(a) > 0)"),
    Exhibit("t_policy_kind", "CREATE POLICY written ON t FOR INSERT WITH CHECK (b::kind > 'one'::kind)"),
    Exhibit(
        "t_rule",
        "CREATE RULE told AS ON DELETE TO t WHERE old.a === 1 DO ALSO DELETE FROM other WHERE other.id = old.id",
    ),
    Exhibit(
        "t_trigger",
        "CREATE TRIGGER stamped BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (weight(new.a) > 0) EXECUTE FUNCTION stamp('x')",
    ),
    Exhibit(
        "t_constraint_trigger",
        "CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (weight(new.a) > 0) EXECUTE FUNCTION stamp()",
    ),
    Exhibit(
        "ft_trigger", "CREATE TRIGGER far BEFORE INSERT ON ft FOR EACH ROW WHEN (new.a === 1) EXECUTE FUNCTION stamp()"
    ),
    Exhibit(
        "p_trigger",
        "CREATE TRIGGER split AFTER INSERT ON p FOR EACH ROW WHEN (weight(new.a) > 0) EXECUTE FUNCTION stamp()",
    ),
    Exhibit("p_weight", "CREATE INDEX p_weight ON p (weight(a), c)"),
    Exhibit("p_own", "CREATE INDEX p_own ON p (a own_ops)"),
    Exhibit("t_check_child", "ALTER TABLE child ADD CONSTRAINT heavy CHECK (weight(a) > 0)", declarable=False),
    Exhibit("t_check", "ALTER TABLE t ADD CONSTRAINT heavy CHECK (weight(a) > 0)", declarable=False),
    Exhibit("t_check_own", "ALTER TABLE child ADD CONSTRAINT heavy_child CHECK (a === a)", declarable=False),
    Exhibit("t_check_later", "ALTER TABLE t ADD CONSTRAINT later CHECK (weight(c) > 0) NOT VALID", declarable=False),
    Exhibit(
        "t_check_here",
        "ALTER TABLE t ADD CONSTRAINT here CHECK (c > ('two'::kind)::text::kind::integer) NO INHERIT",
        declarable=False,
    ),
    Exhibit(
        "t_check_off", "ALTER TABLE t ADD CONSTRAINT off CHECK (weight(c) > 1) NOT ENFORCED", declarable=False, since=18
    ),
    Exhibit(
        "t_only_once",
        "ALTER TABLE t ADD CONSTRAINT once EXCLUDE USING btree (weight(a) WITH =) DEFERRABLE",
        declarable=False,
    ),
    Exhibit("p_check", "ALTER TABLE p ADD CONSTRAINT p_heavy CHECK (weight(id + 1) > 0)", declarable=False),
    Exhibit(
        "p_once",
        "ALTER TABLE p ADD CONSTRAINT p_once EXCLUDE USING btree (id WITH =, weight(a) WITH =, a WITH =)",
        declarable=False,
        since=17,
    ),
    Exhibit("t_default", "ALTER TABLE t ALTER COLUMN c SET DEFAULT weight(3)", declarable=False),
    Exhibit("v_default", 'ALTER VIEW "Big view" ALTER COLUMN id SET DEFAULT 7', declarable=False),
    Exhibit("ft_default", "ALTER FOREIGN TABLE ft ALTER COLUMN c SET DEFAULT weight(3)", declarable=False),
    Exhibit(
        "fk",
        "ALTER TABLE other ADD CONSTRAINT points FOREIGN KEY (a) REFERENCES t (a) ON DELETE CASCADE NOT VALID",
        declarable=False,
    ),
    Exhibit(
        "fk_valid",
        "ALTER TABLE other ADD CONSTRAINT points_too FOREIGN KEY (c) REFERENCES t (a) DEFERRABLE",
        declarable=False,
    ),
    Exhibit("fk_p", "ALTER TABLE p ADD CONSTRAINT p_points FOREIGN KEY (a) REFERENCES t (a)", declarable=False),
    Exhibit("sound", "CREATE DOMAIN sound AS integer NOT NULL CONSTRAINT sounds CHECK (weight(VALUE) > 0)"),
    Exhibit(
        "sound_later",
        "ALTER DOMAIN sound ADD CONSTRAINT sounds_later CHECK (VALUE === VALUE) NOT VALID",
        declarable=False,
        of="x",
    ),
)

EDITS = {
    "v": ("FROM t", "FROM t WHERE id > 0"),
    "v_insert": ("other VALUES (new.id)", "other VALUES (new.id, 1)"),
    "v_trigger": ("stamp()", "stamp('y')"),
    "counted": ("n < 9", "n < 10"),
    "m": (" AS SELECT", " WITH (fillfactor = 55) AS SELECT"),
    "t_policy": ("weight(a) > 0", "weight(a) > 1"),
    "t_rule": ("old.a === 1", "old.a === 2"),
    "t_trigger": ("stamp('x')", "stamp('z')"),
    "p_trigger": ("weight(new.a) > 0", "weight(new.a) > 1"),
    "ft_trigger": ("new.a === 1", "new.a === 2"),
    "of_kind": ("'SELECT 1'", "'SELECT 2'"),
    "kinds": ("COST 7", "COST 9"),
    "atomic": ("SELECT weight(x)", "SELECT weight(x + 1)"),
    "run": ("'SELECT 1'", "'SELECT 2'"),
    "step": ("'SELECT $1'", "'SELECT $1 WHERE true'"),
    "total": ("STYPE = pair", "STYPE = pair, SSPACE = 9"),
    "dk": ("DEFAULT 'one'", "DEFAULT 'three'"),
    "sound": ("integer NOT NULL", "integer DEFAULT 1 NOT NULL"),
    "pk": ('y text COLLATE "C"', 'y text COLLATE "C", z integer'),
}
"""Changes that are made in place: (text, new text) by exhibit."""

MEANT_BY_EDITS = (
    r"pg_rewrite: ",
    r"pg_trigger: .*: (tgargs|tgnargs|tgqual)\b",
    r"pg_class: materialized view public\.m: reloptions .*fillfactor",
    r"pg_policy: .*: polqual\b",
    r"pg_proc: .*: (prosrc|procost|prosqlbody)\b",
    r"pg_aggregate: .*: aggtransspace\b",
    r"pg_(type|attribute|class): .*\b(dk|sound|pk)\b",
    r"pg_depend: .*(rule |trigger |domain |type |policy |column )",
    r"pg_shdepend: .*policy",
)
"""What these change in the catalogs."""
