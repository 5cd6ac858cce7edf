"""Comments, grants, default privileges and owners: what is said of other objects."""

import pytest

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import Privilege
from pgmg.model.sources.source import CodeFile
from pgmg.source import merge_grants, parse_code, parse_recorded
from tests.source.reading import code, declared, named, one, problem, references


@pytest.mark.parametrize(
    ("about", "name", "expected"),
    [
        ("VIEW app.v", "view app.v", ["relation app.v"]),
        ("MATERIALIZED VIEW m", "materialized_view m", ["relation m"]),
        ("COLUMN app.v.c", "column c on table app.v", ["relation app.v"]),
        ("COLUMN db.app.v.c", "column c on table app.v", ["relation app.v"]),
        ("TABLE t", "table t", ["relation t"]),
        ("INDEX app.i", "index app.i", ["relation app.i"]),
        ("SEQUENCE s", "sequence s", ["relation s"]),
        ("FUNCTION f(int, app.x)", "function f(int4, app.x)", ["routine f(int4, app.x)"]),
        ("FUNCTION f", "function f", ["routine f"]),
        ("PROCEDURE p()", "procedure p()", ["routine p()"]),
        ("ROUTINE p(int)", "function p(int4)", ["routine p(int4)"]),
        ("AGGREGATE a(*)", "aggregate a()", ["routine a()"]),
        ("TYPE app.t", "type app.t", ["type app.t"]),
        ("DOMAIN d", "domain d", ["type d"]),
        ("CONSTRAINT c ON t", "constraint c on table t", ["relation t"]),
        ("CONSTRAINT c ON DOMAIN app.d", "constraint c on domain app.d", ["type app.d"]),
        ("TRIGGER a ON app.t", "trigger a on table app.t", ["relation app.t"]),
        ("RULE r ON v", "rule r on table v", ["relation v"]),
        ("POLICY p ON t", "policy p on table t", ["relation t"]),
        ("OPERATOR app.### (NONE, app.x)", "operator app.###(NONE, app.x)", ["operator app.###(NONE, app.x)"]),
        ("OPERATOR CLASS app.oc USING btree", "operator_class app.oc / btree", ["operator_class app.oc"]),
        ("OPERATOR FAMILY f USING gin", "operator_family f / gin", ["operator_class f"]),
        ("CAST (int AS app.x)", "cast (int4, app.x)", []),
        ("COLLATION app.c", "collation app.c", ["collation app.c"]),
        ("STATISTICS app.s", "statistics app.s", []),
        ("EVENT TRIGGER e", "event_trigger e", []),
        ("TEXT SEARCH DICTIONARY d", "text_search_dictionary d", ["text_search d"]),
        ("SCHEMA s", "schema s", []),
        ("EXTENSION e", "extension e", []),
    ],
)  # fmt: skip
def test_a_comment_is_about_what_it_names(about, name, expected):
    found = one(f"COMMENT ON {about} IS 'it''s'")
    assert named(found.target) == f"comment  on {name}"
    assert found.facts.text == "it's"
    assert references(found) == expected


@pytest.mark.parametrize("text", ["NULL", "''"])
def test_no_comment_is_said_in_two_ways(text):
    assert one(f"COMMENT ON VIEW v IS {text}").facts.text is None


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("LARGE OBJECT 12", "LARGE OBJECT"),
        ("TABLESPACE t", "TABLESPACE"),
        ("SERVER s", "FOREIGN SERVER"),
        ("FOREIGN DATA WRAPPER f", "FOREIGN DATA WRAPPER"),
        ("ACCESS METHOD a", "ACCESS METHOD"),
        ("TRANSFORM FOR hstore LANGUAGE plpython3u", "TRANSFORM"),
    ],
)
def test_comments_on_what_is_never_declared_are_refused_by_name(about, words):
    assert problem(f"COMMENT ON {about} IS 'x'").message.startswith(
        f"COMMENT ON {words} does not belong under the code folder, but in a migration"
    )


def test_a_grant_is_split_by_object_and_role():
    found = code("GRANT SELECT, INSERT (a, b) ON app.v, TABLE_2 TO alice, PUBLIC WITH GRANT OPTION")
    assert [named(source.target) for source in found] == [
        "grant  on table app.v / alice",
        "grant  on table app.v / public",
        "grant  on table table_2 / alice",
        "grant  on table table_2 / public",
    ]
    assert [source.sql.lower() for source in found[:2]] == [
        "grant select, insert (a, b) on app.v to alice with grant option",
        "grant select, insert (a, b) on app.v to public with grant option",
    ]
    assert found[0].facts.privileges == (
        Privilege("SELECT", None, grantable=True),
        Privilege("INSERT", "a", grantable=True),
        Privilege("INSERT", "b", grantable=True),
    )


def test_a_grant_about_one_object_and_role_stays_as_written():
    assert one("grant  Select on v to alice").sql == "grant  Select on v to alice"


