"""A project whose plan has every kind of step."""

from __future__ import annotations

from pgmg.model.plans.plan import Action

BEFORE = {
    "migrations/001_users.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer, active boolean);",
    "sql/ages.sql": "CREATE VIEW ages AS SELECT id, age FROM users;\nCOMMENT ON VIEW ages IS 'how old';\n"
    "GRANT SELECT ON ages TO PUBLIC;",
    "sql/gone.sql": "CREATE VIEW gone AS SELECT id FROM users;",
    "sql/label.sql": "CREATE FUNCTION label(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'no. ' || n $$;",
    "sql/status.sql": "CREATE TYPE status AS ENUM ('new', 'done');",
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;",
    "sql/kept.sql": "CREATE MATERIALIZED VIEW kept AS SELECT id FROM users;\nCREATE INDEX kept_id ON kept (id);",
}
BY_HAND = (
    "CREATE VIEW by_hand AS SELECT age + 1 AS next FROM ages",
    "COMMENT ON VIEW by_hand IS 'nobody declared it'",
    "INSERT INTO users VALUES (1, 'ann', 30, true)",
)
AFTER = {
    "migrations/002_age.sql": "ALTER TABLE users ALTER COLUMN age TYPE bigint;\nUPDATE users SET age = age + 1;",
    "sql/ages.sql": "CREATE VIEW ages AS SELECT id, age FROM users;",
    "sql/label.sql": "CREATE FUNCTION label(n integer) RETURNS text LANGUAGE sql AS $$ SELECT '# ' || n $$;",
    "sql/status.sql": "CREATE TYPE status AS ENUM ('new', 'doing', 'done');",
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;\nCOMMENT ON VIEW names IS 'who';\n"
    "GRANT SELECT ON names TO PUBLIC;",
    "sql/kept.sql": "CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM users;\nCREATE INDEX kept_id ON kept (id);",
    "sql/even.sql": "CREATE FUNCTION is_even(n integer) RETURNS boolean LANGUAGE sql AS\n"
    "$$ SELECT CASE n WHEN 0 THEN true ELSE is_odd(n - 1) END $$;",
    "sql/odd.sql": "CREATE FUNCTION is_odd(n integer) RETURNS boolean LANGUAGE sql AS\n"
    "$$ SELECT CASE n WHEN 0 THEN false ELSE is_even(n - 1) END $$;",
}
GONE = ("sql/gone.sql",)


def lay_before(project) -> None:
    """Apply the project as it was, and what was done by hand."""
    for path, text in BEFORE.items():
        project.write(path, text)
    project.apply()
    project.do(*BY_HAND)


def lay_after(project) -> None:
    """Write the files of the project as it is to be."""
    for path, text in AFTER.items():
        project.write(path, text)
    for path in GONE:
        project.remove(path)


ALL = frozenset(Action)
