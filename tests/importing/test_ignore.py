"""What is somebody else's: not imported, never dropped, counted."""

from __future__ import annotations

import pytest

from pgmg.errors import ConfigError
from pgmg.importing import Importer
from pgmg.model.import_report import ImportOptions
from pgmg.model.name_patterns import NamePatterns
from pgmg.model.names import Kind, ObjectName
from pgmg.render.text.plain import status_text


def ignoring(project, *patterns):
    listed = ", ".join(f'"{pattern}"' for pattern in patterns)
    (project.root / "pgmg.toml").write_text(f'migrations_dir = "migrations"\ncode_dir = "sql"\nignore = [{listed}]\n')


def test_what_is_ignored_is_not_imported_and_status_counts_it(project):
    project.do(
        "CREATE SCHEMA cron; CREATE VIEW cron.job AS SELECT 1 AS one",
        "CREATE VIEW tmp_a AS SELECT 1 AS one",
        "CREATE VIEW mine AS SELECT 1 AS one",
    )
    ignoring(project, "cron.*", "view.tmp_*")
    with project.open() as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions())
        status = opened.status()
    assert [file.path for file in report.files] == ["sql/public/views/mine.sql"]
    assert status.ignored == ("view.cron.job", "view.tmp_a")
    assert "2 objects" in status_text(status)
    assert "view.cron.job" not in status_text(status)
    assert "view.cron.job" in status_text(status, verbose=1)


def test_what_is_ignored_is_not_dropped_when_its_file_goes(project):
    project.write("sql/tmp_a.sql", "CREATE VIEW tmp_a AS SELECT 1 AS one;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT 1 AS one;")
    project.apply()
    ignoring(project, "view.tmp_*")
    project.remove("sql/tmp_a.sql")
    project.remove("sql/b.sql")
    project.write("sql/c.sql", "CREATE VIEW c AS SELECT 1 AS one;")
    project.apply()
    assert project.rows("SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY 1") == [("c",), ("tmp_a",)]


def test_what_is_ignored_survives_a_migration_below_it(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.apply()
    project.do("CREATE VIEW tmp_a AS SELECT id FROM t", "COMMENT ON VIEW tmp_a IS 'theirs'")
    ignoring(project, "view.tmp_*")
    project.write("migrations/002.sql", "ALTER TABLE t ALTER COLUMN id TYPE bigint;")
    project.apply()
    assert project.value("SELECT obj_description('tmp_a'::regclass)") == "theirs"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("daily", True),
        ("app.*", True),
        ("view.*", True),
        ("view.app.da?ly", True),
        ("owner:etl", True),
        ("owner:e*", True),
        ("other.*", False),
        ("function.*", False),
        ("owner:app", False),
        ("dail", False),
    ],
)
def test_a_pattern_matches_names_kinds_schemas_and_owners(pattern, matches):
    assert NamePatterns((pattern,)).match(ObjectName(Kind.VIEW, "daily", "app"), "etl") is matches


def test_what_is_on_a_relation_goes_with_it():
    view = ObjectName(Kind.VIEW, "daily", "app")
    assert NamePatterns(("app.*",)).match(ObjectName(Kind.TRIGGER, "stamp", parent=view))


def test_a_pattern_that_is_no_text_is_refused(project):
    (project.root / "pgmg.toml").write_text('code_dir = "sql"\nignore = [1]\n')
    with pytest.raises(ConfigError, match="ignore: expected patterns"):
        project.open()


def test_tests_beside_code_are_passed_over_with_a_notice(project):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    project.write("sql/a.test.sql", "DO $$ BEGIN ASSERT true; END $$;")
    plan = project.plan()
    assert [step.object.name for step in plan.steps] == ["a"]
    assert ("code-test", "sql/a.test.sql") in [(one.code, one.where) for one in plan.warnings]


def test_files_that_are_there_already_can_be_adopted_without_running_anything(project):
    project.do("CREATE VIEW a AS SELECT 1 AS one", "COMMENT ON VIEW a IS 'x'")
    project.write("sql/a.sql", "CREATE VIEW a AS\nSELECT 1 AS one;\nCOMMENT ON VIEW a IS 'x';")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT 1 AS one;")
    oid = project.value("SELECT 'a'::regclass::oid")
    with project.open() as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions(adopt=True))
    assert [file.objects for file in report.files] == [("view.a", "comment.view.a")]
    assert [str(step.object) for step in project.plan().steps] == ["view.b"]
    assert project.value("SELECT 'a'::regclass::oid") == oid


def test_the_last_variable_names_the_server(tmp_path):
    from pgmg.config import load

    (tmp_path / "sql").mkdir()
    assert load(tmp_path, environ={"DATABASE_URL": "postgresql://h/d"}).connection_string == "postgresql://h/d"
    assert load(tmp_path, environ={"DATABASE_URL": "x", "PGHOST": "h"}).connection_string == ""
    assert load(tmp_path, environ={"DATABASE_URL": "x", "PGMG_CONNECTION_STRING": "y"}).connection_string == "y"