@pytest.mark.parametrize(
    ("sql", "privileges"),
    [
        ("GRANT ALL ON v TO a", [Privilege("ALL")]),
        ("GRANT ALL PRIVILEGES (x) ON v TO a", [Privilege("ALL", "x")]),
        ("REVOKE SELECT ON v FROM a CASCADE", [Privilege("SELECT", granted=False, cascade=True)]),
        ("REVOKE ALL ON v FROM a", [Privilege("ALL", granted=False)]),
        ("REVOKE GRANT OPTION FOR SELECT ON v FROM a", [Privilege("SELECT", option_only=True)]),
        ("GRANT SELECT ON v TO a GRANTED BY b", [Privilege("SELECT")]),
    ],
)
def test_what_a_grant_says(sql, privileges):
    assert list(one(sql).facts.privileges) == privileges


@pytest.mark.parametrize(
    ("on", "name"),
    [
        ("EXECUTE ON FUNCTION app.f(int)", "function app.f(int4)"),
        ("EXECUTE ON PROCEDURE p()", "procedure p()"),
        ("EXECUTE ON ROUTINE f", "function f"),
        ("USAGE ON SCHEMA s", "schema s"),
        ("USAGE ON SEQUENCE app.s", "sequence app.s"),
        ("USAGE ON TYPE app.e", "type app.e"),
        ("USAGE ON DOMAIN d", "domain d"),
        ("USAGE ON LANGUAGE plpgsql", "language plpgsql"),
    ],
)
def test_a_grant_is_about_objects_of_many_kinds(on, name):
    assert declared(f"GRANT {on} TO CURRENT_USER") == [f"grant  on {name} / CURRENT_USER"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("GRANT SELECT ON ALL TABLES IN SCHEMA app TO a", "GRANT … ON ALL TABLES IN SCHEMA says nothing about objects that are yet to come"),
        ("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC", "REVOKE … ON ALL FUNCTIONS IN SCHEMA says nothing about objects that are yet to come"),
        ("GRANT admin TO bob", "GRANT of a role's membership does not belong under the code folder: roles are not of this database alone"),
        ("REVOKE admin FROM bob", "REVOKE of a role's membership does not belong under the code folder: roles are not of this database alone"),
        ("GRANT SELECT ON LARGE OBJECT 12 TO a", "GRANT ON LARGE OBJECT does not belong under the code folder, but in a migration"),
        ("GRANT USAGE ON FOREIGN DATA WRAPPER f TO a", "GRANT ON FOREIGN DATA WRAPPER does not belong under the code folder, but in a migration"),
        ("GRANT SET ON PARAMETER work_mem TO a", "GRANT ON PARAMETER does not belong under the code folder, but in a migration: it is about something that other databases share"),
    ],
)  # fmt: skip
def test_grants_that_nobody_could_declare(sql, message):
    assert problem(sql).message == message


def test_grants_about_one_object_and_role_add_up_in_order():
    found = merge_grants(
        code("GRANT SELECT ON v TO a, b; REVOKE ALL ON v FROM a; GRANT INSERT ON v TO a; CREATE VIEW v AS SELECT 1")
    )
    assert [named(source.target) for source in found] == ["grant  on table v / a", "grant  on table v / b", "view v"]
    assert [(p.privilege, p.granted) for p in found[0].facts.privileges] == [
        ("SELECT", True),
        ("ALL", False),
        ("INSERT", True),
    ]
    assert found[0].sql.count(";\n") == 2


def test_grants_add_up_over_files_and_their_hash_is_of_all():
    files = [CodeFile(f"sql/{n}.sql", f"GRANT {p} ON v TO a", "") for n, p in enumerate(("SELECT", "INSERT"))]
    (both,) = parse_code(files)
    (first,) = parse_code(files[:1])
    assert both.hash != first.hash
    assert both.location.path == "sql/0.sql"


def test_what_was_recorded_reads_as_it_was_declared():
    (merged,) = parse_code(
        [CodeFile("a.sql", "SET search_path = app; GRANT SELECT ON v TO a; GRANT INSERT ON v TO a", "")]
    )
    (again,) = parse_recorded(merged.sql, merged.settings)
    assert (again.target, again.facts, again.hash, again.settings) == (
        merged.target,
        merged.facts,
        merged.hash,
        merged.settings,
    )


def test_what_was_recorded_and_does_not_parse_declares_nothing():
    assert parse_recorded("CREATE VIEW v AS SELEC") == ()


def test_default_privileges_are_split_by_creator_schema_and_role():
    found = code('ALTER DEFAULT PRIVILEGES FOR ROLE a, "B" IN SCHEMA s, t GRANT SELECT ON TABLES TO c, PUBLIC')
    assert [(*source.target.parts, source.target.detail) for source in found] == [
        (creator, schema, "tables", grantee)
        for creator in ("a", "B")
        for schema in ("s", "t")
        for grantee in ("c", "public")
    ]
    assert found[-1].sql.lower() == 'alter default privileges for role "b" in schema t grant select on tables to public'


