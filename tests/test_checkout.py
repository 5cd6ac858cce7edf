"""Which checkout this is: host and folder, and what git's own files say of branch and commit."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from pgmg.config import applied_from, load
from pgmg.config.git_head import read_head


def git(folder, *words):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *words], cwd=folder, env=variables, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "shop"
    (root / "sql").mkdir(parents=True)
    (root / "sql/a.sql").write_text("CREATE VIEW a AS SELECT 1;")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "one")
    return root


def test_outside_git_there_is_no_branch(tmp_path):
    assert read_head(tmp_path) is None


def test_a_new_repository_has_a_branch_and_no_commit(tmp_path):
    git(tmp_path, "init", "--quiet")
    assert (read_head(tmp_path).branch, read_head(tmp_path).commit) == ("main", None)


@pytest.mark.parametrize("pack", [False, True])
def test_branch_and_commit_are_those_that_git_names(repository, pack):
    git(repository, "switch", "--quiet", "-c", "feature/x")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "two")
    if pack:
        git(repository, "pack-refs", "--all")
    head = read_head(repository / "sql")
    assert (head.branch, head.commit) == ("feature/x", git(repository, "rev-parse", "HEAD"))


def test_a_detached_head_has_a_commit_and_no_branch(repository):
    git(repository, "switch", "--quiet", "--detach")
    assert (read_head(repository).branch, read_head(repository).commit) == (None, git(repository, "rev-parse", "HEAD"))


@pytest.mark.parametrize("pack", [False, True])
def test_a_worktree_has_a_head_of_its_own(repository, tmp_path, pack):
    git(repository, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "-m", "two")
    if pack:
        git(repository, "pack-refs", "--all")
    head = read_head(tmp_path / "other")
    assert (head.branch, head.commit) == ("other", git(tmp_path / "other", "rev-parse", "HEAD"))
    assert read_head(repository).branch == "main"


def test_a_checkout_is_told_by_host_and_folder(repository, tmp_path):
    here = applied_from(load(repository, environ={}))
    assert here.folder == str(repository)
    assert here.branch == "main"
    copy = shutil.copytree(repository, tmp_path / "copy")
    assert applied_from(load(copy, environ={})).checkout != here.checkout
    (tmp_path / "link").symlink_to(repository)
    assert applied_from(load(tmp_path / "link", environ={})).checkout == here.checkout


def test_another_code_folder_is_another_checkout(repository):
    here = applied_from(load(repository, environ={}))
    (repository / "other").mkdir()
    assert (
        applied_from(load(repository, overrides={"code_dir": str(repository / "other")}, environ={})).checkout
        != here.checkout
    )


def test_a_name_makes_runners_on_many_hosts_one_checkout(repository, tmp_path):
    copy = shutil.copytree(repository, tmp_path / "copy")
    named = [applied_from(load(root, environ={"PGMG_CHECKOUT": "ci"})).checkout for root in (repository, copy)]
    assert named == ["name:ci", "name:ci"]


def test_a_project_on_its_embedded_server_stays_itself_where_it_is_moved_to(repository, tmp_path):
    environ = {"PGMG_CONNECTION_STRING": "embedded:"}
    here = applied_from(load(repository, environ=environ))
    moved = repository.rename(tmp_path / "moved")
    assert applied_from(load(moved, environ=environ)).checkout == here.checkout


def test_a_user_without_a_name_has_a_number(repository, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    assert applied_from(load(repository, environ={})).user == str(os.getuid())
