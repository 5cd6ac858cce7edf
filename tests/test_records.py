"""Records of migrations: renamed, squashed, edited, of another branch, of another project (rule 3.4)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import pgmg
from pgmg.errors import OtherProject, RefusedChange, RenamedMigration, UnknownObjectError
from pgmg.model.results.record_changes import RecordChanges
from tests.conftest import Case


def table(name):
    return f"CREATE TABLE {name} (id integer PRIMARY KEY);"


def recorded(project):
    return [name for (name,) in project.rows("SELECT name FROM pgmg_migrations ORDER BY name")]


def codes(plan):
    return [warning.code for warning in plan.warnings]


def change(project, **changes):
    with project.open() as opened:
        return opened.change_records(RecordChanges(**changes))


def cli(project, *words):
    variables = {**os.environ, "PGMG_CONNECTION_STRING": project.dsn}
    command = [sys.executable, "-m", "pgmg", *words]
    return subprocess.run(command, cwd=project.root, env=variables, capture_output=True, text=True, check=False)


def way_out(text):
    """The commands that a message names, as words to run."""
    return [found.split() for found in re.findall(r"`pgmg ([^`]+)`", text)]


@pytest.fixture
def two(project):
    """A project with two applied migrations."""
    project.write("migrations/001_a.sql", table("a"))
    project.write("migrations/002_b.sql", table("b"))
    project.apply()
    return project


# -- renaming -------------------------------------------------------------------------------------------


def test_the_hint_of_a_renamed_migration_moves_its_record_and_nothing_else(two):
    """A colleague's migration, which is pending here, is not recorded with it."""
    before = two.value("SELECT applied_at FROM pgmg_migrations WHERE name = '002_b.sql'")
    two.write("migrations/003_colleague.sql", table("colleague"))
    (two.root / "migrations/002_b.sql").rename(two.root / "migrations/004_b.sql")
    with pytest.raises(RenamedMigration) as caught:
        two.apply()
    assert way_out(str(caught.value)) == [["baseline", "--rename", "002_b.sql", "004_b.sql"]]
    done = cli(two, *way_out(str(caught.value))[0])
    assert (done.returncode, done.stdout) == (0, "✓ Moved the record: 002_b.sql is 004_b.sql\n")
    assert two.value("SELECT applied_at FROM pgmg_migrations WHERE name = '004_b.sql'") == before
    assert two.apply().migrations_recorded == ("003_colleague.sql",)
    assert recorded(two) == ["001_a.sql", "003_colleague.sql", "004_b.sql"]
    assert codes(two.plan()) == []


def test_status_says_what_is_renamed_and_goes_on(two):
    (two.root / "migrations/002_b.sql").rename(two.root / "migrations/004_b.sql")
    with two.open() as opened:
        status = opened.status()
    assert "migration-renamed" in [warning.code for warning in status.warnings]
    assert status.differs


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ("009.sql", "003_c.sql", UnknownObjectError, "No migration '009.sql' is recorded"),
        ("002_b.sql", "009.sql", UnknownObjectError, "There is no migration '009.sql'"),
        ("002_b.sql", "003_c.sql", RefusedChange, "its file is there"),
    ],
)
def test_a_record_is_moved_only_from_a_file_that_is_gone_to_one_that_is_there(two, old, new, error, words):
    two.write("migrations/003_c.sql", table("c"))
    with pytest.raises(error, match=words):
        change(two, renamed=((old, new),))
    assert recorded(two) == ["001_a.sql", "002_b.sql"]


# -- one alone ------------------------------------------------------------------------------------------


def test_one_migration_alone_is_recorded(two):
    for name in ("c", "d", "e"):
        two.write(f"migrations/003_{name}.sql", table(name))
    done = cli(two, "baseline", "--only", "003_d.sql", "--format", "json")
    assert json.loads(done.stdout) == {
        "recorded": True,
        "migrations": ["003_d.sql"],
        "renamed": [],
        "forgotten": [],
        "accepted": [],
    }
    assert [migration.name for migration in two.plan().migrations] == ["003_c.sql", "003_e.sql"]
    assert cli(two, "baseline", "--only", "003_d.sql").stdout == "Nothing to change: the records say so already.\n"


