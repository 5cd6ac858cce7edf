"""Plans on a hot standby, a server that cannot write a thing (rule 10)."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg import conninfo

import pgmg
from pgmg.catalog.servers import server_programs
from pgmg.errors import EmbeddedServerError
from tests.servers.programs import Programs
from tests.servers.running import running


@pytest.fixture(scope="module")
def pair():
    """A primary and its hot standby."""
    try:
        version, folder = max(server_programs.programs().items())
    except EmbeddedServerError as error:
        pytest.skip(f"no server: {error}")
    programs = Programs(folder, str(version), "embedded")
    with running(programs) as primary, running(programs, primary) as standby:
        yield primary, standby


def followed(primary, standby):
    """Wait until the standby has all that the primary has."""
    with psycopg.connect(primary) as one, psycopg.connect(standby, autocommit=True) as other:
        (written,) = one.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if other.execute("SELECT pg_last_wal_replay_lsn() >= %s", [written]).fetchone()[0]:
                return
            time.sleep(0.02)
    pytest.fail("the standby does not follow")


def test_a_standby_answers_all_that_only_reads(pair, tmp_path):
    """Plan, status, diff and graph say what the primary says; apply is refused, and nothing has changed."""
    primary, standby = pair
    (tmp_path / "migrations").mkdir()
    (tmp_path / "sql").mkdir()
    (tmp_path / "migrations/001.sql").write_text("CREATE TABLE t (id integer, name text);")
    (tmp_path / "sql/v.sql").write_text("CREATE VIEW v AS SELECT id FROM t;")
    settings = {"migrations_dir": str(tmp_path / "migrations"), "code_dir": str(tmp_path / "sql")}
    with psycopg.connect(primary, autocommit=True) as admin:
        admin.execute("CREATE DATABASE followed TEMPLATE template0")
    there, here = (conninfo.make_conninfo(dsn, dbname="followed") for dsn in pair)
    with pgmg.Project.open(tmp_path, connection_string=there, **settings) as leading:
        leading.apply()
        followed(primary, standby)
        (tmp_path / "sql/v.sql").write_text("CREATE VIEW v AS SELECT id, name FROM t;")
        (tmp_path / "migrations/002.sql").write_text("ALTER TABLE t ALTER COLUMN id TYPE bigint;")
        with pgmg.Project.open(tmp_path, connection_string=here, **settings) as following:
            plan = following.plan()
            assert [str(step.object) for step in plan.steps] == ["view.v", "migration.002.sql", "view.v"]
            assert plan.fingerprint == leading.plan().fingerprint
            assert following.diff() == leading.diff()
            assert following.graph() == leading.graph()
            assert following.status().pending == ("002.sql",)
            with pytest.raises(pgmg.PgmgError, match=r"read-only|recovery"):
                following.apply()
        assert leading.plan().fingerprint == plan.fingerprint


def test_what_cannot_be_asked_on_a_standby_is_planned_and_said(pair, tmp_path):
    """The primary knows that the view is there as it is declared; the standby says that it could not ask."""
    primary, _ = pair
    (tmp_path / "migrations").mkdir()
    (tmp_path / "sql").mkdir()
    text = "CREATE VIEW v AS SELECT * FROM t WHERE a IN (1, 2) AND b IN ('x', 'y')"
    (tmp_path / "sql/v.sql").write_text(f"{text};")
    settings = {"migrations_dir": str(tmp_path / "migrations"), "code_dir": str(tmp_path / "sql")}
    with psycopg.connect(primary, autocommit=True) as admin:
        admin.execute("CREATE DATABASE adopted TEMPLATE template0")
    there, here = (conninfo.make_conninfo(dsn, dbname="adopted") for dsn in pair)
    with psycopg.connect(there, autocommit=True) as conn:
        conn.execute("CREATE TABLE t (a integer, b varchar(9))")
        conn.execute(text.encode())
    followed(*pair)
    with pgmg.Project.open(tmp_path, connection_string=there, **settings) as leading:
        assert not leading.plan().steps
    with pgmg.Project.open(tmp_path, connection_string=here, **settings) as following:
        plan = following.plan()
    assert [str(step.object) for step in plan.steps] == ["view.v"]
    (said,) = [notice.message for notice in plan.warnings if notice.code == "unasked"]
    assert said.startswith("view.v: ")
    assert "standby" in said