def test_default_privileges_add_up_too():
    sql = "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM a; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO a"
    (merged,) = merge_grants(code(sql))
    assert len(merged.facts.privileges) == 2
    assert merged.sql == sql.replace("; ", ";\n")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("ALTER VIEW app.v OWNER TO bob", "view app.v"),
        ("ALTER MATERIALIZED VIEW m OWNER TO bob", "materialized_view m"),
        ("ALTER FUNCTION f(int) OWNER TO bob", "function f(int4)"),
        ("ALTER PROCEDURE p() OWNER TO bob", "procedure p()"),
        ("ALTER AGGREGATE a(*) OWNER TO bob", "aggregate a()"),
        ("ALTER TYPE app.e OWNER TO bob", "type app.e"),
        ("ALTER DOMAIN d OWNER TO bob", "domain d"),
        ("ALTER TABLE t OWNER TO bob", "table t"),
        ("ALTER SEQUENCE s OWNER TO bob", "sequence s"),
        ("ALTER FOREIGN TABLE f OWNER TO bob", "table f"),
        ("ALTER SCHEMA s OWNER TO bob", "schema s"),
        ("ALTER OPERATOR + (int, NONE) OWNER TO bob", "operator +(int4, NONE)"),
        ("ALTER OPERATOR CLASS c USING btree OWNER TO bob", "operator_class c / btree"),
        ("ALTER COLLATION c OWNER TO bob", "collation c"),
        ("ALTER STATISTICS s OWNER TO bob", "statistics s"),
        ("ALTER EVENT TRIGGER e OWNER TO bob", "event_trigger e"),
        ("ALTER TEXT SEARCH CONFIGURATION c OWNER TO bob", "text_search_configuration c"),
    ],
)
def test_an_owner_is_said_of_many_kinds(sql, name):
    found = one(sql)
    assert (named(found.target), found.facts.role) == (f"owner  on {name}", "bob")


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("CURRENT_USER", "CURRENT_USER"),
        ("SESSION_USER", "SESSION_USER"),
        ("CURRENT_ROLE", "CURRENT_ROLE"),
        ('"Bob"', "Bob"),
    ],
)
def test_an_owner_may_be_whoever_runs_it(role, said):
    assert one(f"ALTER VIEW v OWNER TO {role}").facts.role == said


@pytest.mark.parametrize(
    ("sql", "name", "firing"),
    [
        ("ALTER TABLE app.t DISABLE TRIGGER a", "trigger a on table app.t", "DISABLE"),
        ("ALTER TABLE t ENABLE TRIGGER a", "trigger a on table t", "ENABLE"),
        ("ALTER TABLE t ENABLE ALWAYS TRIGGER a", "trigger a on table t", "ENABLE ALWAYS"),
        ('ALTER TABLE ONLY t ENABLE REPLICA TRIGGER "A"', "trigger A on table t", "ENABLE REPLICA"),
        ("ALTER FOREIGN TABLE t DISABLE TRIGGER a", "trigger a on table t", "DISABLE"),
        ("ALTER TABLE t DISABLE RULE a", "rule a on table t", "DISABLE"),
        ("ALTER TABLE t ENABLE RULE a", "rule a on table t", "ENABLE"),
        ("ALTER TABLE t ENABLE ALWAYS RULE a", "rule a on table t", "ENABLE ALWAYS"),
        ("ALTER TABLE t ENABLE REPLICA RULE a", "rule a on table t", "ENABLE REPLICA"),
        ("ALTER EVENT TRIGGER a DISABLE", "event_trigger a", "DISABLE"),
        ("ALTER EVENT TRIGGER a ENABLE", "event_trigger a", "ENABLE"),
        ("ALTER EVENT TRIGGER a ENABLE REPLICA", "event_trigger a", "ENABLE REPLICA"),
        ("ALTER EVENT TRIGGER a ENABLE ALWAYS", "event_trigger a", "ENABLE ALWAYS"),
    ],
)
def test_firing_is_said_of_triggers_and_rules(sql, name, firing):
    found = one(sql)
    assert (named(found.target), found.facts.firing.words) == (f"firing  on {name}", firing)
    assert found.sql == sql


def test_each_command_of_one_alter_table_is_a_declaration():
    found = code("ALTER TABLE t DISABLE TRIGGER a, ENABLE ALWAYS RULE b, OWNER TO c")
    assert [(source.target.kind, source.sql) for source in found] == [
        (Kind.FIRING, "ALTER TABLE t DISABLE TRIGGER a"),
        (Kind.FIRING, "ALTER TABLE t ENABLE ALWAYS RULE b"),
        (Kind.OWNER, "ALTER TABLE t OWNER TO c"),
    ]


@pytest.mark.parametrize(("word", "which"), [(w, n) for w in ("ENABLE", "DISABLE") for n in ("ALL", "USER")])
def test_the_firing_of_all_triggers_is_refused(word, which):
    found = problem(f"ALTER TABLE t {word} TRIGGER {which}")
    assert found.message == f"{word} TRIGGER ALL or USER says nothing about triggers that are yet to come"
