"""Nothing committed, nothing read: markers of transactions, and plans that an apply need not make again.

The tests have a server of their own: others commit in theirs at any time. What has to find nothing committed is tried
repeatedly all the same, for the server has transactions of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

import pgmg
from pgmg.catalog.servers import embedded
from pgmg.catalog.sessions.commit_marker import CommitMarker, read_commit_marker
from pgmg.catalog.sessions.connection import connect, reading
from pgmg.planner import Planner
from tests.conftest import THROW_AWAY, Server

TRIES = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on which nobody else commits."""
    held = embedded.acquire(tmp_path_factory.mktemp("alone"), settings=THROW_AWAY)
    try:
        with psycopg.connect(held.dsn, autocommit=True) as admin:
            yield Server(held.dsn, admin.info.server_version // 10000, admin)
    finally:
        held.release()


@pytest.fixture
def decided(monkeypatch):
    """The plans that were decided, not remembered."""
    seen = []
    decide = Planner.decide

    def noted(self, *arguments):
        seen.append(decide(self, *arguments))
        return seen[-1]

    monkeypatch.setattr(Planner, "decide", noted)
    return seen


def _marker_of(dsn, *statements):
    with connect(dsn) as conn:
        for statement in statements:
            conn.execute(statement)
        return read_commit_marker(conn)


def _is_unchanged(conn, before) -> bool:
    now = read_commit_marker(conn, before)
    return now is not None and now.is_unchanged(before)


@contextmanager
def _two(dsn):
    with connect(dsn) as conn, psycopg.connect(dsn) as other:
        yield conn, other


def test_a_marker_lasts_until_somebody_commits(project):
    with _two(project.dsn) as (conn, other):

        def is_same_while_open() -> bool:
            before = read_commit_marker(conn)
            other.execute("CREATE TABLE t (a integer)")
            same = read_commit_marker(conn) == before
            other.rollback()
            return same

        assert any(is_same_while_open() for _ in range(TRIES))
        before = read_commit_marker(conn)
        other.execute("CREATE TABLE t (a integer)")
        other.commit()
        after = read_commit_marker(conn)
        assert after != before
        assert not after.is_unchanged(before)
        assert not _is_unchanged(conn, before)


def test_a_transaction_that_has_changed_something_has_no_marker(project):
    with connect(project.dsn) as conn:
        conn.execute(b"BEGIN; CREATE TABLE mine (a integer)")
        assert read_commit_marker(conn) is None  # what it has changed itself is in no snapshot


def test_sessions_of_the_same_role_and_path_share_markers(project):
    def compared(*settings) -> bool:
        with connect(project.dsn) as conn:
            return _is_unchanged(conn, _marker_of(project.dsn, *settings))

    assert any(compared() for _ in range(TRIES))
    assert not any(compared("SET search_path = pg_catalog") for _ in range(TRIES))
    assert not any(compared("SET ROLE pg_monitor") for _ in range(TRIES))


def test_databases_do_not_share_markers(project, server):
    elsewhere = server.create()
    with connect(project.dsn) as conn:
        for _ in range(TRIES):
            before = _marker_of(elsewhere)
            assert not _is_unchanged(conn, before)
    server.drop(elsewhere)


ABORTED = {
    "one transaction": ["CREATE TABLE t (a integer)"],
    "subtransactions": [
        "SAVEPOINT one", "CREATE TABLE t (a integer)", "RELEASE one",
        "SAVEPOINT two", "CREATE TABLE u (a integer)", "ROLLBACK TO two",
        "CREATE TABLE v (a integer)",
    ],
}  # fmt: skip


@pytest.mark.parametrize("statements", ABORTED.values(), ids=ABORTED)
def test_what_was_rolled_back_changes_nothing(project, statements):
    with _two(project.dsn) as (conn, other):

        def is_same() -> bool:
            before = read_commit_marker(conn)
            for statement in statements:
                other.execute(statement)
            other.rollback()
            assert read_commit_marker(conn) != before
            return _is_unchanged(conn, before)

        assert any(is_same() for _ in range(TRIES))


@pytest.mark.parametrize("statements", ABORTED.values(), ids=ABORTED)
def test_a_commit_among_others_that_were_rolled_back_is_seen(project, statements):
    with _two(project.dsn) as (conn, other), psycopg.connect(project.dsn, autocommit=True) as third:
        for number in range(TRIES):
            before = read_commit_marker(conn)
            for statement in statements:
                other.execute(statement)
            third.execute(f"CREATE TABLE committed{number} (a integer)")
            other.rollback()
            assert not _is_unchanged(conn, before)


def test_a_transaction_that_was_open_before_is_seen_when_it_commits(project):
    with _two(project.dsn) as (conn, other), psycopg.connect(project.dsn) as third:
        for _ in range(TRIES):
            other.execute("CREATE TABLE IF NOT EXISTS early (a integer)")
            other.execute("SELECT pg_current_xact_id()")
            third.execute("SELECT pg_current_xact_id()")
            third.rollback()
            before = read_commit_marker(conn)
            other.commit()
            assert not _is_unchanged(conn, before)


def test_reading_transactions_compare_with_the_one_before(project):
    """That takes no further round trip: the comparison goes out with BEGIN."""
    with _two(project.dsn) as (conn, other):

        def read() -> CommitMarker | None:
            with reading(conn, None, "1s"):
                return read_commit_marker(conn)

        def is_same() -> bool:
            before = read()
            other.execute("CREATE TABLE t (a integer)")
            other.rollback()
            return read().is_unchanged(before)

        assert any(is_same() for _ in range(TRIES))
        before = read()
        other.execute("CREATE TABLE t (a integer)")
        other.commit()
        assert not read().is_unchanged(before)


@pytest.mark.parametrize("snapshot", ["1:1:", "9000000000:9000000009:9000000000,9000000005", "700:9000000009:700"])
def test_a_snapshot_of_another_server_is_no_error(project, snapshot):
    with connect(project.dsn) as conn:
        before = replace(read_commit_marker(conn), snapshot=snapshot)
        assert not _is_unchanged(conn, before)


# --- plans


def test_an_apply_does_not_make_the_plan_again(project, decided):
    project.write("migrations/001.sql", "CREATE TABLE t (a integer)")

    def is_planned_once(number: int) -> bool:
        project.write("sql/v.sql", f"CREATE VIEW v AS SELECT a + {number} AS b FROM t")
        with project.open() as opened:
            plan = opened.plan()
            decided.clear()
            assert opened.apply(plan).steps
            return not decided

    assert any(is_planned_once(number) for number in range(TRIES))
    project.settled()


def test_temporary_objects_of_a_question_do_not_make_the_plan_again(project, decided):
    """The views are compared by their temporary twins, in a transaction that is rolled back."""
    project.write("migrations/001.sql", "CREATE TABLE t (a integer)")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a FROM t")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT min(a) FROM t'")
    project.apply()

    def is_planned_once(number: int) -> bool:
        project.do(f"CREATE OR REPLACE VIEW v AS SELECT a + {number} - {number} AS a FROM t")
        with project.open() as opened:
            plan = opened.with_bodies(opened.plan())
            decided.clear()
            assert opened.apply(plan).steps
            return not decided

    assert any(is_planned_once(number) for number in range(TRIES))


