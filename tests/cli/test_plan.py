"""`pgmg plan`."""

import dataclasses
import json

import pytest

from pgmg.model.plans.plan import PlanOptions, Recreate
from pgmg.model.sources.source import Notice
from tests.render import builders


def test_the_plan_is_the_result(fake, pgmg):
    done = pgmg("plan")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Pending data migration: 003_add_orders_table.sql" in done.stdout
    assert "Execution order:" in done.stdout


def test_json_holds_the_plan_and_nothing_else_is_printed(fake, pgmg):
    done = pgmg("plan", "--format", "json")
    assert json.loads(done.stdout)["fingerprint"] == builders.FINGERPRINT
    assert done.stderr == ""


def test_more_is_said_when_asked_for(fake, pgmg):
    assert "DROP FUNCTION get_user_summary(integer)" in pgmg("plan", "-v").stdout
    assert pgmg("plan", "-vq").stdout == pgmg("plan").stdout


def test_out_saves_what_json_would_print_and_what_the_plan_was_made_from(fake, pgmg, here):
    done = pgmg("plan", "--out", "plan.json")
    assert "Execution order:" in done.stdout
    saved = json.loads((here / "plan.json").read_text(encoding="utf-8"))
    assert set(saved.pop("inputs")) == {"sources", "pending", "state", "recorded", "catalog"}
    assert saved == json.loads(pgmg("plan", "--format", "json").stdout)


def test_exit_code_says_whether_an_applied_migration_was_edited(fake, pgmg):
    edited = Notice("migration-edited", "Migration 001.sql has been edited.", "migrations/001.sql")
    fake.planned = dataclasses.replace(builders.plan(), warnings=(edited,))
    done = pgmg("plan", "--exit-code")
    assert done.exit_code == 3
    assert "matches the project" not in done.stdout


def test_exit_code_says_whether_something_is_pending(fake, pgmg):
    assert pgmg("plan", "--exit-code").exit_code == 3
    fake.planned = builders.plan()
    done = pgmg("plan", "--exit-code")
    assert (done.exit_code, done.stdout) == (0, "No changes. The database matches the project.\n")


def test_options_shape_the_plan(fake, pgmg):
    pgmg("plan", "--drop-unmanaged", "--rewrite-tables", "--recreate", "required")
    assert fake.asked == [("plan", PlanOptions(Recreate.DEPENDENTS, drop_unmanaged=True, rewrite_tables=True))]
    assert fake.calls[0].overrides == {"recreate": "required"}


def test_the_graph_is_drawn_beside_it(fake, pgmg, here):
    fake.graphed = builders.shop()
    assert pgmg("plan", "--output-graph", "graph.mmd").exit_code == 0
    assert "flowchart" in (here / "graph.mmd").read_text(encoding="utf-8")


def test_a_picture_nobody_can_draw_is_refused_before_anything_is_asked(fake, pgmg):
    done = pgmg("plan", "--output-graph", "graph.doc")
    assert (done.exit_code, fake.asked) == (2, [])
    assert ".svg" in done.stderr


@pytest.mark.parametrize("where", ["nowhere/plan.json", "folder"])
def test_a_file_that_cannot_be_written_is_one_clear_error(fake, pgmg, here, where):
    (here / "folder").mkdir()
    done = pgmg("plan", "--out", where)
    assert done.exit_code in {1, 2}
    assert where in done.stderr
    assert "Traceback" not in done.stderr


def test_the_html_report_is_one_page_with_the_plan_in_it(fake, pgmg):
    done = pgmg("plan", "--format", "html")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert builders.FINGERPRINT in done.stdout


@pytest.mark.parametrize("option", ["--rows", "--lineage"])
def test_parts_of_a_report_are_refused_where_no_report_is_made(fake, pgmg, option):
    done = pgmg("plan", option)
    assert (done.exit_code, fake.asked) == (2, [])
    assert "--format html" in done.stderr


def test_a_report_has_the_rows_of_views_if_they_are_asked_for(project, pgmg, monkeypatch):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS n;")
    project.apply()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT generate_series(1, 3) AS n;")
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    for form, heading in (("html", "<h2>Rows</h2>"), ("markdown", "<details><summary>Rows</summary>")):
        done = pgmg("plan", "--format", form, "--rows", "--lineage")
        assert done.exit_code == 0, done.stderr
        assert "Added, 2 of 2" in done.stdout.partition(heading)[2]
        assert "Rows" not in pgmg("plan", "--format", form).stdout
