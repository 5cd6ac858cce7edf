"""What has not changed is not read, parsed or asked again; what has changed always is."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

import psycopg
import pytest

from pgmg.catalog.sessions.commit_marker import read_commit_marker
from pgmg.catalog.sessions.connection import connect, forget_plans, keep_plans, reading
from pgmg.config import Settings
from pgmg.planner import Planner
from pgmg.source import project_files as reader
from pgmg.source.project_files import FileCache, read_files


@pytest.fixture
def opened(monkeypatch):
    """The files that were read."""
    seen = []
    read = reader._read

    def noted(path, shown):
        seen.append(shown)
        return read(path, shown)

    monkeypatch.setattr(reader, "_read", noted)
    return seen


def _age(path, seconds=3600):
    old = time.time_ns() - seconds * 1_000_000_000
    os.utime(path, ns=(old, old))


def _aged(monkeypatch):
    """An hour later: files were written long ago."""
    real = time.time_ns
    monkeypatch.setattr(reader.time, "time_ns", lambda: real() + 3600 * 1_000_000_000)


def test_a_file_is_read_once_and_again_when_it_changes(tmp_path, opened, monkeypatch):
    code = tmp_path / "sql"
    code.mkdir()
    for name in ("a", "b"):
        (code / f"{name}.sql").write_text(f"SELECT '{name}'")
    memory = FileCache()
    _aged(monkeypatch)
    first = read_files(tmp_path, code, None, memory)
    assert read_files(tmp_path, code, None, memory) is first
    assert opened == ["sql/a.sql", "sql/b.sql"]
    (code / "a.sql").write_text("SELECT 'c'")  # as long as before
    second = read_files(tmp_path, code, None, memory)
    assert [file.text for file in second.code] == ["SELECT 'c'", "SELECT 'b'"]
    assert second.code[1] is first.code[1]
    assert opened == ["sql/a.sql", "sql/b.sql", "sql/a.sql"]
    (code / "b.sql").unlink()
    assert len(read_files(tmp_path, code, None, memory).code) == 1


def test_a_file_that_was_just_written_is_read_again(tmp_path, opened):
    code = tmp_path / "sql"
    code.mkdir()
    memory = FileCache()
    file = code / "a.sql"
    file.write_text("SELECT 1")
    status = file.stat()
    read_files(tmp_path, code, None, memory)
    with file.open("r+") as same:  # within one tick of the file system's clock nothing but the text need change
        same.write("SELECT 2")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_files(tmp_path, code, None, memory).code[0].text == "SELECT 2"
    assert opened == ["sql/a.sql", "sql/a.sql"]


def test_a_file_in_the_place_of_another_with_the_same_time_and_size_is_read(tmp_path, monkeypatch):
    code = tmp_path / "sql"
    code.mkdir()
    for name, text in (("a.sql", "SELECT 1"), ("b.txt", "SELECT 2")):
        (code / name).write_text(text)
        _age(code / name)
    memory = FileCache()
    _aged(monkeypatch)
    read_files(tmp_path, code, None, memory)
    (code / "b.txt").replace(code / "a.sql")
    assert read_files(tmp_path, code, None, memory).code[0].text == "SELECT 2"


def test_what_is_wrong_with_a_file_is_remembered_as_long_as_the_file_is_the_same(tmp_path, opened, monkeypatch):
    code = tmp_path / "sql"
    code.mkdir()
    (code / "a.sql").write_bytes(b"\xff")
    memory = FileCache()
    _aged(monkeypatch)
    first = read_files(tmp_path, code, None, memory)
    assert first.problems
    assert read_files(tmp_path, code, None, memory) is first
    assert opened == ["sql/a.sql"]
    (code / "a.sql").write_text("SELECT 1")
    assert read_files(tmp_path, code, None, memory).problems == ()


@contextmanager
def _session(dsn):
    with connect(dsn) as conn:
        yield conn


def test_the_catalog_is_read_again_only_after_a_commit(project, monkeypatch):
    planner = Planner(Settings(project.root, connection_string=project.dsn))
    with _session(project.dsn) as conn:

        def look():
            with reading(conn, None, "1s"):
                return planner.snapshot(conn)

        # others commit in the same cluster while tests run side by side
        assert any(look() is look() for _ in range(20))
        first = look()
        project.do("CREATE TABLE t (a integer)")
        second = look()
        assert second is not first
        assert {str(name) for name in second.objects} == {"table.t"}
        assert any(look() is look() for _ in range(20))


def test_a_commit_in_another_database_changes_nothing(project, server):
    planner = Planner(Settings(project.root, connection_string=project.dsn))
    project.do("CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t")
    elsewhere = server.create()
    with _session(project.dsn) as conn, psycopg.connect(elsewhere, autocommit=True) as other:

        def look():
            with reading(conn, None, "1s"):
                return read_commit_marker(conn), planner.snapshot(conn)

        marker, first = look()
        other.execute("CREATE TABLE elsewhere (a integer)")
        later, second = look()
        assert later != marker
        assert second is first
    server.drop(elsewhere)


def test_what_did_not_change_stays_the_same_object(project):
    planner = Planner(Settings(project.root, connection_string=project.dsn))
    project.do("CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM t")
    with _session(project.dsn) as conn:

        def look():
            with reading(conn, None, "1s"):
                return {str(name): live for name, live in planner.snapshot(conn).objects.items()}

        first = look()
        project.do("CREATE OR REPLACE VIEW v AS SELECT a, 1 AS b FROM t; DROP VIEW w; CREATE TABLE u ()")
        second = look()
        assert {name for name in second if second[name] is first.get(name)} == {"table.t"}
        assert set(second) == {"table.t", "table.u", "view.v"}
        assert second["view.v"].version != first["view.v"].version


def test_plans_are_kept_only_where_the_session_is_ours(project):
    count = "SELECT count(*) FROM pg_prepared_statements"
    with _session(project.dsn) as conn:
        conn.execute("SELECT 1 AS asked", prepare=True)
        assert conn.execute(count).fetchone() == (0,)
        keep_plans(conn)
        for _ in range(3):
            conn.execute("SELECT 1 AS asked", prepare=True)
        assert conn.execute(count).fetchone() == (1,)
        forget_plans(conn)
        conn.execute("DEALLOCATE ALL")
        assert conn.execute("SELECT 1 AS asked", prepare=True).fetchone() == (1,)


def test_behind_a_pooler_no_plan_is_kept(project, monkeypatch):
    with _session(project.dsn) as conn:
        monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)  # a number of the pooler's own
        keep_plans(conn)
        conn.execute("SELECT 1 AS asked", prepare=True)
        assert conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
