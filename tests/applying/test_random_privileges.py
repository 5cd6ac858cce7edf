"""Random GRANT and REVOKE statements: a database that grew from one set to another equals one that had only the last."""

from __future__ import annotations

import os
import random

import psycopg
import pytest

from tests.applying.test_every_attachment import _state
from tests.conftest import Case

SEEDS = range(int(os.environ.get("PGMG_PRIVILEGES", "12")))
OBJECTS = """
CREATE SCHEMA app;
CREATE TABLE app.t (a integer, b integer);
CREATE VIEW app.v AS SELECT a, b FROM app.t;
CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE app.kind AS ENUM ('a');
CREATE SEQUENCE app.s;
"""
TARGETS = {
    "app.t": ("SELECT", "INSERT", "UPDATE", "SELECT (a)", "UPDATE (a, b)", "ALL", "ALL (b)", "REFERENCES"),
    "app.v": ("SELECT", "UPDATE", "SELECT (a)", "ALL"),
    "FUNCTION app.f": ("EXECUTE", "ALL"),
    "TYPE app.kind": ("USAGE", "ALL"),
    "SEQUENCE app.s": ("USAGE", "SELECT", "ALL"),
    "SCHEMA app": ("USAGE", "CREATE", "ALL"),
}
SCOPES = ("", "IN SCHEMA app ", "FOR ROLE CURRENT_USER ")
DEFAULTS = {
    "TABLES": ("SELECT", "INSERT, UPDATE", "ALL"),
    "FUNCTIONS": ("EXECUTE", "ALL"),
    "TYPES": ("USAGE",),
    "SEQUENCES": ("USAGE", "ALL"),
}
ROLES = ("pg_monitor", "pg_signal_backend", "PUBLIC", "CURRENT_USER", "SESSION_USER, pg_monitor")


def _statement(chance, *, to_come):
    """One statement, about objects that exist or that are to come."""
    if to_come:
        what = chance.choice(list(DEFAULTS))
        prefix, listed = f"ALTER DEFAULT PRIVILEGES {chance.choice(SCOPES)}", chance.choice(DEFAULTS[what])
    else:
        what = chance.choice(list(TARGETS))
        prefix, listed = "", chance.choice(TARGETS[what])
    role = chance.choice(ROLES)
    if chance.random() < 0.6:
        option = " WITH GRANT OPTION" if "PUBLIC" not in role and chance.random() < 0.3 else ""
        return f"{prefix}GRANT {listed} ON {what} TO {role}{option}"
    option = "GRANT OPTION FOR " if chance.random() < 0.2 else ""
    return f"{prefix}REVOKE {option}{listed} ON {what} FROM {role}{chance.choice(('', ' CASCADE'))}"


def _run(dsn, *statements):
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)


_DEFAULTS = """SELECT defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclobjtype::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
FROM pg_default_acl, LATERAL aclexplode(defaclacl) a ORDER BY 1, 2, 3, 4, 5"""


def _both(dsn):
    with psycopg.connect(dsn) as conn:
        return {*_state(dsn), *conn.execute(_DEFAULTS)}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_grew_equals_what_is_new(seed, server, database, tmp_path):
    chance = random.Random(seed)
    case = Case(tmp_path, database)
    case.write("migrations/001.sql", OBJECTS)
    case.write("sql/v.sql", "CREATE VIEW app.other AS SELECT 1 AS one;")
    case.apply()
    for _ in range(4):
        statements = [_statement(chance, to_come=bool(seed % 3 == 0)) for _ in range(chance.randint(0, 8))]
        case.write("sql/g.sql", ";\n".join([*statements, ""]))
        with case.open() as project:
            project.apply(yes=True)
        case.settled()
        fresh = server.create()
        try:
            _run(fresh, OBJECTS, "CREATE VIEW app.other AS SELECT 1 AS one", *statements)
            found, wanted = _both(database), _both(fresh)
        finally:
            server.drop(fresh)
        assert (sorted(map(str, found - wanted)), sorted(map(str, wanted - found))) == ([], []), statements
