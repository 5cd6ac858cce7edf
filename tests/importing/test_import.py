"""Takes databases over, and asks pg_dump whether anything was lost."""

from __future__ import annotations

import psycopg
import pytest

from pgmg.errors import ImportRefused
from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions, Layout
from tests.conftest import ONLY_FOR
from tests.survival import settings, zoo

_NOT_RESTORABLE = {"p_once"}
"""A dump of an exclusion constraint of a partitioned table cannot be restored, pgmg or not."""


def build(project, server):
    """Make the exhibits of all kinds, by hand."""
    project.do(zoo.TABLES)
    for text in zoo.ROOTS.values():
        project.do(text.replace("'{}'", "'{{}}'").format(**zoo.BEFORE))
    for one in zoo.EXHIBITS:
        if one.since <= server.major and one.name not in _NOT_RESTORABLE:
            project.do(one.sql)


def take_over(project, *, dry_run=False, **options):
    with project.open() as opened:
        return Importer(opened.settings, opened.connect).run(ImportOptions(**options), dry_run=dry_run)


def texts(project, folder="sql"):
    root = project.root / folder
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.sql"))}


@pytest.fixture(scope="module")
def roles(server):
    settings.prepare(server.admin)


def test_every_kind_is_carried_over_and_the_dumps_are_equal(project, server, roles):
    build(project, server)
    before = project.dump()
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.differences == ()
    assert report.proof.is_dump_equal, report.proof.why
    assert report.proof.is_planned_empty
    assert report.left_out == ()
    assert project.dump() == before
    project.settled()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(settings.ROUNDS))
def test_whatever_can_be_set_by_hand_is_carried_over(project, server, roles, number):
    build(project, server)
    with psycopg.connect(project.dsn, autocommit=True) as conn:
        conn.execute("CREATE ACCESS METHOD keep_heap TYPE TABLE HANDLER heap_tableam_handler")
        conn.execute(
            "GRANT CREATE ON SCHEMA public TO keep_owner; GRANT SELECT ON ALL TABLES IN SCHEMA public TO keep_owner"
        )
    settings.set_all(project.dsn, number)
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.differences == ()
    assert report.proof.is_dump_equal, report.proof.why
    project.settled()


def test_a_view_goes_into_one_file_with_all_that_belongs_to_it(project, server, roles):
    project.do(
        "CREATE TABLE t (id integer, a integer)",
        "CREATE VIEW v WITH (security_barrier) AS SELECT t.id, count(*) AS n FROM t WHERE t.a > 0 GROUP BY t.id",
        "CREATE RULE skip AS ON DELETE TO v DO INSTEAD NOTHING",
        "ALTER VIEW v OWNER TO keep_owner",
        "COMMENT ON COLUMN v.n IS 'how many'",
        "GRANT SELECT ON v TO keep_alice",
    )
    take_over(project, verify=False)
    t = "" if server.major >= 16 else "t."  # older servers qualify every column
    assert texts(project) == {
        "public/views/v.sql": "CREATE VIEW v WITH (security_barrier='true') AS\n"
        f"SELECT {t}id,\n    count(*) AS n\nFROM t\nWHERE {t}a > 0\nGROUP BY {t}id;\n\n"
        "CREATE RULE skip AS\n    ON DELETE TO v DO INSTEAD NOTHING;\n\n"
        "ALTER VIEW v OWNER TO keep_owner;\n"
        "GRANT SELECT ON TABLE v TO keep_alice;\n"
        "COMMENT ON COLUMN v.n IS 'how many';\n"
    }
    project.settled()


