"""Fixtures of the tests of applying: copied databases, roles, a second project, applies in portions."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg import conninfo, sql

from tests.conftest import Case
from tests.oracle import differences, dump


@pytest.fixture
def copy(server):
    """A function that copies a database nobody is connected to; the copies are dropped at the end."""
    made = []

    def copied(dsn: str) -> str:
        template = conninfo.conninfo_to_dict(dsn)["dbname"]
        name = f"pgmg_test_{uuid.uuid4().hex[:12]}"
        server.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        made.append(conninfo.make_conninfo(dsn, dbname=name))
        return made[-1]

    yield copied
    for dsn in made:
        server.drop(dsn)


@pytest.fixture
def role(server, database):
    """A function that makes a role of a given beginning; `options` are those of CREATE ROLE."""
    made = []

    def make(beginning: str, options: str = "") -> str:
        name = f"{beginning}_{uuid.uuid4().hex[:8]}"
        server.admin.execute(f"CREATE ROLE {name} {options}")
        made.append(name)
        return name

    yield make
    with psycopg.connect(database, autocommit=True) as here:
        for name in made:
            here.execute(f"DROP OWNED BY {name} CASCADE")
    for name in made:
        server.admin.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
        server.admin.execute(f"DROP OWNED BY {name}")
        server.admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def other(tmp_path, server):
    """A second project with an empty database."""
    dsn = server.create()
    (tmp_path / "other").mkdir()
    yield Case(tmp_path / "other", dsn)
    server.drop(dsn)


@pytest.fixture
def portions(project, other):
    """Apply files in two portions after the first, to another database in one; return the result of that one."""

    def run(*portions_: dict[str, str]):
        for number, files in enumerate(portions_):
            for path, text in files.items():
                project.write(path, text)
                other.write(path, text)
            project.apply()
            if number == 0:
                other.apply()
        result = other.apply()
        assert differences(dump(project.dsn, rows=True), dump(other.dsn, rows=True)) == []
        project.settled()
        other.settled()
        return result

    return run
