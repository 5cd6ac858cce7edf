"""Materialized views are filled when everything that their rows come from is as it will be."""

import pytest

VIEWS = {
    "view": "CREATE VIEW between_ AS SELECT id FROM z_last;",
    "function": "CREATE FUNCTION between_() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM public.z_last';",
}


@pytest.mark.parametrize("between", VIEWS)
def test_what_changes_behind_an_unchanged_object_changes_before_a_new_materialized_view_is_filled(project, between):
    project.write("migrations/001.sql", "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2);")
    project.write("sql/z.sql", "CREATE VIEW z_last AS SELECT id FROM t;")
    project.write("sql/between.sql", VIEWS[between])
    project.apply()
    project.write("sql/z.sql", "CREATE VIEW z_last AS SELECT id FROM t WHERE id = 1;")
    source = "between_()" if between == "function" else "between_"
    project.write("sql/a.sql", f"CREATE MATERIALIZED VIEW a_first AS SELECT * FROM {source};")
    project.apply()
    assert project.rows("SELECT * FROM a_first") == [(1,)]
