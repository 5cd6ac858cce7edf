"""`pgmg init`."""

import tomllib

import pytest

from pgmg.config import KEYS, load


def test_settings_folders_and_gitignore_are_made(here, pgmg):
    done = pgmg("init")
    assert (done.exit_code, (here / ".gitignore").read_text()) == (0, ".pgmg/\n")
    found = load(environ={})
    assert (found.migrations_dir, found.code_dir) == (here / "migrations", here / "sql")
    assert found.connection_string is None


def test_a_second_time_changes_nothing(here, pgmg):
    pgmg("init")
    (here / "pgmg.toml").write_text("lock_retries = 1\n")
    done = pgmg("init")
    assert (done.exit_code, done.stdout) == (0, "pgmg.toml exists and is not changed.\n")
    assert (here / "pgmg.toml").read_text() == "lock_retries = 1\n"
    assert (here / ".gitignore").read_text() == ".pgmg/\n"


def test_what_git_ignores_already_stays(here, pgmg):
    (here / ".gitignore").write_text("*.pyc")
    pgmg("init")
    assert (here / ".gitignore").read_text() == "*.pyc\n.pgmg/\n"


def test_folders_may_have_other_names(here, pgmg):
    pgmg("init", "--migrations-dir", 'db/"odd"', "--code-dir", "db/code")
    found = load(environ={})
    assert (found.migrations_dir, found.code_dir) == (here / 'db/"odd"', here / "db/code")


def test_a_folder_that_cannot_be_made_is_one_clear_error(here, pgmg):
    (here / "file").touch()
    done = pgmg("init", "--code-dir", "file/sql")
    assert done.exit_code == 1
    assert "file" in done.stderr
    assert pgmg("init", "--code-dir", "a\nb").exit_code == 2


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_explained(here, pgmg, key):
    pgmg("init")
    text = (here / "pgmg.toml").read_text(encoding="utf-8")
    assert f"{key} = " in text


def test_what_is_commented_out_is_valid(here, pgmg):
    pgmg("init")
    lines = (here / "pgmg.toml").read_text(encoding="utf-8").splitlines()
    settings = [line.removeprefix("# ") for line in lines if " = " in line]
    named = {key for line in settings for key in tomllib.loads(line)}
    assert named == set(KEYS)
