"""`--rewrite-tables` converts columns on both sides of foreign keys (rule 5); the catalog says what became of the keys."""

from __future__ import annotations

import pytest

TYPES = {
    "enum": ("CREATE TYPE e AS ENUM ('a', 'b', 'c');", "CREATE TYPE e AS ENUM ('b', 'a');", "'a'"),
    "composite": ("CREATE TYPE e AS (x text, y text);", "CREATE TYPE e AS (y text, x text);", "ROW('a', 'a')::e"),
    "range": ("CREATE TYPE e AS RANGE (subtype = integer);", "CREATE TYPE e AS RANGE (subtype = bigint);", "'[1,2)'"),
}
KEYS = {
    "two tables": "CREATE TABLE p (e e PRIMARY KEY); CREATE TABLE c (id integer, e e CONSTRAINT k REFERENCES p);",
    "itself": "CREATE TABLE c (e e PRIMARY KEY, up e CONSTRAINT k REFERENCES c (e));",
    "several columns": "CREATE TABLE p (e e, n integer, PRIMARY KEY (n, e));"
    " CREATE TABLE c (n integer, e e, CONSTRAINT k FOREIGN KEY (n, e) REFERENCES p (n, e) ON DELETE CASCADE);",
    "deferred": "CREATE TABLE p (e e PRIMARY KEY);"
    " CREATE TABLE c (e e CONSTRAINT k REFERENCES p ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);",
    "not valid": "CREATE TABLE p (e e PRIMARY KEY); CREATE TABLE c (e e);"
    " ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (e) REFERENCES p NOT VALID;",
    "partitioned": "CREATE TABLE p (e e PRIMARY KEY);"
    " CREATE TABLE c (id integer, e e CONSTRAINT k REFERENCES p) PARTITION BY RANGE (id);"
    " CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (9);",
}
WANTED = """SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid), convalidated, obj_description(oid)
FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text IN ('c', 'c1') ORDER BY 1, 2, 3"""


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", TYPES)
def test_a_foreign_key_survives_the_conversion_of_its_type(project, kind, key):
    old, new, value = TYPES[kind]
    project.write("sql/e.sql", old)
    project.write("migrations/1.sql", f"{KEYS[key]}\nCOMMENT ON CONSTRAINT k ON c IS 'kept';")
    project.apply()
    referenced = "p" if "TABLE p" in KEYS[key] else "c"
    for table in dict.fromkeys((referenced, "c")):
        more = "n, " if key == "several columns" else ("id, " if key == "partitioned" and table == "c" else "")
        project.do(f"INSERT INTO {table} ({more}e) VALUES ({'1, ' if more else ''}{value})")
    before = project.rows(WANTED)
    assert before
    project.write("sql/e.sql", new)
    project.apply(rewrite_tables=True)
    assert project.rows(WANTED) == before
    assert project.value("SELECT count(*) FROM c WHERE e IS NOT NULL") == 1
    project.settled()


@pytest.mark.parametrize("attribute", ["kind", "kind[]"])
def test_a_composite_loses_the_attribute_of_a_type_that_is_deleted(project, attribute):
    project.write("sql/c.sql", f"CREATE TYPE kind AS ENUM ('a');\nCREATE TYPE comp AS (f {attribute}, g integer);")
    project.write("migrations/1.sql", "CREATE TABLE t (c comp);\nINSERT INTO t VALUES (ROW(NULL, 7));")
    project.apply()
    project.write("sql/c.sql", "CREATE TYPE comp AS (f text, g integer);")
    project.apply(rewrite_tables=True)
    assert project.value("SELECT to_regtype('kind')") is None
    assert project.value("SELECT (c).g FROM t") == 7
    project.settled()