def test_already_exists_names_the_way_out(project):
    project.do(table("a"), table("c"))
    project.write("migrations/001_a.sql", table("a"))
    project.write("migrations/002_b.sql", table("b"))
    with pytest.raises(pgmg.ApplyError) as caught:
        project.apply()
    assert ["baseline", "001_a.sql"] in way_out(str(caught.value))
    assert cli(project, "baseline", "001_a.sql").returncode == 0
    project.apply()
    project.write("migrations/003_c.sql", table("c"))
    with pytest.raises(pgmg.ApplyError) as caught:
        project.apply()
    assert way_out(str(caught.value)) == [["baseline", "--only", "003_c.sql"]]
    assert cli(project, *way_out(str(caught.value))[0]).returncode == 0
    project.settled()


def test_already_exists_records_none_that_would_have_run(project):
    """Of two migrations the database has seen the second only: to record both would lose the first in silence."""
    project.do(table("b"))
    project.write("migrations/001_a.sql", table("a"))
    project.write("migrations/002_b.sql", table("b"))
    with pytest.raises(pgmg.ApplyError) as caught:
        project.apply()
    (way,) = way_out(str(caught.value))
    assert way == ["baseline", "--only", "002_b.sql"]
    assert cli(project, *way).returncode == 0
    project.apply()
    assert project.value("SELECT to_regclass('a')::text") == "a"


def test_name_and_options_do_not_go_together(two):
    done = cli(two, "baseline", "002_b.sql", "--only", "001_a.sql")
    assert done.returncode == 2
    assert "--only NAME" in done.stderr


# -- squashing ------------------------------------------------------------------------------------------


def test_after_a_squash_records_are_retired(two):
    two.write("migrations/003_c.sql", table("c"))
    two.apply()
    two.remove("migrations/001_a.sql")
    two.remove("migrations/002_b.sql")
    two.write("migrations/000_squashed.sql", table("a") + table("b"))
    plan = two.plan()
    assert codes(plan) == ["migration-gone", "migration-gone", "migration-out-of-order"]
    assert all(
        ["baseline", "--forget", name] in way_out(plan.warnings[n].message)
        for n, name in enumerate(("001_a.sql", "002_b.sql"))
    )
    done = cli(two, "baseline", "--only", "000_squashed.sql", "--forget", "001_a.sql", "--forget", "002_b.sql")
    assert done.stdout.splitlines() == [
        "✓ Recorded migration: 000_squashed.sql",
        "✓ Retired the record: 001_a.sql",
        "✓ Retired the record: 002_b.sql",
    ]
    assert codes(two.plan()) == []
    two.settled()


def test_what_would_run_again_is_not_retired(two):
    with pytest.raises(RefusedChange, match="would run again"):
        change(two, forgotten=("001_a.sql",))
    with pytest.raises(UnknownObjectError, match="No migration"):
        change(two, forgotten=("009.sql",))


def test_changes_are_made_together_or_not_at_all(two):
    two.remove("migrations/001_a.sql")
    with pytest.raises(UnknownObjectError):
        change(two, forgotten=("001_a.sql",), accepted=("009.sql",))
    assert recorded(two) == ["001_a.sql", "002_b.sql"]


# -- editing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit", ["-- a comment\n{}", "{}\n\n", "  {}  -- more", "/* old */ {}", "create table b (id INTEGER primary KEY);"]
)
def test_comments_and_white_space_are_no_difference(two, edit):
    two.write("migrations/002_b.sql", edit.format(table("b")))
    plan = two.plan()
    assert codes(plan) == ["migration-formatting"]
    assert not plan.differs
    assert cli(two, "plan", "--exit-code").returncode == 0


@pytest.mark.parametrize(
    "edit",
    [
        "CREATE TABLE b (id bigint PRIMARY KEY);",
        "{} INSERT INTO b VALUES (1);",
        "",
        "-- pgmg: no-transaction\n{}",
        "SELECT ' b'; {}",
    ],
)
def test_an_edit_is_a_difference_with_three_ways_out(two, edit):
    original = table("b")
    two.write("migrations/002_b.sql", edit.format(original))
    plan = two.plan()
    assert (plan.steps, codes(plan), plan.differs) == ((), ["migration-edited"], True)
    done = cli(two, "plan", "--exit-code")
    assert done.returncode == 3
    assert "matches the project" not in done.stdout
    assert "matches the project" not in cli(two, "status").stdout
    assert "matches the project" not in cli(two, "apply").stdout
    for words in ("Restore the file", "write a new migration", "pgmg baseline --accept-edit 002_b.sql"):
        assert words in done.stdout
    two.write("migrations/002_b.sql", original)
    assert codes(two.plan()) == []
    two.write("migrations/002_b.sql", edit.format(original))
    assert cli(two, *way_out(done.stdout)[0]).stdout == "✓ Accepted the edit: 002_b.sql\n"
    assert codes(two.plan()) == []
    assert cli(two, "plan", "--exit-code").returncode == 0


