"""Types that a migration renames or moves, below domains and composites that columns of tables have."""

from __future__ import annotations

import pytest

import pgmg

TYPES = "CREATE DOMAIN a.d AS integer; CREATE TYPE a.k AS ENUM ('x'); CREATE TYPE plain AS ENUM ('y');"
USERS = "CREATE DOMAIN b.e AS a.d; CREATE TYPE b.c AS (x a.k, y a.d[], z plain);"
RENAMED = {
    "schema": ('ALTER SCHEMA a RENAME TO "A 2";', {"a.": '"A 2".'}),
    "types": ("ALTER TYPE a.k RENAME TO kk; ALTER DOMAIN a.d RENAME TO dd;", {"a.k": "a.kk", "a.d": "a.dd"}),
    "moved": (
        "ALTER TYPE plain SET SCHEMA b; ALTER DOMAIN a.d SET SCHEMA public;",
        {"plain": "b.plain", "a.d": "public.d"},
    ),
    "both": (
        "ALTER SCHEMA a RENAME TO c; ALTER TYPE plain RENAME TO k; ALTER TYPE c.k SET SCHEMA b;",
        {"plain": "public.k", "a.k": "b.k", "a.d": "c.d"},
    ),
}


@pytest.mark.parametrize("how", RENAMED)
def test_domains_and_composites_of_tables_keep_what_they_are_made_of(project, how):
    project.write("migrations/001.sql", "CREATE SCHEMA a; CREATE SCHEMA b;")
    project.write(
        "migrations/002.sql",
        "CREATE TABLE b.t (x b.e, y b.c[]); INSERT INTO b.t VALUES (1, ARRAY[('x', '{2}', 'y')::b.c]);",
    )
    project.write("sql/types.sql", TYPES)
    project.write("sql/users.sql", USERS)
    project.apply()
    migration, names = RENAMED[how]
    types, users = TYPES, USERS
    for old, new in names.items():
        types, users = types.replace(old, new), users.replace(old, new)
    project.write("migrations/003.sql", migration)
    project.write("sql/types.sql", types)
    project.write("sql/users.sql", users)
    before = project.value("SELECT t::text FROM b.t AS t")
    plan = project.plan()
    assert [(step.action.value, str(step.object)) for step in plan.steps] == [("migrate", "migration.003.sql")]
    project.apply()
    project.settled()
    assert project.value("SELECT t::text FROM b.t AS t") == before


def test_another_type_of_the_old_name_is_another_type(project):
    project.write("migrations/001.sql", "CREATE SCHEMA a; CREATE SCHEMA b;")
    project.write("migrations/002.sql", "CREATE TABLE b.t (x b.e);")
    project.write("sql/types.sql", "CREATE DOMAIN a.d AS integer; CREATE DOMAIN a.other AS integer;")
    project.write("sql/users.sql", "CREATE DOMAIN b.e AS a.d;")
    project.apply()
    project.write("migrations/003.sql", "ALTER DOMAIN a.d RENAME TO third; ALTER DOMAIN a.other RENAME TO d;")
    project.write("sql/types.sql", "CREATE DOMAIN a.d AS integer; CREATE DOMAIN a.third AS integer;")
    with pytest.raises(pgmg.RefusedChange, match=r"table\.b\.t depends on it"):
        project.plan()
