"""`pgmg import OBJECT` on a project: what was changed by hand in the database becomes what the file declares."""

from __future__ import annotations

import pytest

from pgmg.errors import ImportRefused, UnknownObjectError
from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions
from tests.survival import settings

TABLES = "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"


def take_over(project, *names, dry_run=False, **options):
    with project.open() as opened:
        return Importer(opened.settings, opened.connect).run(ImportOptions(names=names, **options), dry_run=dry_run)


def text(project, path):
    return (project.root / path).read_text()


@pytest.fixture(scope="module")
def roles(server):
    settings.prepare(server.admin)


DRIFT = {  # kind: what is declared, what is done by hand, what to name
    "view": ("CREATE VIEW v AS SELECT id FROM t", "CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 0", "v"),
    "view options": ("CREATE VIEW v WITH (security_barrier) AS SELECT id FROM t", "CREATE OR REPLACE VIEW v WITH (security_barrier = off) AS SELECT id, b FROM t", "view.v"),
    "materialized view": (
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
        "DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT id, b FROM t",
        "m",
    ),
    "index of a materialized view": (
        "CREATE MATERIALIZED VIEW m AS SELECT id, b FROM t;\nCREATE INDEX m_i ON m (id)",
        "DROP INDEX m_i; CREATE INDEX m_i ON m (b DESC)",
        "m",
    ),
    "function": (
        "CREATE OR REPLACE FUNCTION f(x integer) RETURNS integer LANGUAGE sql AS $$ SELECT x $$",
        "CREATE OR REPLACE FUNCTION f(x integer) RETURNS integer LANGUAGE sql STABLE COST 7 AS $$ SELECT x + 1 -- here $$",
        "f",
    ),
    "atomic function": (
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(b) FROM t; SELECT 2; END",
        "function.f()",
    ),
    "procedure": (
        "CREATE PROCEDURE p(x integer) LANGUAGE plpgsql AS $$ BEGIN NULL; END $$",
        "CREATE OR REPLACE PROCEDURE p(x integer) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'x'; END $$",
        "p",
    ),
    "enum": ("CREATE TYPE mood AS ENUM ('good', 'bad')", "ALTER TYPE mood ADD VALUE 'fair' AFTER 'good'", "mood"),
    "composite": ("CREATE TYPE pair AS (a integer, b text)", "ALTER TYPE pair ADD ATTRIBUTE c date", "pair"),
    "range": (
        "CREATE TYPE span AS RANGE (subtype = float8)",
        "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi)",
        "span",
    ),
    "domain": (
        "CREATE DOMAIN short AS text CHECK (length(VALUE) < 5)",
        "ALTER DOMAIN short ADD CONSTRAINT filled CHECK (VALUE <> ''); ALTER DOMAIN short SET DEFAULT 'x'",
        "short",
    ),
    "trigger": (
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp()",
        "DROP TRIGGER tr ON t; CREATE TRIGGER tr BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION stamp()",
        "tr",
    ),
    "policy": (
        "CREATE POLICY own ON t USING (a = 1)",
        "ALTER POLICY own ON t USING (a = 2) WITH CHECK (b <> '')",
        "policy.own on t",
    ),
    "rule": (
        "CREATE VIEW v AS SELECT id FROM t;\nCREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING",
        "CREATE OR REPLACE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE id = OLD.id",
        "v",
    ),
    "aggregate": (
        "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)",
        "DROP AGGREGATE total(integer); CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
        "total",
    ),
    "operator": (
        "CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
        "DROP OPERATOR === (integer, integer); CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq, COMMUTATOR = ===, HASHES)",
        "operator.===(integer, integer)",
    ),
    "cast": (
        "CREATE TYPE pair AS (a integer, b integer);\nCREATE CAST (pair AS text) WITH INOUT",
        "DROP CAST (pair AS text); CREATE CAST (pair AS text) WITH INOUT AS ASSIGNMENT",
        "cast.(pair as text)",
    ),
    "collation": (
        "CREATE COLLATION plain (provider = libc, locale = 'C')",
        "DROP COLLATION plain; CREATE COLLATION plain (provider = libc, locale = 'POSIX')",
        "plain",
    ),
    "text search dictionary": (
        "CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple)",
        "ALTER TEXT SEARCH DICTIONARY words (accept = false)",
        "words",
    ),
    "text search configuration": (
        'CREATE TEXT SEARCH CONFIGURATION config (PARSER = "default");\nALTER TEXT SEARCH CONFIGURATION config ADD MAPPING FOR word WITH simple',
        "ALTER TEXT SEARCH CONFIGURATION config ADD MAPPING FOR int WITH simple",
        "config",
    ),
    "statistics": (
        "CREATE STATISTICS s ON a, b FROM t",
        "DROP STATISTICS s; CREATE STATISTICS s (ndistinct) ON a, id FROM t",
        "s",
    ),
    "event trigger": (
        "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watched()",
        "DROP EVENT TRIGGER watch; CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE SERVER') EXECUTE FUNCTION watched()",
        "watch",
    ),
    "comment": (
        "CREATE VIEW v AS SELECT id FROM t;\nCOMMENT ON VIEW v IS 'ours'",
        "COMMENT ON VIEW v IS 'it''s theirs'",
        "v",
    ),
    "comment of a table's column": (
        "COMMENT ON COLUMN t.a IS 'ours'",
        "COMMENT ON COLUMN t.a IS 'theirs'",
        "comment.column.t.a",
    ),
    "comment of a schema": ("COMMENT ON SCHEMA public IS 'ours'", "COMMENT ON SCHEMA public IS 'theirs'", "comment.schema.public"),
    "comment taken away": (
        "CREATE VIEW v AS SELECT id FROM t;\n\nCOMMENT ON VIEW v IS 'ours';\nCOMMENT ON COLUMN v.id IS 'a column'",
        "COMMENT ON VIEW v IS NULL",
        "v",
    ),
    "grant": (
        "CREATE VIEW v AS SELECT id FROM t;\nGRANT SELECT, INSERT ON v TO keep_alice, keep_owner",
        "REVOKE INSERT ON v FROM keep_alice",
        "v",
    ),
    "grant taken away": (
        "CREATE VIEW v AS SELECT id FROM t;\nGRANT SELECT ON v TO keep_alice;\nGRANT SELECT ON v TO keep_owner",
        "REVOKE ALL ON v FROM keep_alice",
        "v",
    ),
    "grant on a table": (
        "GRANT SELECT ON t TO keep_alice;\nGRANT INSERT ON t TO keep_alice",
        "REVOKE INSERT ON t FROM keep_alice; GRANT UPDATE (a), DELETE ON t TO keep_alice WITH GRANT OPTION",
        "grant.table.t to keep_alice",
    ),
    "grant on a schema": (
        "GRANT USAGE, CREATE ON SCHEMA public TO keep_alice",
        "REVOKE CREATE ON SCHEMA public FROM keep_alice",
        "grant.schema.public to keep_alice",
    ),
    "revoke": (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';\nREVOKE ALL ON FUNCTION f() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
        "f",
    ),
    "owner": (
        "CREATE VIEW v AS SELECT id FROM t;\nALTER VIEW v OWNER TO keep_owner",
        "ALTER VIEW v OWNER TO keep_alice",
        "v",
    ),
    "default of a view's column": (
        "CREATE VIEW v AS SELECT id FROM t;\nALTER VIEW v ALTER COLUMN id SET DEFAULT 1",
        "ALTER VIEW v ALTER COLUMN id SET DEFAULT 2",
        "v",
    ),
    "firing": (
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp();\nALTER TABLE t DISABLE TRIGGER tr",
        "ALTER TABLE t ENABLE ALWAYS TRIGGER tr",
        "trigger.tr on t",
    ),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO keep_alice",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM keep_alice; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO keep_alice",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DRIFT)