def test_routines_that_the_server_would_not_create_again_are_carried_over(project, server):
    """Bodies that rely on another search_path or name what is gone, and one that a default needs early."""
    project.do(
        "SET check_function_bodies = off; CREATE SCHEMA app; CREATE TABLE app.t (id integer)",
        "SET check_function_bodies = off; CREATE FUNCTION app.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'",
        "SET check_function_bodies = off; CREATE FUNCTION g(a integer DEFAULT 1) RETURNS integer LANGUAGE plpgsql AS"
        " 'DECLARE r gone%ROWTYPE; BEGIN RETURN 1; END'",
        "CREATE FUNCTION app.h() RETURNS bigint LANGUAGE sql SET search_path = app AS 'SELECT count(*) FROM t'",
        "CREATE TABLE z (id integer); CREATE FUNCTION z() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM z'",
        "CREATE TABLE a (id bigint DEFAULT z())",
    )
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.differences == ()
    assert report.proof.is_dump_equal, report.proof.why
    written = texts(project)
    assert {path for path, text in written.items() if "check_function_bodies" in text} == {
        "app/functions/f.sql",
        "public/functions/g.sql",
    }
    project.settled()


def test_what_is_older_than_default_privileges_gets_none_of_them(project, server):
    project.do(
        "CREATE TABLE old (id integer); CREATE SEQUENCE old_s; CREATE SCHEMA old_n; CREATE VIEW old_v AS SELECT 1 AS one",
        "CREATE FUNCTION old_f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TYPE old_t AS ENUM ('a')",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA old_n GRANT DELETE ON TABLES TO PUBLIC",
        "CREATE TABLE young (id integer); CREATE SEQUENCE young_s; CREATE SCHEMA young_n; CREATE TABLE old_n.young (i int)",
        "CREATE FUNCTION young_f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TYPE young_t AS ENUM ('a')",
        # and what the baseline needs
        "CREATE FUNCTION young_g() RETURNS integer LANGUAGE sql AS 'SELECT young_f()'; CREATE TYPE young_u AS ENUM ('a')",
        "CREATE DOMAIN young_d AS integer CHECK (value > young_g()); GRANT EXECUTE ON FUNCTION young_g() TO pg_monitor",
        "CREATE TABLE users (a integer DEFAULT old_f(), b old_t, c young_d, d young_u)",
    )
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.differences == ()
    assert report.proof.is_dump_equal, report.proof.why
    acl = (
        "SELECT c.oid::regclass::text, a.grantee, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relname IN ('old', 'young', 'old_s', 'young_s') AND a.grantee = 0 ORDER BY 1, 3"
    )
    rebuilt = server.create()
    with project.open(connection_string=rebuilt) as opened:
        opened.apply()
    with psycopg.connect(rebuilt) as conn:
        assert conn.execute(acl).fetchall() == project.rows(acl)
    project.settled()


def test_overloads_and_names_that_no_file_can_have_are_told_apart(project):
    project.do(
        "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f(text) RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        'CREATE VIEW "a/b" AS SELECT 1 AS one',
        'CREATE VIEW "A.b" AS SELECT 2 AS two',
        'CREATE VIEW ".hidden" AS SELECT 3 AS three',
        'CREATE VIEW "x.test" AS SELECT 4 AS four',
    )
    report = take_over(project, layout=Layout.FLAT)
    assert report.objects == 6
    assert sorted(texts(project)) == [
        "function.public.f.integer.sql",
        "function.public.f.text.sql",
        "view.public.A_b.sql",
        "view.public.a_b-2.sql",
        "view.public.hidden.sql",
        "view.public.x_test.sql",
    ]
    project.settled()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"schemas": ("app",)}, {"view.app.v"}),
        ({"kinds": ("view",)}, {"view.app.v", "view.tmp_v", "view.w"}),
        ({"include": ("view.tmp_*",)}, {"view.tmp_v"}),
        ({"exclude": ("app.*", "tmp_*")}, {"view.w", "function.f()"}),
        ({"exclude": ("owner:keep_owner",)}, {"view.app.v", "view.tmp_v", "function.f()"}),
        ({"names": ("w", "function.f()")}, {"view.w", "function.f()"}),
    ],
)
def test_what_is_imported_can_be_chosen(project, roles, options, expected):
    project.do(
        "CREATE SCHEMA app; CREATE VIEW app.v AS SELECT 1 AS one",
        "CREATE VIEW tmp_v AS SELECT 1 AS one",
        "CREATE VIEW w AS SELECT 1 AS one",
        "ALTER VIEW w OWNER TO keep_owner",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    )
    report = take_over(project, **options)
    found = {name for file in report.files for name in file.objects if not name.startswith("owner.")}
    assert found == expected