def test_what_an_earlier_pgmg_recorded_knows_no_formatting(two):
    two.do("UPDATE pgmg_migrations SET statements_hash = NULL")
    two.write("migrations/002_b.sql", "-- a comment\n" + table("b"))
    assert codes(two.plan()) == ["migration-edited"]
    two.do("UPDATE pgmg_migrations SET hash = NULL")
    assert codes(two.plan()) == []


def test_two_branches_with_the_same_file_name_are_told_apart(two, tmp_path_factory):
    other = Case(tmp_path_factory.mktemp("checkout"), two.dsn)
    shutil.copytree(two.root / "migrations", other.root / "migrations", dirs_exist_ok=True)
    other.write("migrations/003_theirs.sql", table("theirs"))
    other.apply()
    two.write("migrations/003_theirs.sql", table("mine"))
    (warning,) = two.plan().warnings
    assert warning.code == "migration-edited"
    assert (
        f"was applied with another text by {os.environ.get('USER', 'root')}" in warning.message
        or str(other.root) in warning.message
    )
    assert "give its file another name" in warning.message
    (two.root / "migrations/003_theirs.sql").rename(two.root / "migrations/004_mine.sql")
    assert two.apply().migrations_recorded == ("004_mine.sql",)
    assert codes(two.plan()) == ["migration-gone"]


# -- other projects -------------------------------------------------------------------------------------


@pytest.fixture
def stranger(two, tmp_path_factory):
    """Another project, by mistake connected to the same database."""
    other = Case(tmp_path_factory.mktemp("stranger"), two.dsn)
    other.write("migrations/0001_start.sql", table("start"))
    other.write("migrations/0002_more.sql", table("more"))
    other.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    return other


def test_a_folder_none_of_whose_migrations_is_recorded_is_another_project(two, stranger):
    two.write("sql/w.sql", "CREATE VIEW w AS SELECT 1 AS one;")
    two.apply()
    for act in (lambda p: p.plan(), lambda p: p.apply(yes=True), lambda p: p.baseline(), lambda p: p.diff()):
        with stranger.open() as opened, pytest.raises(OtherProject) as caught:
            act(opened)
        assert "002_b.sql" in caught.value.message
        assert "state_schema" in caught.value.hint
    assert two.value("SELECT to_regclass('v')::text") is None
    assert recorded(two) == ["001_a.sql", "002_b.sql"]
    with stranger.open() as opened:
        assert "other-project" in [warning.code for warning in opened.status().warnings]
    two.settled()


def test_the_ways_out_of_another_project_lead_out(two, stranger):
    done = cli(stranger, "apply", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "other-project"
    with (stranger.root / "pgmg.toml").open("a") as file:
        file.write('state_schema = "theirs"\n')
    assert stranger.apply().migrations_recorded == ("0001_start.sql", "0002_more.sql")
    two.settled()
    stranger.settled()


def test_the_same_project_squashed_is_told_how_to_go_on(two):
    shutil.rmtree(two.root / "migrations")
    two.write("migrations/100_all.sql", table("a") + table("b"))
    with pytest.raises(OtherProject) as caught:
        two.plan()
    assert way_out(str(caught.value))[0] == ["baseline", "--only", "100_all.sql"]
    assert cli(two, *way_out(str(caught.value))[0]).returncode == 0
    assert codes(two.plan()) == ["migration-gone", "migration-gone"]


def test_an_empty_migrations_folder_is_nobodys(two):
    """That the only files are gone is a warning; another project would have files of its own."""
    shutil.rmtree(two.root / "migrations")
    (two.root / "migrations").mkdir()
    assert codes(two.plan()) == ["migration-gone", "migration-gone"]


def test_a_watcher_of_another_project_applies_nothing(two, stranger):
    from pgmg.model.results.watch_events import Broken
    from tests.watch.conftest import Watched

    watched = Watched(stranger)
    watched.thread.start()
    try:
        assert isinstance(watched.until(Broken).error, OtherProject)
        stranger.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS one;")
    finally:
        watched.end()
    assert two.value("SELECT to_regclass('v')::text") is None
