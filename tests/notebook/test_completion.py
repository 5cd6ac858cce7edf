"""TAB behind magics."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _project(project):
    project.write("migrations/001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);")
    project.write("sql/views/all_users.sql", "CREATE VIEW all_users AS SELECT id FROM users;")
    project.write("sql/functions/f.sql", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';")


def test_options(cells):
    assert cells.complete("%pgmg_plan --re") == ["--readers", "--recreate", "--rehearse", "--rewrite-tables"]
    assert "--re" not in cells.complete("%pgmg_status --re")


def test_options_in_an_assignment(cells):
    assert cells.complete("plan = %pgmg_plan --recr") == ["--recreate"]


def test_choices_of_an_option(cells):
    assert cells.complete("%pgmg_plan --recreate ") == ["dependents", "required"]


def test_objects_before_anything_has_connected(cells):
    assert cells.complete("%pgmg_graph view.") == ["view.all_users"]


def test_objects_of_the_database_once_connected(cells):
    cells("%pgmg_apply")
    found = cells.complete("%pgmg_diff ")
    assert {"view.all_users", "function.f", "table.users"} <= set(found)


def test_columns_behind_a_relation(cells):
    assert cells.complete("%pgmg_graph view.all_users.") == []
    cells("%pgmg_apply")
    assert cells.complete("%pgmg_graph view.all_users.") == ["view.all_users.id"]
    assert cells.complete("%pgmg_graph --upstream 1 all_users.i") == ["all_users.id"]
    assert cells.complete("%pgmg_graph nobody.") == []
    assert cells.complete("%pgmg_diff view.all_users.") == []


def test_columns_of_what_is_not_applied_yet(cells, project):
    cells("%pgmg_apply")
    project.write("sql/views/new.sql", 'CREATE VIEW new AS SELECT id, id + 1 AS next, 2 AS "in quotes" FROM all_users;')
    assert cells.complete("%pgmg_graph new.") == ["new.id", "new.next"]


def test_saved_plans(cells, project):
    project.write("plan.json", "{}")
    assert cells.complete("%pgmg_apply pl") == ["plan.json"]


def test_paths(cells):
    assert cells.complete("%pgmg_plan --code-dir s") == ["sql/"]
    assert cells.complete("%pgmg_plan --config ") == ["migrations/", "pgmg.toml", "sql/"]
    assert cells.complete("%pgmg_graph --output sql/functions/") == ["sql/functions/f.sql"]


def test_environments(cells, project):
    toml = project.root / "pgmg.toml"
    toml.write_text(f"{toml.read_text()}\n[environments.staging]\nrecreate = 'required'\n")
    assert cells.complete("%pgmg_connect s") == ["staging"]
    assert cells.complete("%pgmg_plan --environment ") == ["staging"]


def test_a_broken_settings_file_keeps_tab_quiet(cells, project):
    (project.root / "pgmg.toml").write_text("][")
    assert "--nothing" not in cells.complete("%pgmg_connect s")