def test_a_dry_run_writes_nothing(project):
    project.do("CREATE VIEW v AS SELECT 1 AS one")
    before = project.dump()
    report = take_over(project, dry_run=True, baseline=True)
    assert [file.path for file in report.files] == ["sql/public/views/v.sql"]
    assert texts(project) == texts(project, "migrations") == {}
    assert project.dump() == before
    assert project.value("SELECT to_regclass('pgmg_state')") is None


def test_a_dry_run_names_what_is_imported_then(project, server, roles):
    build(project, server)
    foretold = take_over(project, dry_run=True, baseline=True)
    assert texts(project) == {}
    done = take_over(project, baseline=True, verify=False)
    assert {one.path: one.objects for one in foretold.files} == {one.path: one.objects for one in done.files}
    assert foretold.left_out == done.left_out


def test_existing_files_are_not_overwritten(project):
    project.do("CREATE VIEW v AS SELECT 1 AS one")
    project.write("sql/public/views/v.sql", "-- to be written\n")
    with pytest.raises(ImportRefused, match=r"sql/public/views/v\.sql"):
        take_over(project)
    assert project.value("SELECT to_regclass('pgmg_state')") is None
    take_over(project, force=True)
    assert "CREATE VIEW v" in texts(project)["public/views/v.sql"]


def test_a_baseline_beside_other_migrations_is_refused(project):
    project.write("migrations/001.sql", "CREATE TABLE t ();")
    project.apply()
    with pytest.raises(ImportRefused, match="holds migrations"):
        take_over(project, baseline=True)


