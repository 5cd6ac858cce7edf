"""`%pgmg_connect --jupysql`: with stand-ins of JupySQL 0.11 around real connections of psycopg."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import psycopg
import pytest
from psycopg import conninfo

from pgmg.errors import UsageError


@pytest.fixture
def jupysql(monkeypatch):
    """What sets JupySQL's current connection."""
    manager = SimpleNamespace(current=None)
    module = ModuleType("sql.connection")
    module.ConnectionManager = manager
    monkeypatch.setitem(sys.modules, "sql", ModuleType("sql"))
    monkeypatch.setitem(sys.modules, "sql.connection", module)

    def choose(current):
        manager.current = current

    return choose


@pytest.fixture
def other(server):
    """Another database, a role in it whose password needs quoting, and a connection as that role."""
    dsn = server.create()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE ROLE \"jup ' y\" LOGIN PASSWORD 'sekret '' \\ 7'")
    made = psycopg.connect(conninfo.make_conninfo(dsn, user="jup ' y", password="sekret ' \\ 7"))
    yield made
    made.close()
    server.drop(dsn)
    server.admin.execute('DROP ROLE "jup \' y"')


def sqlalchemy(driver_connection=None, url=None):
    engine = SimpleNamespace(url=url)
    connection = SimpleNamespace(driver_connection=driver_connection)
    return SimpleNamespace(
        is_dbapi_connection=False,
        dialect="postgresql",
        connection_sqlalchemy=SimpleNamespace(connection=connection, engine=engine),
    )


@pytest.mark.parametrize("kind", ["sqlalchemy", "dbapi", "url"])
def test_server_database_and_role_are_those_of_jupysql(cells, jupysql, other, kind):
    info = other.info
    url = SimpleNamespace(
        get_backend_name=lambda: "postgresql", host=info.host, port=info.port, username=info.user,
        password=info.password, database=info.dbname, query={"application_name": "it's"},
    )  # fmt: skip
    jupysql(
        {
            "sqlalchemy": lambda: sqlalchemy(other),
            "dbapi": lambda: SimpleNamespace(is_dbapi_connection=True, dialect="postgresql", _connection=other),
            "url": lambda: sqlalchemy(object(), url),
        }[kind]()
    )
    told = cells("%pgmg_connect --jupysql").stdout
    assert info.dbname in told
    assert "sekret" not in told
    row = cells("%pgmg_query SELECT current_user::text, current_database()::text").value.rows[0]
    assert row == ("jup ' y", info.dbname)


def test_what_cannot_be_shared_is_refused(cells, jupysql, other, monkeypatch):
    refused = [
        (None, "has no connection"),
        (sqlalchemy(object(), SimpleNamespace(get_backend_name=lambda: "sqlite")), "not one to PostgreSQL"),
    ]
    for current, said in refused:
        jupysql(current)
        shown, error = cells.failing("%pgmg_connect --jupysql")
        assert isinstance(error, UsageError)
        assert said in shown
    jupysql(sqlalchemy(other))
    shown, _ = cells.failing("%pgmg_connect --jupysql staging")
    assert "Two connections are named" in shown
    monkeypatch.setitem(sys.modules, "sql.connection", None)
    shown, _ = cells.failing("%pgmg_connect --jupysql")
    assert "JupySQL is not installed" in shown
