"""Limits that a role or a database sets for every transaction: planning is not ended by them, applying is told of."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg import conninfo

import pgmg
from pgmg.catalog.reading import snapshot_reader
from pgmg.planner import Planner

SLOW = "CREATE VIEW slow AS SELECT id FROM users, pg_sleep(0)"


@pytest.fixture
def limited(project, role):
    """A project of a plain owner, who has the limits that a function sets."""
    name = role("pgmg_limited", "LOGIN PASSWORD 'x'")
    project.do(f"ALTER SCHEMA public OWNER TO {name}")
    project.write("migrations/001.sql", "CREATE TABLE users (id integer PRIMARY KEY);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id FROM users;")

    def opened(**settings: str) -> pgmg.Project:
        for setting, value in settings.items():
            project.do(f"ALTER ROLE {name} SET {setting} = '{value}'")
        dsn = conninfo.make_conninfo(project.dsn, user=name, password="x")
        return pgmg.Project.open(project.root, connection_string=dsn)

    return opened


def version(project) -> int:
    return int(project.value("SHOW server_version_num"))


@pytest.fixture
def slow_planning(monkeypatch):
    """Planning thinks for longer between two questions than the limits allow."""
    plan = Planner.decide

    def slowly(self, *args, **kwargs):
        time.sleep(0.4)
        return plan(self, *args, **kwargs)

    monkeypatch.setattr(Planner, "decide", slowly)


@pytest.mark.parametrize("setting", ["idle_in_transaction_session_timeout", "transaction_timeout"])
def test_planning_survives_the_limits_of_a_role(project, limited, slow_planning, setting):
    if setting == "transaction_timeout" and version(project) < 170000:
        setting = "idle_in_transaction_session_timeout"  # the newer setting is of version 17
    with limited(**{setting: "100ms"}) as opened:
        assert [step.object.name for step in opened.plan().steps] == ["001.sql", "names"]


def test_questions_survive_a_short_statement_timeout(project, limited, monkeypatch):
    query = snapshot_reader.query
    slow = "SELECT o.* FROM pg_catalog.pg_sleep(0.3) AS nap, ({}) AS o"
    monkeypatch.setattr(
        snapshot_reader, "query", lambda name: slow.format(query(name)) if name == "objects" else query(name)
    )
    with limited(statement_timeout="100ms") as opened:
        assert opened.plan().steps
        assert opened.apply().applied


def test_applying_survives_an_idle_limit_while_it_plans(limited, slow_planning):
    with limited(idle_in_transaction_session_timeout="100ms") as opened:
        assert opened.apply().applied
        assert opened.plan().is_empty


def test_the_statement_timeout_of_a_role_holds_for_the_steps(project, limited):
    """It is that of whoever runs the database; the error is the server's."""
    project.write("migrations/002.sql", "SELECT pg_sleep(5);")
    with (
        limited(statement_timeout="200ms") as opened,
        pytest.raises(pgmg.ApplyError, match="statement timeout") as caught,
    ):
        opened.apply()
    assert caught.value.object == "migration.002.sql"
    assert project.value("SELECT to_regclass('users') IS NULL")


def test_the_limit_of_a_whole_transaction_holds_for_apply_and_is_named(project, limited):
    if version(project) < 170000:
        project.write("migrations/002.sql", "SET idle_in_transaction_session_timeout = '100ms';")
    project.write("migrations/003.sql", "SELECT pg_sleep(5);")
    limit = {"transaction_timeout": "1s"} if version(project) >= 170000 else {"statement_timeout": "1s"}
    with limited(**limit) as opened, pytest.raises(pgmg.PgmgError, match=r"(transaction|statement) timeout"):
        opened.apply()
    assert project.value("SELECT to_regclass('users') IS NULL")


def test_whoever_ends_the_session_is_quoted(project, limited, monkeypatch):
    """What the server says when it ends a planning session, and not only that the connection was lost."""
    plan = Planner.decide

    def ended(self, conn, *args, **kwargs):
        with psycopg.connect(project.dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])
        return plan(self, conn, *args, **kwargs)

    monkeypatch.setattr(Planner, "decide", ended)
    with limited() as opened:
        for ask in (opened.plan, opened.apply):
            with pytest.raises(pgmg.PgmgError, match="terminating connection due to administrator command"):
                ask()