def test_a_file_that_cannot_be_written_leaves_neither_files_nor_records(project):
    project.do("CREATE VIEW v AS SELECT 1 AS one", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    project.write("sql/public/views", "a file where a folder is needed")
    with pytest.raises(OSError, match="views"):
        take_over(project, baseline=True)
    assert texts(project) == texts(project, "migrations") == {}
    assert sorted(path.name for path in (project.root / "sql").rglob("*")) == ["public", "views"]
    assert project.value("SELECT to_regclass('pgmg_state')") is None


def test_what_no_file_can_state_is_listed_by_name(project):
    project.do(
        "CREATE TABLE t (id integer)",
        "CREATE VIEW v AS SELECT id FROM t",
        "ALTER VIEW v ALTER COLUMN id SET DEFAULT 7",
    )
    (left,) = take_over(project).left_out
    assert left.object == "view.v"
    assert "the default of its column id" in left.reason
    assert left.sql == "ALTER VIEW v ALTER COLUMN id SET DEFAULT 7"
    assert project.value("SELECT column_default FROM information_schema.columns WHERE table_name = 'v'") == "7"


def test_objects_of_extensions_and_what_is_declared_already_stay_out(project):
    if not project.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip(f"{ONLY_FOR}servers that have the extension vector")
    project.do("CREATE EXTENSION vector", "CREATE VIEW v AS SELECT 1 AS one", "CREATE VIEW w AS SELECT 2 AS two")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT 2 AS two;")
    project.apply()
    report = take_over(project)
    assert [file.path for file in report.files] == ["sql/public/views/v.sql"]
    again = take_over(project)
    assert again.files == ()
    project.settled()


def test_secrets_of_foreign_servers_are_in_no_file(project):
    project.do(
        "CREATE FOREIGN DATA WRAPPER far",
        "CREATE SERVER away FOREIGN DATA WRAPPER far OPTIONS (host 'h')",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER away OPTIONS (user 'u', password 'swordfish')",
    )
    report = take_over(project, baseline=True, verify=False)
    assert "swordfish" not in "".join(texts(project, "migrations").values())
    assert "CREATE SERVER away" in "".join(texts(project, "migrations").values())
    (left,) = report.left_out
    assert "USER MAPPING" in left.object
    assert "secret" in left.reason
    assert "swordfish" not in repr(report)


def test_names_are_qualified_where_the_search_path_depends_on_the_role(project):
    user = project.value("SELECT current_user")
    project.do(
        f"CREATE SCHEMA {user}", f"CREATE VIEW {user}.v AS SELECT 1 AS one", "CREATE VIEW public.w AS SELECT 1 AS one"
    )
    take_over(project)
    assert texts(project)["public/views/w.sql"].startswith("CREATE VIEW public.w AS")
    assert texts(project)[f"{user}/views/v.sql"].startswith(f"CREATE VIEW {user}.v AS")
    project.settled()


GIVEN_PATHS = ["public, other", "other, public", "other", "public", '"$user", public, other', 'public, "Mixed Case"']


@pytest.mark.parametrize("path", GIVEN_PATHS)
@pytest.mark.parametrize("giver", ["DATABASE", "ROLE"])
def test_files_do_not_rely_on_the_search_path_of_the_database_or_role(project, server, giver, path):
    """The empty database of the proof has none: views, signatures and comments mean the same there."""
    database = psycopg.conninfo.conninfo_to_dict(project.dsn)["dbname"]
    role = project.value("SELECT current_user")
    target = f'DATABASE "{database}"' if giver == "DATABASE" else f'ROLE "{role}" IN DATABASE "{database}"'
    project.do(
        "CREATE SCHEMA other",
        'CREATE SCHEMA "Mixed Case"',
        "CREATE TABLE other.things (id integer PRIMARY KEY, name text)",
        'CREATE TABLE "Mixed Case".words (id integer PRIMARY KEY, name text)',
        "CREATE TYPE other.mood AS ENUM ('good', 'bad')",
        "CREATE VIEW other.names AS SELECT id, name FROM other.things",
        'CREATE VIEW public.both AS SELECT n.name, w.id FROM other.names n, "Mixed Case".words w',
        "CREATE FUNCTION other.feel(m other.mood) RETURNS other.mood LANGUAGE sql AS 'SELECT $1'",
        "CREATE FUNCTION public.ask(m other.mood) RETURNS other.mood LANGUAGE sql AS 'SELECT other.feel($1)'",
        "COMMENT ON FUNCTION other.feel(other.mood) IS 'of a mood'",
        "CREATE TRIGGER same BEFORE UPDATE ON other.things FOR EACH ROW EXECUTE FUNCTION"
        " suppress_redundant_updates_trigger()",
        f"ALTER {target} SET search_path = {path}",
    )
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.is_planned_empty
    assert report.proof.is_dump_equal, (report.proof.why, report.proof.differences)
    (said,) = report.left_out
    assert said.object == f"search_path {path}"
    assert "pgmg.toml" in said.reason
    project.settled()


def test_the_search_path_of_the_project_is_relied_on(project, server):
    database = psycopg.conninfo.conninfo_to_dict(project.dsn)["dbname"]
    with (project.root / "pgmg.toml").open("a") as config:
        config.write('search_path = ["other", "public"]\n')
    project.do(
        "CREATE SCHEMA other",
        "CREATE VIEW other.v AS SELECT 1 AS one",
        f'ALTER DATABASE "{database}" SET search_path = public, other',
    )
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.is_dump_equal, (report.proof.why, report.proof.differences)
    assert report.left_out == ()
    assert texts(project)["other/views/v.sql"].startswith("CREATE VIEW v AS")


def test_a_name_of_the_system_keeps_its_schema(project):
    project.do(
        "CREATE VIEW pg_stat_activity AS SELECT 1 AS one",
        "CREATE FUNCTION length(text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "COMMENT ON FUNCTION public.length(text) IS 'ours'",
    )
    report = take_over(project)
    assert report.left_out == ()
    assert "COMMENT ON FUNCTION public.length(" in texts(project)["public/functions/length.sql"]
    project.settled()


def test_a_role_that_may_read_only_a_part_imports_what_it_can(project, server, roles):
    project.do(
        "CREATE TABLE hidden (id integer)",
        "CREATE TABLE shown (id integer)",
        "GRANT SELECT ON shown TO keep_alice",
        "GRANT CREATE ON SCHEMA public TO keep_alice",
        "ALTER ROLE keep_alice LOGIN",
        "SET ROLE keep_alice; CREATE VIEW v AS SELECT id FROM shown",
    )
    with project.open(connection_string=f"{project.dsn} user=keep_alice") as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions(baseline=True))
    assert [left.object for left in report.left_out] == ["table public.hidden"]
    assert "CREATE TABLE public.shown" in texts(project, "migrations")["001_baseline.sql"]
    assert report.proof.is_dump_equal is None
    assert report.proof.why == "only a part of the database was imported"
    assert report.proof.is_planned_empty