def test_the_databases_version_of_every_kind_is_kept(project, roles, what):
    """pg_dump of the database is the same before and after, and the same where a new one is built from the files."""
    declared, by_hand, name = DRIFT[what]
    functions = (
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
    )
    project.write("migrations/001.sql", f"{TABLES}\n{functions};")
    project.write(
        "sql/it.sql",
        f"-- kept by hand\n{declared};\n\nCREATE FUNCTION beside() RETURNS int LANGUAGE sql RETURN  1; -- stays\n",
    )
    project.apply()
    project.do(by_hand)
    before = project.dump()
    plan = project.plan()
    assert plan.changes, "it has drifted"
    if name is None:
        (name,) = {str(change.object) for change in plan.changes}
    report = take_over(project, name)
    assert [file.path for file in report.files] == ["sql/it.sql"]
    assert report.files[0].is_changed
    assert report.proof.is_planned_empty, report.proof.why
    assert project.dump() == before
    project.settled()
    written = text(project, "sql/it.sql")
    assert written.startswith("-- kept by hand\n")
    assert written.endswith("\nCREATE FUNCTION beside() RETURNS int LANGUAGE sql RETURN  1; -- stays\n")
    with project.open() as opened:
        opened.reset(everything=True)
    project.do(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM keep_alice",
        "COMMENT ON SCHEMA public IS 'standard public schema'; REVOKE ALL ON SCHEMA public FROM keep_alice",
    )
    project.apply()
    different = set(project.dump().splitlines()) ^ set(before.splitlines())
    if name.startswith("default_privileges"):  # the table was there before them
        different = {line for line in different if not line.endswith(" ON TABLE public.t TO keep_alice;")}
    assert different == set()