CHANGES_BETWEEN = {
    "a table": "ALTER TABLE t ADD COLUMN more integer",
    "a view by hand": "CREATE OR REPLACE VIEW v AS SELECT a + 100 AS a FROM t",
    "an unmanaged view": "CREATE VIEW w AS SELECT a FROM v",
    "a comment": "COMMENT ON VIEW v IS 'by hand'",
    "a privilege": "GRANT SELECT ON v TO pg_monitor",
}


@pytest.mark.parametrize("change", CHANGES_BETWEEN.values(), ids=CHANGES_BETWEEN)
def test_a_commit_between_plan_and_apply_makes_the_plan_again(project, decided, change):
    project.write("migrations/001.sql", "CREATE TABLE t (a integer)")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a FROM t")
    project.apply()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a, 1 AS b FROM t")
    with project.open() as opened:
        plan = opened.plan()
        decided.clear()
        project.do(change)
        try:
            opened.apply(plan)
        except pgmg.PgmgError as error:
            assert "changed" in str(error)
        assert decided


def test_an_edit_between_plan_and_apply_makes_the_plan_again(project, decided):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS a")
    with project.open() as opened:
        plan = opened.plan()
        project.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS a")
        decided.clear()
        with pytest.raises(pgmg.StalePlanError):
            opened.apply(plan)
        assert decided
