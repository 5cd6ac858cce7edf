"""Migrations do what they say (rule 11.1): what pgmg puts back never overrules what they did meanwhile."""

from __future__ import annotations

import pytest

import pgmg

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text);"
LEVEL = "CREATE FUNCTION level({} integer DEFAULT 1) RETURNS integer LANGUAGE sql RETURN {};"


@pytest.fixture
def users(project):
    project.write("migrations/001.sql", USERS)
    project.write("sql/level.sql", LEVEL.format("a", "a"))
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    return project


def test_a_default_and_a_check_that_a_migration_replaces_are_its_own(users):
    users.do(
        "ALTER TABLE users ADD COLUMN level integer DEFAULT level(), ADD COLUMN other integer DEFAULT level()",
        "ALTER TABLE users ADD CONSTRAINT low CHECK (level(id) < 9), ADD CONSTRAINT gone CHECK (level(id) < 8)",
    )
    users.write(
        "migrations/002.sql",
        "ALTER TABLE users ALTER COLUMN level SET DEFAULT 5, ALTER COLUMN other DROP DEFAULT;\n"
        "ALTER TABLE users DROP CONSTRAINT low, DROP CONSTRAINT gone;\n"
        "ALTER TABLE users ADD CONSTRAINT low CHECK (level < 7);",
    )
    users.write("sql/level.sql", LEVEL.format("b", "b"))
    users.apply()
    assert users.rows("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'users'::regclass") == [
        ("5",)
    ]
    assert users.rows(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype = 'c'"
    ) == [("low", "CHECK ((level < 7))")]
    users.settled()


def test_what_nobody_declared_is_there_when_a_later_migration_speaks_of_it(users):
    users.do("CREATE VIEW hand AS SELECT id, name FROM users", "GRANT SELECT ON hand TO PUBLIC")
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    users.write(
        "migrations/003.sql",
        "CREATE OR REPLACE VIEW hand AS SELECT id, name, 1 AS one FROM users;\nCOMMENT ON VIEW hand IS 'theirs';",
    )
    users.apply()
    assert users.rows("SELECT id, name, one FROM hand") == []
    assert users.value("SELECT obj_description('hand'::regclass)") == "theirs"
    assert "=r/" in users.value("SELECT relacl::text FROM pg_class WHERE oid = 'hand'::regclass")
    users.settled()


def test_a_function_that_a_migration_replaces_stays_as_it_made_it(users):
    users.do("CREATE FUNCTION told(names) RETURNS text LANGUAGE sql AS $$ SELECT 'old' $$")
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    users.write(
        "migrations/003.sql",
        "CREATE OR REPLACE FUNCTION told(names) RETURNS text LANGUAGE sql AS $$ SELECT 'new' $$;",
    )
    users.write("sql/names.sql", "CREATE VIEW names AS SELECT name, id FROM users;")
    users.apply()
    assert users.value("SELECT told(n) FROM (SELECT NULL::names) AS s(n)") == "new"
    users.settled()


def test_a_function_may_go_with_the_migration_that_lets_go_of_it(users):
    users.do(
        "ALTER TABLE users ADD COLUMN level integer DEFAULT level(3), ADD CHECK (level(id) < 9)",
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "CREATE TRIGGER stamps BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp()",
    )
    users.remove("sql/level.sql")
    with pytest.raises(pgmg.RefusedChange, match="level"):
        users.plan()
    users.write(
        "migrations/002.sql",
        "ALTER TABLE users ALTER COLUMN level DROP DEFAULT;\nALTER TABLE users DROP CONSTRAINT users_id_check;",
    )
    users.apply()
    assert users.value("SELECT to_regproc('level')::text") is None
    users.settled()


def test_a_revoke_in_a_later_migration_is_not_a_restoration_that_failed(users):
    users.do("GRANT SELECT ON names TO PUBLIC", "COMMENT ON VIEW names IS 'by hand'")
    users.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    users.write("migrations/003.sql", "REVOKE SELECT ON names FROM PUBLIC;\nCOMMENT ON VIEW names IS 'theirs';")
    users.apply()
    assert users.value("SELECT obj_description('names'::regclass)") == "theirs"
    assert "=r/" not in users.value("SELECT relacl::text FROM pg_class WHERE oid = 'names'::regclass").replace("s=", "")
    users.settled()


def test_what_a_cascade_in_dynamic_sql_sweeps_along_comes_back(users):
    users.do("CREATE VIEW hand AS SELECT name FROM names", "COMMENT ON VIEW hand IS 'kept'")
    users.write(
        "migrations/002.sql",
        "DO $$ BEGIN EXECUTE format('ALTER TABLE users DROP COLUMN %I CASCADE', 'id');"
        " ALTER TABLE users ADD COLUMN id integer; END $$;",
    )
    result = users.apply()
    assert {str(edge.object) for edge in result.discovered} >= {"view.hand", "view.names"}
    assert users.value("SELECT obj_description('hand'::regclass)") == "kept"
    users.settled()
