"""Entities of alembic_utils, imported from Python and written as SQL files."""

from __future__ import annotations

import itertools
import sys

import pytest

from pgmg.errors import ImportRefused
from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions, Layout
from tests.importing.test_neighbours import ENTITIES

_NUMBERS = itertools.count(1)


@pytest.fixture
def package(project):
    """A function that writes a package with these modules into the project, and returns its name."""
    loaded = set(sys.modules)

    def write(**modules: str) -> str:
        name = f"entities_{next(_NUMBERS)}"
        project.write(f"{name}/__init__.py", "")
        project.write(f"{name}/base.py", ENTITIES)
        for module, text in modules.items():
            project.write(f"{name}/{module}.py", f"from {name}.base import *\n{text}")
        return name

    yield write
    for name in set(sys.modules) - loaded:
        if name.startswith("entities_"):
            del sys.modules[name]


def imported(project, *modules, dry_run=False, **options):
    with project.open() as opened:
        importer = Importer(opened.settings, opened.connect)
        return importer.run(ImportOptions(from_alembic=modules, **options), dry_run=dry_run)


def test_each_entity_gets_a_file_and_what_is_on_a_view_stays_with_it(project, package):
    made = (
        "CREATE VIEW daily AS SELECT 'a'::text AS one",
        "CREATE FUNCTION at(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 || ':x' $$",
        "CREATE FUNCTION at(integer) RETURNS text LANGUAGE sql AS $$ SELECT $1::text $$",
        "GRANT SELECT ON daily TO pg_monitor",
    )
    project.do(*made)
    name = package(
        views="all_ = {'daily': PGView('public', 'daily', \"SELECT 'a'::text AS one\")}\n"
        "grant = PGGrantTable('public', 'daily', 'pg_monitor', 'SELECT')",
        functions="one = PGFunction('public', 'at(text)', \"RETURNS text LANGUAGE sql AS $$ SELECT $1 || ':x' $$\")\n"
        "two = PGFunction('public', 'at(integer)', 'RETURNS text LANGUAGE sql AS $$ SELECT $1::text $$')",
    )
    report = imported(project, name)
    assert [(file.path, len(file.objects)) for file in report.files] == [
        ("sql/public/functions/at.sql", 2),
        ("sql/public/views/daily.sql", 2),
    ]
    assert (project.root / "sql/public/views/daily.sql").read_text() == (
        "CREATE VIEW public.daily AS\nSELECT 'a'::text AS one;\n\nGRANT SELECT ON public.daily TO pg_monitor;\n"
    )
    assert "SELECT $1 || ':x'" in (project.root / "sql/public/functions/at.sql").read_text()
    assert project.plan().changes == ()


def test_names_that_need_quotes_keep_them(project, package):
    project.do('CREATE VIEW "Daily" AS SELECT 1 AS "One"')
    imported(project, package(views="v = PGView('public', 'Daily', 'SELECT 1 AS \"One\"')"), layout=Layout.FLAT)
    assert (project.root / "sql/view.public.Daily.sql").read_text() == (
        'CREATE VIEW public."Daily" AS\nSELECT 1 AS "One";\n'
    )


def test_a_literal_of_several_lines_is_not_indented_anew(project, package):
    project.do("CREATE VIEW v AS SELECT 'a\n    b' AS one")
    imported(project, package(views="v = PGView('public', 'v', \"SELECT 'a\\n    b' AS one\")"))
    assert project.plan().changes == ()


def test_an_entity_that_was_edited_is_left_to_the_next_plan(project, package):
    project.do("CREATE VIEW v AS SELECT 1 AS one")
    report = imported(project, package(views="v = PGView('public', 'v', 'SELECT 2 AS one')"))
    assert [one.object for one in report.left_out] == ["view.v"]
    assert project.value("SELECT one FROM v") == 1
    assert [str(step.object) for step in project.plan().steps] == ["view.v"]
    project.apply()
    assert project.value("SELECT one FROM v") == 2


def test_an_extension_is_left_out_with_its_statement(project, package):
    report = imported(
        project, package(more="e = PGExtension('public', 'citext')\nv = PGView('public', 'v', 'SELECT 1 AS one')")
    )
    (extension, _) = report.left_out
    assert extension.sql == 'CREATE EXTENSION "citext" WITH SCHEMA "public"'
    assert "write it into a migration" in extension.reason


def test_a_dry_run_writes_and_records_nothing(project, package):
    project.do("CREATE VIEW v AS SELECT 1 AS one")
    report = imported(project, package(views="v = PGView('public', 'v', 'SELECT 1 AS one')"), dry_run=True)
    assert [file.path for file in report.files] == ["sql/public/views/v.sql"]
    assert not (project.root / "sql/public").exists()
    assert project.value("SELECT to_regclass('pgmg_state')") is None


def test_existing_files_and_bad_modules_are_refused(project, package):
    name = package(views="v = PGView('public', 'v', 'SELECT 1 AS one')", bad="raise ValueError('no settings')")
    with pytest.raises(ImportRefused, match=r"cannot import .*bad: ValueError: no settings"):
        imported(project, name)
    with pytest.raises(ImportRefused, match="cannot import no_such_module"):
        imported(project, "no_such_module")
    with pytest.raises(ImportRefused, match="There are no entities"):
        imported(project, f"{name}.base")
    project.write("sql/public/views/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    with pytest.raises(ImportRefused, match="Files exist"):
        imported(project, f"{name}.views")


def test_nothing_is_written_where_the_files_cannot_be_read(project, package):
    with pytest.raises(Exception, match=r"sql/public/views/v\.sql"):
        imported(project, package(views="v = PGView('public', 'v', 'SELECT FROM WHERE')"))
    assert not (project.root / "sql/public").exists()
