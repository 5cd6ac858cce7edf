"""What one statement of a migration drops together is in nobody's way there (rule 4.2).

The ground truth is another database, on which the migrations are run by themselves.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.oracle import differences, dump

TABLE = "CREATE TABLE t (x integer, y integer);\n"
KINDS = {
    "VIEW": ("CREATE VIEW a AS SELECT x, y FROM t;", "CREATE VIEW b AS SELECT x FROM a;", "a", "b"),
    "MATERIALIZED VIEW": (
        "CREATE MATERIALIZED VIEW a AS SELECT x, y FROM t;",
        "CREATE MATERIALIZED VIEW b AS SELECT x FROM a;",
        "a",
        "b",
    ),
    "FUNCTION": (
        "CREATE FUNCTION a(i integer) RETURNS integer RETURN i + 1;",
        "CREATE FUNCTION b(i integer) RETURNS integer RETURN a(i) + 1;",
        "a(integer)",
        "b(integer)",
    ),
    "ROUTINE": (
        "CREATE FUNCTION a() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t; END;",
        "CREATE PROCEDURE b() BEGIN ATOMIC INSERT INTO t VALUES (a()); END;",
        "a",
        "b",
    ),
    "TYPE": ("CREATE TYPE a AS (x integer);", "CREATE TYPE b AS (y a);", "a", "b"),
    "DOMAIN": ("CREATE DOMAIN a AS integer;", "CREATE DOMAIN b AS a CHECK (VALUE > 0);", "a", "b"),
}
DECLARED = [(), ("a",), ("b",), ("a", "b")]


@pytest.mark.parametrize("declared", DECLARED, ids="".join)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("pending", ["all", "the rest"])
def test_objects_on_each_other(project, server, kind, declared, order, pending):
    """Created and dropped by pending migrations, or there when the plan begins; created again or not."""
    made = {"a": KINDS[kind][0], "b": KINDS[kind][1]}
    known = {"a": KINDS[kind][2], "b": KINDS[kind][3]}
    if kind in ("FUNCTION", "ROUTINE") and server.major < 14:
        pytest.skip("only for servers with bodies of standard SQL")
    both = f"{made['a']}\n{made['b']}\n"
    drop = f"DROP {kind} {known[order[0]]}, {known[order[1]]};\n"
    again = "".join(made[name] for name in declared) if declared != ("b",) else both
    migrations = {"1.sql": TABLE, "2.sql": both, "3.sql": f"{drop}ALTER TABLE t ALTER x TYPE bigint;\n{again}"}
    for name, text in migrations.items():
        if name == "3.sql" and pending == "the rest":
            project.apply()
        project.write(f"migrations/{name}", text)
    for name in declared:
        project.write(f"sql/{name}.sql", made[name])
    project.apply()
    project.settled()
    wanted = server.create()
    try:
        with psycopg.connect(wanted, autocommit=True) as conn:
            for text in migrations.values():
                conn.execute(text)
        assert differences(dump(wanted), dump(project.dsn)) == []
    finally:
        server.drop(wanted)
