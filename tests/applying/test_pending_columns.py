"""A column that a plan adds and then drops, renames or retypes: nothing of the database uses it (rule 4.2).

The ground truth is the server, which takes the migration with all dependents of the table in place.
"""

from __future__ import annotations

import pytest

import pgmg
from tests.oracle import differences, dump

USERS = {
    "policy": "CREATE POLICY p ON t USING (id IS NOT NULL);",
    "trigger": "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION noted();",
    "rule": "CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING;",
    "index": "CREATE INDEX i ON m (id);",
    "function": "CREATE FUNCTION f(a t) RETURNS integer LANGUAGE sql AS $$ SELECT a.id $$;",
    "function over rows": "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;",
    "function with parsed body": "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM t);",
    "view": "CREATE VIEW v AS SELECT count(*) FROM t;",
    "view of a column": "CREATE VIEW v AS SELECT id FROM t;",
    "materialized view": "CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM t;",
}
CHANGES = {
    "drop": "ALTER TABLE t DROP COLUMN more;",
    "retype": "ALTER TABLE t ALTER COLUMN more TYPE text;",
    "rename and reuse": "ALTER TABLE t RENAME COLUMN more TO other; ALTER TABLE t ADD COLUMN more date;",
    "default": "ALTER TABLE t ALTER COLUMN more SET DEFAULT 7; ALTER TABLE t ALTER COLUMN more DROP DEFAULT;",
}


@pytest.mark.parametrize("is_split", [False, True], ids=["one migration", "two migrations"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("user", USERS)
def test_dependents_of_the_table_stay(project, other, user, change, is_split):
    table = "CREATE TABLE t (id integer, a integer);\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS id;\n"
    noted = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;"
    for one in (project, other):
        one.write("migrations/001.sql", table + noted)
        one.write("sql/user.sql", USERS[user])
        one.apply()
    added = "ALTER TABLE t ADD COLUMN more integer;"
    other.do(added, CHANGES[change])
    project.write("migrations/002.sql", added if is_split else f"{added}\n{CHANGES[change]}")
    if is_split:
        project.write("migrations/003.sql", CHANGES[change])
    done = project.apply(recreate=pgmg.Recreate.REQUIRED)
    checked = (pgmg.Action.MIGRATE, pgmg.Action.REPLACE)  # a body is checked against the row type that changes
    assert [d.step for d in done.steps if d.step.action not in checked] == []
    assert differences(dump(other.dsn), dump(project.dsn)) == []
    project.settled()
