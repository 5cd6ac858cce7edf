"""Whatever GRANT, REVOKE, ALTER … OWNER and default privileges have made of an object's privileges survives (rule 6).

The ground truth are the access control lists in the catalog, before and after.
"""

from __future__ import annotations

import random

import psycopg
import pytest

TABLE = "CREATE TABLE t (id integer, c integer);"
CODE = {
    "v.sql": "CREATE VIEW v AS SELECT id, c FROM t;",
    "m.sql": "CREATE MATERIALIZED VIEW m AS SELECT id, c FROM t;",
    "f.sql": "CREATE FUNCTION f(v) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    "p.sql": "CREATE PROCEDURE p(v) LANGUAGE sql AS 'SELECT 1';",
    "y.sql": "CREATE TYPE y AS (one v);",
}
BY_HAND = "CREATE VIEW w AS SELECT id FROM v; CREATE FUNCTION g(w) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
OBJECTS = {
    "v": ("TABLE v", "VIEW v", ("SELECT", "UPDATE, TRIGGER", "ALL", "SELECT (c)", "UPDATE (id, c)")),
    "m": ("TABLE m", "MATERIALIZED VIEW m", ("SELECT", "ALL", "SELECT (c)")),
    "w": ("TABLE w", "VIEW w", ("SELECT", "ALL", "SELECT (id)")),
    "f": ("FUNCTION f", "FUNCTION f", ("EXECUTE",)),
    "p": ("PROCEDURE p", "PROCEDURE p", ("EXECUTE",)),
    "g": ("FUNCTION g", "FUNCTION g", ("EXECUTE",)),
    "y": ("TYPE y", "TYPE y", ("USAGE",)),
}
LISTS = """SELECT 'relation', relname::text, '', relowner::regrole::text, a.*
FROM pg_class LEFT JOIN aclexplode(coalesce(relacl, acldefault('r', relowner))) a ON true WHERE relname IN ('v', 'm', 'w')
UNION ALL SELECT 'column', attrelid::regclass::text, attname, '', a.* FROM pg_attribute JOIN aclexplode(attacl) a ON true
UNION ALL SELECT 'routine', proname::text, '', proowner::regrole::text, a.*
FROM pg_proc LEFT JOIN aclexplode(coalesce(proacl, acldefault('f', proowner))) a ON true
WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'type', typname::text, '', typowner::regrole::text, a.*
FROM pg_type LEFT JOIN aclexplode(coalesce(typacl, acldefault('T', typowner))) a ON true WHERE typname = 'y'"""
"""An object without a list has the server's own one."""


def _statement(chance, roles):
    target, owned, listed = OBJECTS[chance.choice(list(OBJECTS))]
    to, privilege = chance.choice([*roles, "CURRENT_USER", "PUBLIC"]), chance.choice(listed)
    match chance.randrange(6):
        case 0:
            return f"ALTER {owned} OWNER TO {chance.choice(roles)}"
        case 1:
            option = chance.choice(["", "GRANT OPTION FOR "])
            return f"REVOKE {option}{privilege} ON {target} FROM {to} CASCADE"
        case _:
            option = chance.choice(["", " WITH GRANT OPTION"]) if to != "PUBLIC" else ""
            return f"GRANT {privilege} ON {target} TO {to}{option}"


@pytest.mark.parametrize("defaults", [False, True], ids=["", "default privileges"])
@pytest.mark.parametrize("seed", range(8))
def test_the_lists_are_the_same_afterwards(project, role, seed, defaults):
    chance = random.Random(seed)
    roles = [role("pgmg_hand"), role("pgmg_hand")]
    project.write("migrations/1.sql", TABLE)
    for name, text in CODE.items():
        project.write(f"sql/{name}", text)
    project.apply()
    project.do(
        *BY_HAND.split("; "),
        *(f"GRANT SELECT ON t TO {name}; GRANT CREATE ON SCHEMA public TO {name}" for name in roles),
    )
    if defaults:
        project.do(
            f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {roles[0]}, CURRENT_USER WITH GRANT OPTION",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {roles[1]} WITH GRANT OPTION",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM CURRENT_USER, PUBLIC",
        )
    with psycopg.connect(project.dsn, autocommit=True) as conn:
        for _ in range(40):
            conn.execute(_statement(chance, roles))
    before = sorted(map(str, project.rows(LISTS)))
    project.write("migrations/2.sql", "ALTER TABLE t ALTER id TYPE bigint, ALTER c TYPE bigint;")
    project.apply()
    assert sorted(map(str, project.rows(LISTS))) == before
    project.settled()