def test_the_other_statements_of_a_file_keep_their_words_and_line_ends(project):
    before = (
        "\ufeff-- the answer\r\nSET search_path = app;\r\nDROP VIEW IF EXISTS v;\r\n"
        "create or replace view v as\r\n    select 1 as one -- first\r\n;\r\n\r\n"
        "COMMENT ON VIEW v IS 'x';\r\n/* end */ create view w as select 2 as two\r\n"
    )
    project.write("migrations/001.sql", "CREATE SCHEMA app;")
    (project.root / "sql/v.sql").write_bytes(before.encode())
    (project.root / "sql/v.sql").chmod(0o640)
    project.apply()
    project.do("CREATE OR REPLACE VIEW app.v AS SELECT 3 AS one", "COMMENT ON VIEW app.v IS NULL")
    take_over(project, "app.v")
    assert (project.root / "sql/v.sql").read_bytes().decode() == (
        "\ufeff-- the answer\r\nSET search_path = app;\r\nDROP VIEW IF EXISTS v;\r\n"
        "CREATE OR REPLACE VIEW app.v AS\r\nSELECT 3 AS one -- first\r\n;\r\n\r\n"
        "/* end */ create view w as select 2 as two\r\n"
    )
    assert (project.root / "sql/v.sql").stat().st_mode & 0o777 == 0o640
    project.settled()


