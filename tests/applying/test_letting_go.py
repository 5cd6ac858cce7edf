"""Declared objects that no longer use a function, while a migration needs the function in its new form (rule 7.2).

The ground truth is the same project applied one migration at a time.
"""

from __future__ import annotations

import pytest

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, c text);\nINSERT INTO t VALUES (1, 'a');"
NOTED = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;"
OLD = "CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a $$;"
NEW = "CREATE FUNCTION f(a text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT length(a)::bigint $$;"
USERS = {
    "policy": "CREATE POLICY p ON t USING ({} IS NOT NULL);",
    "view": "CREATE VIEW v AS SELECT id FROM t WHERE {} IS NOT NULL;",
    "materialized view": "CREATE MATERIALIZED VIEW m AS SELECT id FROM t WHERE {} IS NOT NULL;",
    "function": "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t WHERE {} IS NOT NULL; END;",
    "rule": "CREATE RULE r AS ON UPDATE TO t WHERE {} IS NULL DO INSTEAD NOTHING;",
    "view on view": "CREATE VIEW v AS SELECT id FROM t WHERE {} IS NOT NULL; CREATE VIEW w AS SELECT id FROM v;",
    "domain": "CREATE DOMAIN d AS text CONSTRAINT k CHECK ({} IS NOT NULL);",
}
"""Objects with a place for a call of the function."""


@pytest.mark.parametrize("named", ["GRANT EXECUTE ON FUNCTION f(text) TO PUBLIC;", "UPDATE t SET c = f(c)::text;"])
@pytest.mark.parametrize("later", ["", "ALTER TABLE t ADD COLUMN x integer;"])
@pytest.mark.parametrize("kind", USERS)
def test_a_dependent_lets_go_before_the_function_is_dropped(portions, kind, later, named):
    """Its new source uses a column instead; with `later`, one that the migration after adds."""
    called, column = {"domain": ("f(VALUE)", "VALUE"), "rule": ("f(new.c)", "new.c")}.get(kind, ("f(c)", "c"))
    if later and kind != "domain":
        column = column.replace("c", "x")
    portions(
        {"migrations/1.sql": TABLE, "sql/a.sql": USERS[kind].format(called), "sql/f.sql": OLD},
        {"migrations/2.sql": named, "sql/f.sql": NEW},
        {"migrations/3.sql": later, "sql/a.sql": USERS[kind].format(column)},
    )
