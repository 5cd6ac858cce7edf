"""Where the command finds its servers, and that one of them runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import psycopg
import pytest

from pgmg.catalog.servers import server_programs
from tests import conftest
from tests.servers import programs
from tests.servers.running import running


def test_the_newest_of_a_major_version_is_chosen_by_numbers_and_a_release_beats_its_betas():
    listed = ["14.9.0-beta.17", "14.10.0-beta.9", "14.10.0-beta.11", "15.1.0", "15.1.0-beta.12", "1.4.0"]
    assert programs.newest(listed, 14) == "14.10.0-beta.11"
    assert programs.newest(listed, 15) == "15.1.0"
    assert programs.newest(listed, 16) is None


def test_what_was_fetched_once_is_not_fetched_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "pgmg-tests" / "99.2.0-beta.1" / "native" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").write_text("#!/bin/sh\necho postgres '(PostgreSQL)' 99.2\n")
    (folder / "postgres").chmod(0o755)
    assert programs.find(99) == programs.Programs(folder, "99.2", "npm")


def test_a_server_runs_as_long_as_it_is_used():
    with running(programs.find(max(server_programs.programs()))) as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_setting('max_locks_per_transaction')").fetchone() == ("256",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_the_command_says_what_became_of_each_version_and_fails_if_one_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "npm").write_text("""#!/bin/sh\necho '["14.1.0", "15.1.0"]'\n""")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # a measured coverage is not its business
    newest = max(server_programs.programs())
    command = [sys.executable, "-m", "tests.servers", str(newest), "99", "--", "-q", "-p", "no:cacheprovider"]
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    done = subprocess.run([*command, str(tmp_path)], check=False, capture_output=True, text=True)
    said = done.stdout.splitlines()[-2:]
    assert said[0].startswith(f"PostgreSQL {newest}.")
    assert "(embedded): ok: 1 passed in " in said[0]
    assert said[1].startswith("PostgreSQL 99: FAILED, there is no server: @embedded-postgres/")
    assert done.returncode == 1


def test_files_of_a_server_are_in_memory_only_where_that_has_room(monkeypatch, tmp_path):
    monkeypatch.setattr(conftest, "MEMORY", tmp_path)
    monkeypatch.setattr(conftest, "ENOUGH", shutil.disk_usage(tmp_path).free // 2)
    assert conftest.quick_folder() == str(tmp_path)
    monkeypatch.setattr(conftest, "ENOUGH", shutil.disk_usage(tmp_path).total)
    assert conftest.quick_folder() is None
    monkeypatch.setattr(conftest, "MEMORY", tmp_path / "absent")
    assert conftest.quick_folder() is None
