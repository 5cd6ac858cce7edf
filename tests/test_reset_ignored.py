"""`reset` neither drops nor forgets what the setting `ignore` covers, and refuses to take away what that depends on."""

from __future__ import annotations

import pytest

from pgmg.catalog.reading.catalog_details_reader import read_closure
from pgmg.catalog.reading.other_projects import read_foundations
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.errors import RefusedChange
from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.planning.reset_plan import ResetScope, reset_plan
from tests.oracle import differences, dump
from tests.survival import settings, zoo

OBJECTS = """
SELECT classid, objid, type, identity FROM (
    SELECT 'pg_class'::regclass::oid AS classid, oid AS objid FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typtype IN ('e', 'd', 'r')
    UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
) AS o, pg_identify_object(classid, objid, 0) WHERE objid >= 16384
"""


def ignoring(project, *patterns):
    listed = ", ".join(f'"{pattern}"' for pattern in patterns)
    (project.root / "pgmg.toml").write_text(f'migrations_dir = "migrations"\ncode_dir = "sql"\nignore = [{listed}]\n')


def reset(project, **options):
    with project.open() as opened:
        return opened.reset(**options)


def records(project):
    return {name for (name,) in project.rows("SELECT object_name FROM pgmg_state")}


@pytest.fixture
def recorded(project):
    """A project with a few recorded objects: two of them become somebody else's later."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/mine.sql", "CREATE VIEW mine AS SELECT id FROM t;")
    project.write(
        "sql/tmp_a.sql",
        "CREATE VIEW tmp_a AS SELECT id FROM t;\nCOMMENT ON VIEW tmp_a IS 'x';\nGRANT SELECT ON tmp_a TO PUBLIC;",
    )
    project.write("sql/tmp_f.sql", "CREATE FUNCTION tmp_f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    project.apply()
    return project


def test_recorded_objects_that_are_ignored_later_stay_with_their_records(recorded):
    ignoring(recorded, "tmp_*")
    before = recorded.value("SELECT 'tmp_a'::regclass::oid")
    report = reset(recorded)
    assert report.ignored == ("function.tmp_f(integer)", "view.tmp_a")
    assert recorded.value("SELECT to_regclass('mine')") is None
    assert recorded.value("SELECT 'tmp_a'::regclass::oid") == before
    assert records(recorded) == {
        "view.tmp_a",
        "comment.view.tmp_a",
        "grant.view.tmp_a to public",
        "function.tmp_f(integer)",
    }
    assert recorded.value("SELECT to_regclass('pgmg_migrations')") is None
    with recorded.open() as opened:
        opened.baseline()
        assert {str(step.object) for step in opened.plan().steps} == {"view.mine"}
        opened.apply()
    recorded.settled()
    assert recorded.value("SELECT 'tmp_a'::regclass::oid") == before


def test_an_owner_is_looked_up_for_what_is_said_of_an_object(recorded, server):
    settings.prepare(server.admin)
    recorded.do("ALTER VIEW tmp_a OWNER TO keep_owner")
    ignoring(recorded, "owner:keep_owner")
    assert reset(recorded).ignored == ("view.tmp_a",)
    assert records(recorded) == {"view.tmp_a", "comment.view.tmp_a", "grant.view.tmp_a to public"}


def test_what_is_said_of_an_ignored_owners_object_is_not_deleted_with_the_file(recorded, server):
    settings.prepare(server.admin)
    recorded.do("ALTER VIEW tmp_a OWNER TO keep_owner")
    ignoring(recorded, "owner:keep_owner")
    recorded.remove("sql/tmp_a.sql")
    recorded.settled()


def test_a_record_of_what_is_gone_is_kept_as_well(recorded):
    recorded.do("DROP VIEW tmp_a", "DROP FUNCTION tmp_f")
    ignoring(recorded, "view.public.tmp_*", "function.tmp_f*")
    assert reset(recorded).ignored == ()
    assert "view.tmp_a" in records(recorded)
    assert "function.tmp_f(integer)" in records(recorded)


@pytest.mark.parametrize(
    ("key", "schema", "pattern"),
    [
        ("view.daily", "app", "app.*"),
        ("view.daily", None, "public.*"),
        ("view.app.daily", None, "view.app.daily"),
        ("comment.view.app.daily", None, "app.*"),
        ("grant.view.app.daily to analyst", None, "app.*"),
        ("trigger.stamp on app.tasks", None, "app.*"),
        ("policy.own on tasks", None, "table.tasks"),
        ("comment.trigger.stamp on tasks", None, "tasks"),
        ("function.f(integer, numeric)", None, "function.f"),
        ('view."My View"', None, "My View"),
        ("cast.(a as b)", None, "cast.*"),
        ("default_privileges.x", None, "default_privileges.*"),
    ],
)
def test_a_record_is_recognised_without_its_object(key, schema, pattern):
    assert IgnoredObjects(NamePatterns((pattern,)), {}).covers_record(key, schema)
    assert not IgnoredObjects(NamePatterns(("nothing.*",)), {}).covers_record(key, schema)


def test_an_ignored_object_on_a_managed_one_is_protected_by_name(recorded):
    recorded.do("CREATE VIEW tmp_b AS SELECT id FROM mine")
    before = dump(recorded.dsn)
    for everything in (False, True):
        ignoring(recorded, "tmp_*")
        with pytest.raises(RefusedChange, match=r"view\.tmp_b \(depends on view\.mine\)") as caught:
            reset(recorded, everything=everything)
        assert "ignore" in caught.value.message
        assert "take it out of ignore" in caught.value.hint.replace("them", "it")
    assert differences(before, dump(recorded.dsn)) == []
    ignoring(recorded, "tmp_*", "view.mine", "table.t")
    assert reset(recorded, everything=True).ignored == (
        "function.tmp_f(integer)",
        "table.t",
        "view.mine",
        "view.tmp_a",
        "view.tmp_b",
    )


def test_an_ignored_trigger_on_a_managed_view_is_protected(recorded):
    """The server would drop it without a word."""
    recorded.do(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER audit INSTEAD OF INSERT ON mine FOR EACH ROW EXECUTE FUNCTION stamp()",
    )
    ignoring(recorded, "trigger.audit")
    with pytest.raises(RefusedChange, match=r"trigger\.audit on mine \(depends on view\.mine\)"):
        reset(recorded)


def test_an_unmanaged_ignored_object_elsewhere_is_no_hindrance(recorded):
    recorded.do("CREATE VIEW tmp_b AS SELECT id FROM t")
    ignoring(recorded, "view.tmp_*")
    assert reset(recorded).ignored == ("view.tmp_a",), "what is not managed is not dropped anyway"
    assert recorded.value("SELECT to_regclass('tmp_b')")


def test_ignored_schemas_stay_whole_where_everything_goes(recorded):
    recorded.do(
        "CREATE SCHEMA auth CREATE TABLE users (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial)",
        "CREATE TYPE auth.mood AS ENUM ('fine')",
        "ALTER TABLE auth.users ADD mood auth.mood",
        "CREATE VIEW auth.names AS SELECT id FROM auth.users",
        "INSERT INTO auth.users (mood) VALUES ('fine')",
        "CREATE SCHEMA empty_vault",
        "CREATE SCHEMA app CREATE TABLE orders (id integer, who integer REFERENCES auth.users)",
        "CREATE PUBLICATION theirs FOR TABLE auth.users",
        "CREATE PUBLICATION ours FOR TABLE app.orders",
    )
    kept = [one for one in sorted(dump(recorded.dsn)) if "auth" in one]
    ignoring(recorded, "auth.*", "empty_vault.*", "publication.theirs")
    report = reset(recorded, everything=True)
    assert report.ignored == (
        "sequence.auth.users_s_seq",
        "table.auth.users",
        "type.auth.mood",
        "view.auth.names",
    )
    assert [one for one in sorted(dump(recorded.dsn)) if "auth" in one] == kept
    assert recorded.rows("SELECT id FROM auth.users") == [(1,)]
    schemas = recorded.rows("SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1")
    assert [name for (name,) in schemas] == ["auth", "empty_vault", "information_schema", "public"]
    assert recorded.rows("SELECT pubname::text FROM pg_publication") == [("theirs",)]
    assert recorded.value("SELECT to_regclass('pgmg_state')") is None
    recorded.apply()
    recorded.settled()


def test_the_state_schema_stays_while_a_record_does(recorded):
    (recorded.root / "pgmg.toml").write_text('code_dir = "sql"\nstate_schema = "ours"\nignore = ["tmp_f"]\n')
    recorded.do("DROP VIEW mine, tmp_a; DROP FUNCTION tmp_f(integer)")
    recorded.apply()
    reset(recorded, everything=True, including=["public"])
    assert recorded.rows("SELECT object_name FROM ours.pgmg_state") == [("function.tmp_f(integer)",)]


def test_pgmgs_own_tables_are_not_protected_by_a_pattern_that_covers_all(recorded):
    ignoring(recorded, "*")
    report = reset(recorded, everything=True)
    assert "table.t" in report.ignored
    assert not any("pgmg" in name for name in report.ignored)
    assert recorded.value("SELECT to_regclass('pgmg_migrations')") is None
    assert "view.mine" in records(recorded)


@pytest.mark.parametrize(
    ("made", "ignored", "lost"),
    [
        ("CREATE EXTENSION vector; CREATE TABLE keep (n vector)", "keep", r"table\.keep .*extension vector"),
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE keep () SERVER s",
            "keep",
            r"table\.keep \(depends on server s\)",
        ),
        ("CREATE SCHEMA x; CREATE TYPE x.e AS ENUM (); CREATE TABLE keep (e x.e)", "keep", r"depends on type\.x\.e"),
        ("CREATE TABLE p (); CREATE TABLE keep () INHERITS (p)", "keep", r"table\.keep \(depends on table\.p\)"),
        (
            "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE keep PARTITION OF p DEFAULT",
            "keep",
            r"table\.keep \(depends on table\.p\)",
        ),
        (
            "CREATE TABLE p (a integer); CREATE INDEX keep ON p (a)",
            "index.keep",
            r"index\.keep \(depends on table\.p\)",
        ),
        (
            "CREATE SCHEMA x; CREATE EXTENSION vector SCHEMA x; CREATE TABLE keep (n x.vector)",
            "keep",
            r"table\.keep",
        ),
    ],
)
def test_whatever_an_ignored_object_depends_on_is_not_dropped(project, made, ignored, lost):
    if "vector" in made and not project.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip("only for servers with the extension vector")
    project.write("migrations/001.sql", made)
    project.apply()
    before = dump(project.dsn)
    ignoring(project, ignored)
    with pytest.raises(RefusedChange, match=lost):
        reset(project, everything=True)
    assert differences(before, dump(project.dsn)) == []
    ignoring(project)
    assert reset(project, everything=True).ignored == ()


def test_of_every_kind_no_object_is_lost_by_a_reset_while_it_is_ignored(project, server):
    """One after the other of some hundred objects is ignored; the server itself says whether it is still there."""
    settings.prepare(server.admin)
    project.do(zoo.TABLES)
    for text in zoo.ROOTS.values():
        project.do(text.replace("'{}'", "'{{}}'").format(**zoo.BEFORE))
    for one in zoo.EXHIBITS:
        if one.since <= server.major:
            project.do(one.sql)
    project.do("CREATE SCHEMA app CREATE TABLE u (id serial) CREATE VIEW w AS SELECT id FROM u")
    refused = 0
    with project.open() as opened, opened.connect() as conn, conn.transaction():
        snapshot = read_snapshot(conn, "public")
        foundations = read_foundations(conn, snapshot, ())
        seeds = {live.address for live in snapshot.objects.values()} | {one.address for one in foundations}
        closure = read_closure(conn, snapshot, frozenset(seeds))
        before = {row[:2]: row[2:] for row in conn.execute(OBJECTS)}
        names = [name for name, live in snapshot.objects.items() if live.extension is None and name.name]
        assert len(names) > 80
        for name in names:
            kept = {key for key, row in before.items() if _is_meant(name, *row)}
            ignored = IgnoredObjects(NamePatterns((_pattern(name),)), snapshot.objects)
            try:
                report = reset_plan(
                    snapshot, closure, ResetScope("public", everything=True, foundations=foundations, ignored=ignored)
                )
            except RefusedChange as error:
                refused += 1
                assert name.name in error.message
                continue
            with conn.transaction(force_rollback=True):
                conn.execute(";".join(report.statements).encode())
                left = {row[:2] for row in conn.execute(OBJECTS)}
                assert kept <= left, (str(name), [before[key] for key in kept - left])
    assert 10 < refused < len(names)


def _pattern(name):
    schema = name.schema or (name.parent.schema if name.parent else None)
    own = f"{name.kind.value}.{name.name}" if name.parent or not schema else f"{name.kind.value}.{schema}.{name.name}"
    return own.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")


def _is_meant(name, kind, identity):
    words = {"foreign table": "table", "partitioned table": "table"}
    found = kind.replace("foreign table", "table").replace(" ", "_")
    last = identity.split(" on ")[0].split("(")[0].rpartition(".")[2].strip('"')
    return words.get(found, found) == name.kind.value and last == name.name
