"""An event trigger that changes what it sees created: a recreated object has again what it had, or apply fails."""

from __future__ import annotations

import pytest

from pgmg.errors import NotRestoredError

TABLE = "CREATE TABLE t (id integer, a integer)"
RETYPED = "ALTER TABLE t ALTER COLUMN a TYPE bigint"
VIEW = "CREATE VIEW v AS SELECT id, a FROM t"
FUNCTION = "CREATE FUNCTION f() RETURNS {} LANGUAGE sql AS 'SELECT 1::{}'"

FACTS = """
SELECT pg_get_userbyid(relowner), relacl::text, obj_description(oid, 'pg_class'), reloptions::text,
       (SELECT array_agg(attacl::text) FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL)
FROM pg_class c WHERE relname = 'v'
UNION ALL SELECT pg_get_userbyid(proowner), proacl::text, obj_description(oid, 'pg_proc'), NULL, NULL FROM pg_proc WHERE proname = 'f'
"""


def _interfere(
    project, *statements: str, tags: str = "'CREATE VIEW', 'CREATE FUNCTION', 'CREATE MATERIALIZED VIEW'"
) -> None:
    """Have an event trigger run statements about what has just been created: %s stands for it."""
    lines = "\n".join(
        f"EXECUTE format({_quoted(s)}, CASE c.object_type WHEN 'function' THEN 'ROUTINE' ELSE 'TABLE' END, c.object_identity);"
        for s in statements
    )
    project.do(
        f"""CREATE FUNCTION interfere() RETURNS event_trigger LANGUAGE plpgsql AS $f$ DECLARE c record; BEGIN
            IF pg_trigger_depth() > 0 OR current_setting('keep.interfering', true) = 'yes' THEN RETURN; END IF;
            PERFORM set_config('keep.interfering', 'yes', true);
            FOR c IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_identity IN ('public.v', 'public.f()', 'public.m') LOOP
            {lines} END LOOP;
            PERFORM set_config('keep.interfering', 'no', true); END $f$""",
        f"CREATE EVENT TRIGGER interferes ON ddl_command_end WHEN TAG IN ({tags}) EXECUTE FUNCTION interfere()",
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("%s", "%1$s %2$s", 1).replace("'", "''") + "'"


@pytest.fixture
def declared(project, roles):
    project.write("migrations/001.sql", TABLE)
    project.write("sql/v.sql", VIEW)
    project.write("sql/f.sql", FUNCTION.format("integer", "integer"))
    project.apply()
    return project


def _recreate(project):
    project.write("migrations/002.sql", RETYPED)
    project.write("sql/f.sql", FUNCTION.format("bigint", "bigint"))
    said = []
    with project.open() as opened:
        opened.apply(opened.plan(), listener=said.append)
    return [event.message for event in said if type(event).__name__ == "ServerNotice" and event.severity == "WARNING"]


CHANGES = {
    "owner": ["ALTER %s OWNER TO keep_owner"],
    "privileges": ["GRANT ALL ON %s TO keep_alice"],
    "privileges of everybody": ["GRANT ALL ON %s TO PUBLIC", "REVOKE ALL ON %s FROM CURRENT_USER"],
    "privileges by another role": [
        "GRANT ALL ON %s TO keep_alice WITH GRANT OPTION",
        "SET LOCAL ROLE keep_alice; GRANT ALL ON %s TO keep_carol; RESET ROLE",
    ],
    "owner and privileges": ["ALTER %s OWNER TO keep_owner", "GRANT ALL ON %s TO PUBLIC"],
    "nothing at all": [],
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    "by_hand",
    [
        [],
        ["ALTER VIEW v OWNER TO keep_carol", "ALTER FUNCTION f() OWNER TO keep_carol"],
        [
            "GRANT SELECT, UPDATE (a) ON v TO keep_alice",
            "REVOKE ALL ON FUNCTION f() FROM PUBLIC",
            "COMMENT ON VIEW v IS 'mine'",
        ],
    ],
    ids=["as created", "another's", "granted"],
)
def test_what_an_event_trigger_gave_is_taken_back(declared, changes, by_hand):
    declared.do("GRANT CREATE ON SCHEMA public TO keep_carol, keep_owner", *by_hand)
    before = declared.rows(FACTS)
    _interfere(declared, *changes)
    told = _recreate(declared)
    assert _normal(declared.rows(FACTS)) == _normal(before)
    assert changes or not told
    declared.settled()


def _normal(rows):
    """No privileges are the same as those of the owner alone, written down."""
    return [(owner, sorted(_granted(acl, owner)), *rest) for owner, acl, *rest in rows]


def _granted(acl, owner):
    items = (acl or "").strip("{}").split(",")
    return [item for item in items if item and not item.startswith((f"{owner}=", "=X/"))]


def test_a_comment_and_an_option_are_taken_back_as_well(declared):
    before = declared.rows(FACTS)
    _interfere(
        declared,
        "COMMENT ON VIEW %s IS 'audited'".replace("%s", "public.v"),
        "ALTER VIEW public.v SET (security_barrier)",
    )
    project = declared
    project.write("migrations/002.sql", RETYPED)
    project.apply()
    # an option may be of the source: what is gained there is not compared
    assert [row[2] for row in project.rows(FACTS)] == [row[2] for row in before]


def test_an_unmanaged_view_is_set_right_as_well(declared):
    declared.do("CREATE MATERIALIZED VIEW m AS SELECT a FROM v")
    _interfere(
        declared,
        "GRANT ALL ON %s TO keep_alice",
        "DO $d$ BEGIN IF to_regclass('m') IS NOT NULL THEN COMMENT ON COLUMN m.a IS 'x'; END IF; END $d$",
    )
    assert any("materialized_view.m" in line for line in _recreate(declared))
    assert (
        declared.value(
            "SELECT relacl FROM pg_class WHERE relname = 'm' AND has_table_privilege('keep_alice', oid, 'SELECT')"
        )
        is None
    )
    assert declared.value("SELECT col_description('m'::regclass, 1)") is None


def test_what_cannot_be_set_right_is_an_error_and_changes_nothing(declared):
    """The event trigger answers every statement that takes its grant back with another grant."""
    declared.do(
        """CREATE FUNCTION insist() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN
           IF NOT has_table_privilege('keep_alice', 'v', 'SELECT') THEN GRANT SELECT ON v TO keep_alice; END IF; END $f$""",
        "CREATE EVENT TRIGGER insists ON ddl_command_end WHEN TAG IN ('CREATE VIEW', 'REVOKE') EXECUTE FUNCTION insist()",
    )
    before = (
        declared.rows(FACTS),
        declared.value(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'"
        ),
    )
    with pytest.raises(NotRestoredError) as caught:
        _recreate(declared)
    assert (
        "view.v was recreated and has not what it had before: it gained GRANT SELECT ON TABLE public.v TO keep_alice"
        in str(caught.value)
    )
    assert "event trigger" in caught.value.hint
    after = (
        declared.rows(FACTS),
        declared.value(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'"
        ),
    )
    assert after == before


def test_what_a_later_migration_grants_is_not_taken_back(declared):
    """It is compared before the next migration runs, whatever that one does and however it says so."""
    declared.write("migrations/002.sql", RETYPED)
    declared.write(
        "migrations/003.sql",
        "DO $$ BEGIN EXECUTE 'GRANT SELECT ON ' || 'v' || ' TO keep_alice'; EXECUTE 'COMMENT ON VIEW ' || 'v' || ' IS ''new'''; END $$",
    )
    declared.write("sql/extra.sql", "CREATE VIEW extra AS SELECT a FROM v")
    declared.apply()
    assert declared.value("SELECT has_table_privilege('keep_alice', 'v', 'SELECT')")
    assert declared.value("SELECT obj_description('v'::regclass, 'pg_class')") == "new"
    declared.settled()