def test_what_is_unmanaged_gets_a_file_beside_those_that_change(project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT 1 AS one;")
    project.apply()
    project.do(
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS one, 2 AS two",
        "CREATE OR REPLACE VIEW w AS SELECT 1 AS one, 2 AS two",
        "CREATE VIEW fresh AS SELECT 3 AS three",
        "CREATE VIEW other AS SELECT 4 AS four",
        "CREATE RULE skip AS ON DELETE TO v DO INSTEAD NOTHING",
    )
    report = take_over(project, "v", "view.fresh")
    assert [(file.path, file.is_changed) for file in report.files] == [
        ("sql/v.sql", True),
        ("sql/public/rules/v.skip.sql", False),
        ("sql/public/views/fresh.sql", False),
    ]
    assert text(project, "sql/w.sql") == "CREATE VIEW w AS SELECT 1 AS one;", "nobody has named it"
    assert [(str(c.object), c.change.value) for c in project.plan().changes] == [("view.w", "drifted")]
    assert not report.proof.is_planned_empty
    take_over(project, "w")
    project.settled()
    assert [file.path for file in take_over(project).files] == ["sql/public/views/other.sql"]


def test_a_dry_run_shows_the_difference_and_changes_nothing(project):
    from pgmg.render.text.results.import_lines import import_lines

    project.write("sql/v.sql", "CREATE VIEW v AS\nSELECT 1 AS one;\n")
    project.apply()
    project.do("CREATE OR REPLACE VIEW v AS SELECT 2 AS one")
    report = take_over(project, "v", dry_run=True)
    assert list(import_lines(report))[:6] == [
        "  would change sql/v.sql",
        "    --- sql/v.sql",
        "    +++ sql/v.sql (database)",
        "    @@ -1,2 +1,2 @@",
        "     CREATE VIEW v AS",
        "    -SELECT 1 AS one;",
    ]
    assert text(project, "sql/v.sql") == "CREATE VIEW v AS\nSELECT 1 AS one;\n"
    assert [change.change.value for change in project.plan().changes] == ["drifted"]
    assert next(import_lines(take_over(project, "v"))) == "✓ Changed sql/v.sql"


def test_nothing_to_keep_is_said(project):
    from pgmg.render.text.results.import_lines import import_lines

    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    report = take_over(project, "v")
    assert report.files == ()
    assert "Nothing to import" in "\n".join(import_lines(report))


TWINS = {  # a kind of object, its body before and after
    "VIEW {}twin AS SELECT {} AS one": ("1", "2"),
    "MATERIALIZED VIEW {}twin AS SELECT {} AS one": ("1", "2"),
    "FUNCTION {}twin(a integer) RETURNS integer LANGUAGE sql AS 'SELECT {}'": ("1", "2"),
    "PROCEDURE {}twin(a text) LANGUAGE sql AS 'SELECT {}'": ("1", "2"),
    "TYPE {}twin AS ENUM ({})": ("'a'", "'a', 'b'"),
    "DOMAIN {}twin AS integer CHECK (VALUE > {})": ("1", "2"),
}


@pytest.mark.parametrize("declaration", TWINS)
def test_objects_of_one_name_in_two_schemas_are_two_objects(project, declaration):
    """One is recorded; the other one comes later, without its schema, and is then changed by hand."""
    before, after = TWINS[declaration]
    kind = declaration.partition(" {}")[0]
    project.write("migrations/001.sql", "CREATE SCHEMA app;")
    project.write("sql/a.sql", f"CREATE {declaration.format('app.', before)};")
    project.apply()
    project.write("sql/b.sql", f"CREATE {declaration.format('', before)};")
    assert [(step.action.value, step.object.schema) for step in project.plan().steps] == [("create", "public")]
    project.apply()
    project.settled()
    arguments = declaration.partition("twin")[2] if kind in ("FUNCTION", "PROCEDURE") else ""
    called = f"twin{arguments[: arguments.index(')') + 1]}" if arguments else "twin"
    project.do(f"DROP {kind} {called}", f"CREATE {declaration.format('', after)}")
    take_over(project, f"public.{called.partition('(')[0]}")
    assert "app" not in text(project, "sql/b.sql")
    assert after.rpartition(" ")[2] in text(project, "sql/b.sql")
    project.settled()


def test_an_edit_that_was_not_applied_is_not_discarded_unasked(project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 7 AS one;")
    project.do("CREATE OR REPLACE VIEW v AS SELECT 2 AS one")
    with pytest.raises(ImportRefused, match=r"view\.v was edited in sql/v\.sql:1"):
        take_over(project, "v")
    assert "7" in text(project, "sql/v.sql")
    take_over(project, "v", force=True)
    assert "SELECT 2 AS one" in text(project, "sql/v.sql")
    project.settled()


def test_what_the_database_does_not_have_cannot_be_kept(project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    project.do("DROP VIEW v")
    with pytest.raises(ImportRefused, match=r"The database has no view\.v, which sql/v\.sql:1 declares") as caught:
        take_over(project, "v")
    assert "pgmg apply" in caught.value.hint
    with pytest.raises(UnknownObjectError):
        take_over(project, "nothing")


def test_other_pending_changes_stay_pending(project):
    """A migration below the object, an edit beside it, a refusal elsewhere."""
    project.write("migrations/001.sql", TABLES)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM t;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT id FROM v;")
    project.apply()
    project.do("CREATE OR REPLACE VIEW v AS SELECT id, a FROM t")
    project.write("migrations/002.sql", "ALTER TABLE t ALTER COLUMN a TYPE bigint;")
    project.write("sql/w.sql", "CREATE VIEW w AS SELECT id + 1 AS id FROM v;")
    report = take_over(project, "v")
    assert report.proof.is_planned_empty is False
    assert {str(change.object) for change in project.plan().changes} == {"view.w"}
    assert "a\nFROM t" in text(project, "sql/v.sql")
    project.apply()
    project.settled()


def test_a_file_that_cannot_be_written_leaves_the_records_as_they_were(project, monkeypatch):
    from pgmg.importing.files.file_set import FileSet

    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    project.do("CREATE OR REPLACE VIEW v AS SELECT 2 AS one")
    records = project.rows("SELECT * FROM pgmg_state")

    def full(_self, _texts):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSet, "write", full)
    with pytest.raises(OSError, match="No space"):
        take_over(project, "v")
    assert project.rows("SELECT * FROM pgmg_state") == records


def test_a_link_out_of_the_code_folder_is_not_followed(project, tmp_path_factory):
    from pgmg.errors import UsageError

    outside = tmp_path_factory.mktemp("outside") / "v.sql"
    outside.write_text("CREATE VIEW v AS SELECT 1 AS one;")
    (project.root / "sql/v.sql").symlink_to(outside)
    project.apply()
    project.do("CREATE OR REPLACE VIEW v AS SELECT 2 AS one")
    with pytest.raises(UsageError, match="out of the code folder"):
        take_over(project, "v")
    assert outside.read_text() == "CREATE VIEW v AS SELECT 1 AS one;"