def test_a_migration_that_says_something_of_a_cast_is_read(project):
    project.write(
        "migrations/001.sql",
        "CREATE TYPE a AS (x integer);\nCREATE TYPE b AS (x integer);\n"
        "CREATE CAST (a AS b) WITH INOUT;\nCOMMENT ON CAST (a AS b) IS 'either way';\n",
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    project.settled()


def test_conditions_that_are_laid_out_for_people_are_the_same(project, server):
    """Without the server's brackets, an OR inside an OR is one OR when the file is read."""
    condition = (
        "a BETWEEN SYMMETRIC 1 AND 2 OR (a, b) IN ((1, 2), (3, 4)) OR b > 5 OR NOT (a = 1 AND (b = 2 AND a > b))"
    )
    project.do("CREATE TABLE t (a integer, b integer)", f"CREATE VIEW v AS SELECT a FROM t WHERE {condition}")
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.is_dump_equal, report.proof.differences


ABSENT = {
    "extension pgmg_test_absent": "SET allow_system_table_mods = on; INSERT INTO pg_extension (oid, extname, extowner,"
    " extnamespace, extrelocatable, extversion) SELECT max(e.oid::bigint) + 1000000, 'pgmg_test_absent', min(r.oid),"
    " 'public'::regnamespace, false, '1' FROM pg_extension e, pg_roles r WHERE r.rolname = current_user",
    "tablespace keep_space": "CREATE TABLE t (id integer) TABLESPACE keep_space",
}
"""What a server need not offer, and how a database comes to need it."""


@pytest.mark.parametrize("absent", ABSENT)
def test_what_the_server_of_the_proof_does_not_offer_is_no_difference(project, server, roles, absent):
    if absent.startswith("tablespace") and server.major < 15:
        pytest.skip(f"{ONLY_FOR}servers that make a tablespace in place")
    project.do(ABSENT[absent], "CREATE VIEW v AS SELECT 1 AS one")
    report = take_over(project, baseline=True)  # the empty database is on an embedded server of its own
    assert report.proof.is_planned_empty
    assert report.proof.is_dump_equal is None
    assert f"does not offer {absent}." in report.proof.why
    assert report.proof.differences == ()


def test_a_project_that_fails_on_a_server_with_everything_differs(project, server):
    project.do("CREATE TABLE t (id integer)", "CREATE VIEW v AS SELECT id FROM t")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT nowhere FROM t;")
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.proof.is_dump_equal is False
    assert "nowhere" in report.proof.differences[0]


def test_a_database_of_functions_alone_needs_no_migration_and_is_proved(project, server):
    project.do(
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "GRANT EXECUTE ON FUNCTION f TO pg_monitor"
    )
    report = take_over(project, baseline=True, scratch=server.dsn)
    assert report.migrations == ()
    assert report.proof.is_planned_empty
    assert report.proof.is_dump_equal, (report.proof.why, report.proof.differences)
