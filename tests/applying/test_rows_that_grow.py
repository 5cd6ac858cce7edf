"""A migration adds a column or an attribute below a function that returns the row: as when built from nothing."""

from __future__ import annotations

import pytest

from tests.oracle import built_anew, differences, dump

BEFORE = {
    "table": "CREATE TABLE row_of (id integer, name text); INSERT INTO row_of VALUES (1, 'x');",
    "composite": "CREATE TYPE row_of AS (id integer, name text);",
}
GROWN = {
    "table": "ALTER TABLE row_of ADD COLUMN age integer DEFAULT 7;",
    "composite": "ALTER TYPE row_of ADD ATTRIBUTE age integer;",
}
BODIES = {
    "sql": "LANGUAGE sql STABLE AS $$ SELECT (1, 'x'{0})::public.row_of $$",
    "atomic": "LANGUAGE sql STABLE BEGIN ATOMIC SELECT (1, 'x'{0})::public.row_of; END",
    "plpgsql": "LANGUAGE plpgsql STABLE AS $$ DECLARE r row_of; BEGIN r.id := 1; RETURN NEXT r; END $$",
}
READERS = [
    "CREATE VIEW over_star AS SELECT * FROM rows_of();",
    "CREATE VIEW over_value AS SELECT (f).* FROM rows_of() AS f;",
    "CREATE VIEW over_column AS SELECT id, name FROM rows_of();",
    "CREATE MATERIALIZED VIEW kept AS SELECT * FROM rows_of();",
    "CREATE VIEW over_view AS SELECT o.*, 1 AS more FROM over_star AS o;",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("row", BEFORE)
def test_readers_of_a_row_that_grows_are_as_when_built_from_nothing(project, server, row, body):
    project.write("migrations/001.sql", BEFORE[row])
    function = f"CREATE FUNCTION rows_of() RETURNS SETOF row_of {BODIES[body]};"
    project.write("sql/rows_of.sql", function.format(""))
    project.write("sql/views.sql", "\n".join(READERS))
    project.apply()
    project.write("migrations/002.sql", GROWN[row])
    project.write("sql/rows_of.sql", function.format(", 7"))
    project.apply()
    assert differences(built_anew(project, server), dump(project.dsn)) == []
    assert project.value("SELECT true FROM pg_attribute WHERE attname = 'age' AND attrelid = 'kept'::regclass")
    project.settled()


STAR_BODIES = {
    "sql": "LANGUAGE sql STABLE AS $$ SELECT r.* FROM public.row_of AS r $$",
    "atomic": "LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.* FROM public.row_of AS r; END",
    "plpgsql": "LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT r.* FROM public.row_of AS r; END $$",
}


@pytest.mark.parametrize("then", ["DO $$ BEGIN PERFORM 1; END $$;", "CREATE TABLE copy_of AS SELECT * FROM kept;"])
@pytest.mark.parametrize("body", STAR_BODIES)
def test_a_function_that_reads_a_table_that_grows_is_fresh_before_anything_calls_it(project, server, body, then):
    """A materialized view is filled through it before the next migration, which may read that."""
    project.write("migrations/001.sql", BEFORE["table"])
    project.write("sql/rows_of.sql", f"CREATE FUNCTION rows_of() RETURNS SETOF row_of {STAR_BODIES[body]};")
    project.write("sql/views.sql", "\n".join(READERS))
    project.apply()
    project.write("migrations/002.sql", GROWN["table"])
    project.write("migrations/003.sql", then)
    project.apply()
    assert differences(built_anew(project, server), dump(project.dsn)) == []
    assert project.value("SELECT age FROM kept") == 7
    project.settled()
