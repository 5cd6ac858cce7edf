"""Objects that a migration renames, or whose table it renames, keep what they have besides their definition (rule 6).

The ground truth are the catalog's rows before and after.
"""

from __future__ import annotations

import pytest

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, c integer);\nCREATE SCHEMA s;"
NOTED = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;"
PARTS = {
    "policy": "CREATE POLICY p ON {} USING (c > {});",
    "trigger": "CREATE TRIGGER g BEFORE UPDATE ON {} FOR EACH ROW WHEN (new.c > {}) EXECUTE FUNCTION noted();",
    "rule": "CREATE RULE r AS ON DELETE TO {} WHERE old.c > {} DO INSTEAD NOTHING;",
}
BY_HAND = {
    "policy": ("COMMENT ON POLICY p ON t IS 'kept'",),
    "trigger": ("COMMENT ON TRIGGER g ON t IS 'kept'", "ALTER TABLE t DISABLE TRIGGER g"),
    "rule": ("COMMENT ON RULE r ON t IS 'kept'", "ALTER TABLE t ENABLE REPLICA RULE r"),
}
FOUND = {
    "policy": "SELECT obj_description(oid, 'pg_policy') FROM pg_policy",
    "trigger": "SELECT tgenabled, obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE NOT tgisinternal",
    "rule": "SELECT ev_enabled, obj_description(oid, 'pg_rewrite') FROM pg_rewrite WHERE rulename = 'r'",
}
MOVES = {"u": "ALTER TABLE t RENAME TO u;", "s.t": "ALTER TABLE t SET SCHEMA s;"}


@pytest.mark.parametrize("bound", [0, 1], ids=["unchanged", "changed"])
@pytest.mark.parametrize("to", MOVES)
@pytest.mark.parametrize("kind", PARTS)
def test_parts_of_a_table_follow_it(project, kind, to, bound):
    project.write("migrations/1.sql", f"{TABLE}\n{NOTED}")
    project.write("sql/part.sql", PARTS[kind].format("t", 0))
    project.apply()
    project.do(*BY_HAND[kind])
    before = project.rows(FOUND[kind])
    project.write("migrations/2.sql", MOVES[to])
    project.write("sql/part.sql", PARTS[kind].format(to, bound))
    project.apply()
    assert project.rows(FOUND[kind]) == before
    assert f"c > {bound}" in project.dump()
    project.settled()


RELATIONS = {
    "view": ("CREATE VIEW {} AS SELECT {} FROM t;", "ALTER VIEW v"),
    "materialized view": ("CREATE MATERIALIZED VIEW {} AS SELECT {} FROM t;", "ALTER MATERIALIZED VIEW v"),
}
HAS = "SELECT relacl, reloptions, obj_description(oid, 'pg_class') FROM pg_class WHERE relname IN ('v', 'w')"


@pytest.mark.parametrize("columns", ["id, c", "c"], ids=["unchanged", "changed"])
@pytest.mark.parametrize("to", ["w", "s.v"])
@pytest.mark.parametrize("kind", RELATIONS)
def test_a_renamed_view_keeps_what_it_has(project, kind, to, columns):
    create, alter = RELATIONS[kind]
    project.write("migrations/1.sql", TABLE)
    project.write("sql/v.sql", create.format("v", "id, c"))
    project.apply()
    project.do("GRANT SELECT ON v TO PUBLIC", f"COMMENT ON {alter.removeprefix('ALTER ')} IS 'kept'")
    before = project.rows(HAS)
    project.write("migrations/2.sql", f"{alter} {'RENAME TO w' if to == 'w' else 'SET SCHEMA s'};")
    project.write("sql/v.sql", create.format(to, columns))
    project.apply()
    assert project.rows(HAS) == before
    project.settled()


@pytest.mark.parametrize("result", ["integer", "text"], ids=["unchanged", "changed"])
def test_a_renamed_function_keeps_what_it_has(project, result):
    create = "CREATE FUNCTION {}(a integer) RETURNS {} LANGUAGE sql AS $$ SELECT NULL::{} $$;"
    has = "SELECT proacl, obj_description(oid, 'pg_proc') FROM pg_proc WHERE proname IN ('f', 'g')"
    project.write("sql/f.sql", create.format("f", "integer", "integer"))
    project.apply()
    project.do("REVOKE EXECUTE ON FUNCTION f FROM PUBLIC", "COMMENT ON FUNCTION f IS 'kept'")
    before = project.rows(has)
    project.write("migrations/1.sql", "ALTER FUNCTION f(integer) RENAME TO g;")
    project.write("sql/f.sql", create.format("g", result, result))
    project.apply()
    assert project.rows(has) == before
    project.settled()


ABOUT = {
    "dropped": ("DROP {kind} {name} ON {to};", None),
    "dropped if there": ("DROP {kind} IF EXISTS {name} ON {to};", None),
    "created anew": ("DROP {kind} {name} ON {to}; {create}", "{to}"),
    "commented": ("COMMENT ON {kind} {name} ON {to} IS 'said';", None),
    "renamed": ("ALTER {kind} {name} ON {to} RENAME TO other;", None),
    "renamed and dropped": ("ALTER {kind} {name} ON {to} RENAME TO other; DROP {kind} other ON {to};", None),
    "commented, and declared": ("COMMENT ON {kind} {name} ON {to} IS 'said';", "{to}"),
}
"""What the migration that moves the table says of its part, and on which table the part is declared afterwards."""
OTHERS = (
    "SELECT polname FROM pg_policy",
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT rulename FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM pg_class WHERE relname IN ('t', 'u'))",
)
NAMES = {"policy": "p", "trigger": "g", "rule": "r"}
SUCCESSOR = {False: "", True: "CREATE TABLE t (id bigint, c integer);"}
"""Another table may take the name over."""


@pytest.mark.parametrize("is_taken", SUCCESSOR, ids=["free", "taken"])
@pytest.mark.parametrize("about", ABOUT)
@pytest.mark.parametrize("to", MOVES)
@pytest.mark.parametrize("kind", PARTS)
def test_a_migration_speaks_of_a_part_by_the_new_name_of_its_table(project, kind, to, about, is_taken):
    """Also of a part that no file declares any more: it is there until the migration has spoken of it."""
    said, declared = ABOUT[about]
    project.write("migrations/1.sql", f"{TABLE}\n{NOTED}")
    project.write("sql/part.sql", PARTS[kind].format("t", 0))
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    again = PARTS[kind].format(to, 1)
    words = said.format(kind=kind.upper(), name=NAMES[kind], to=to, create=again)
    project.write("migrations/2.sql", f"{MOVES[to]}\n{words}\n{SUCCESSOR[is_taken]}")
    if declared is None:
        project.remove("sql/part.sql")
    else:
        project.write("sql/part.sql", again)
    project.apply()
    others = project.value(
        "SELECT count(*) FROM (" + " UNION ALL ".join(OTHERS) + ") AS one (name) WHERE name = 'other'"
    )
    assert others == (about == "renamed")  # by another name, nobody has deleted it
    assert (
        project.value("SELECT count(*) FROM (" + " UNION ALL ".join(OTHERS) + ") AS one")
        == (declared is not None) + others
    )
    if about == "commented, and declared":
        assert project.rows(FOUND[kind])[0][-1] == "said"
    assert ("c > 1" in project.dump()) == (declared is not None)
    project.settled()
