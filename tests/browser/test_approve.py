"""The buttons under a plan, pressed as people press them; the database is asked what came of it."""

from __future__ import annotations

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser import shop
from tests.browser.lab import eventually
from tests.browser.seeing import faint, overflowing, problems

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND datname = current_database()"


def button(notebook, name, cell=1):
    return notebook.button(name, cell)


@pytest.fixture
def offered(notebook, project):
    """A small plan with its buttons: one view."""
    project.write("sql/views/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open().run_all()
    expect(button(notebook, "Apply")).to_be_visible()
    return notebook


def read(notebook, cell):
    """What a reader sees where a widget was whose kernel has gone: a text, instead of the front end's error."""
    widget = notebook.output(cell).locator(".jp-OutputArea-output.lm-Panel")
    assert widget.evaluate("it => getComputedStyle(it).fontSize") == "0px"
    return widget.evaluate("it => getComputedStyle(it, '::after').content").strip('"')


def exists(project, name):
    return project.value("SELECT to_regclass(%s)::text", name) is not None


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_apply_asks_shows_progress_and_turns_into_the_result(lab, notebook, project, picture, theme):
    lab.dress(f"JupyterLab {theme}")
    shop.begin(project)
    shop.change(project)
    project.write("migrations/004_slow.sql", "DO $$ BEGIN RAISE NOTICE 'counting'; END $$;\nSELECT pg_sleep(2);")
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open().run_all()
    notebook.fold_sidebar()
    panel = notebook.output(1)

    button(notebook, "Apply").click()
    question = panel.get_by_role("alert")
    expect(question).to_contain_text("view.old_report")
    expect(question).to_contain_text("column score gets another type")
    expect(button(notebook, "Go back")).to_be_focused()
    picture(panel, f"confirm-{theme.lower()}")
    assert problems(notebook.page, panel) == []
    assert faint(panel) == []
    notebook.page.keyboard.press("Enter")  # on Go back
    expect(button(notebook, "Apply")).to_be_focused()
    assert exists(project, "old_report")

    notebook.page.keyboard.press("Enter")
    button(notebook, "Yes, apply").click()
    expect(panel.locator("progress")).to_be_visible()
    expect(panel.locator(".bar")).to_contain_text("Applying migration: 004_slow.sql")
    expect(panel.locator(".remarks")).to_contain_text("counting")
    picture(panel, f"progress-{theme.lower()}")
    assert faint(panel) == []

    result = panel.locator(".pgmg-result")
    expect(result).to_contain_text("All changes applied successfully.")
    expect(result).to_contain_text("recorded migration 003_scores.sql; recorded migration 004_slow.sql")
    expect(panel.locator(".pgmg-plan")).to_contain_text("Applied plan")
    expect(panel.locator("progress")).to_have_count(0)
    expect(panel.locator(".remarks")).to_contain_text("counting")
    for name in ("Apply", "Discard", "Stop"):
        expect(button(notebook, name)).to_have_count(0)
    result.locator("summary").click()
    expect(result.get_by_text("Replaced function: discount")).to_be_visible()
    picture(panel, f"result-{theme.lower()}")
    assert problems(notebook.page, panel) == []
    assert (faint(panel), overflowing(panel)) == ([], [])

    assert not exists(project, "old_report")
    assert project.value("SELECT discount(1000)") == 100
    project.settled()
    notebook.troubles.none()


def test_a_double_click_applies_once_and_stops_nothing(offered, project):
    project.write("migrations/001_log.sql", "CREATE TABLE log (n int);")
    project.write("migrations/002_log.sql", "SELECT pg_sleep(1); INSERT INTO log VALUES (1);")
    offered.run(1)
    button(offered, "Apply").dblclick()
    expect(offered.output(1).locator(".pgmg-result")).to_contain_text("applied successfully")
    assert project.rows("SELECT n FROM log") == [(1,)]
    offered.troubles.none()


def test_a_stale_plan_is_refused_and_planned_again(offered, project, picture):
    project.write("sql/views/two.sql", "CREATE VIEW two AS SELECT 2 AS n;")
    project.apply()  # as another process would
    button(offered, "Apply").click()
    panel = offered.output(1)
    expect(panel.get_by_role("alert")).to_contain_text("This plan is stale")
    expect(button(offered, "Apply")).to_be_disabled()
    picture(panel, "stale")
    project.write("sql/views/three.sql", "CREATE VIEW three AS SELECT 3 AS n;")
    button(offered, "Plan again").click()
    expect(panel.locator(".batch > table > tbody > tr")).to_have_count(1)
    expect(panel.locator(".batch > table > tbody > tr")).to_contain_text("three")
    button(offered, "Apply").click()
    expect(panel.locator(".pgmg-result")).to_contain_text("applied successfully")
    assert exists(project, "three")
    offered.troubles.none()


def test_a_deletion_is_asked_for_and_only_yes_deletes(offered, project):
    project.apply()
    project.remove("sql/views/one.sql")
    offered.run(1)
    button(offered, "Apply").dblclick()  # whoever presses twice has not said yes
    expect(offered.output(1).get_by_role("alert")).to_contain_text("deletes view.one")
    button(offered, "Go back").click()
    expect(button(offered, "Apply")).to_be_visible()
    assert exists(project, "one")
    button(offered, "Apply").click()
    button(offered, "Yes, apply").click()
    expect(offered.output(1).locator(".pgmg-result")).to_contain_text("Dropping view: one")
    assert not exists(project, "one")
    offered.troubles.none()


def test_stop_cancels_and_rolls_back(offered, project, picture):
    project.write("migrations/001_slow.sql", "CREATE TABLE made (a int); SELECT pg_sleep(60);")
    offered.run(1)
    button(offered, "Apply").click()
    eventually(lambda: project.value(SLEEPING), "the migration does not run")
    button(offered, "Stop").click()
    told = offered.output(1).get_by_role("alert")
    expect(told).to_contain_text("Nothing has been changed.")
    expect(told).not_to_contain_text("Error")
    picture(offered.output(1), "stopped")
    assert not exists(project, "made")
    assert not exists(project, "one")
    expect(button(offered, "Try again")).to_be_enabled()
    offered.troubles.none()


def test_stop_ends_the_wait_for_another_apply_at_once(offered, project):
    from pgmg.applying.lock import lock_key

    with psycopg.connect(project.dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("public")])
        button(offered, "Apply").click()
        expect(offered.output(1)).to_contain_text("another apply is running")
        button(offered, "Stop").click()
        expect(offered.output(1).get_by_role("alert")).to_contain_text("Nothing has been changed.")
    offered.troubles.none()


def test_applying_one_of_two_plans_makes_the_other_stale(offered, project):
    offered.write("%load_ext pgmg", "first = %pgmg_plan", "second = %pgmg_plan").open().run_all()
    button(offered, "Apply", 2).click()
    expect(offered.output(2).locator(".pgmg-result")).to_contain_text("applied successfully")
    expect(offered.output(1).get_by_role("alert")).to_contain_text("Something was applied since this plan was made")
    expect(button(offered, "Apply", 1)).to_be_disabled()
    button(offered, "Plan again", 1).click()
    expect(offered.output(1)).to_contain_text("No changes. The database matches the project.")
    expect(button(offered, "Apply", 1)).to_have_count(0)
    offered.troubles.none()


def test_an_error_is_short_and_says_where(offered, project, picture):
    project.write("migrations/001_bad.sql", "CREATE TABLE made (a int);\nINSERT INTO made VALUES (1 / 0);")
    offered.run(1)
    button(offered, "Apply").click()
    told = offered.output(1).get_by_role("alert")
    expect(told).to_contain_text("division by zero")
    expect(told).to_contain_text("migrations/001_bad.sql:2")
    expect(told).to_contain_text("2 │ INSERT INTO made VALUES (1 / 0);")
    picture(offered.output(1), "error-panel")
    assert len(told.inner_text().splitlines()) < 12
    assert not exists(project, "made")
    project.write("migrations/001_bad.sql", "CREATE TABLE made (a int);")
    button(offered, "Plan again").click()
    button(offered, "Apply").click()
    expect(offered.output(1).locator(".pgmg-result")).to_contain_text("applied successfully")
    offered.troubles.none()


def test_an_error_of_a_magic_has_a_caret_and_no_traceback(notebook, project, picture):
    project.write("sql/views/bad.sql", "CREATE VIEW bad AS\nSELEC 1;")
    notebook.write("%load_ext pgmg", "%pgmg_plan").open().run_all()
    shown = notebook.output(1)
    expect(shown).to_contain_text("sql/views/bad.sql:2:1")
    expect(shown).to_contain_text("│ SELEC 1;")
    expect(shown).to_contain_text("│ ^")
    expect(shown).not_to_contain_text("Traceback")
    expect(shown).not_to_contain_text(".py")
    picture(shown, "error-magic")
    assert len(shown.inner_text().splitlines()) < 12
    notebook.troubles.none()


def test_after_a_restart_the_output_is_readable_and_its_buttons_do_nothing(offered, project, picture):
    offered.save()
    offered.restart()
    plan = offered.output(1).locator(".pgmg-plan")
    expect(plan).to_contain_text("one")
    button(offered, "Apply").click()  # nobody hears it
    plan.locator("details.sql > summary").click()
    expect(plan.get_by_label("SQL of view.one")).to_be_visible()
    assert not exists(project, "one")
    assert (offered.troubles.dialogs, offered.troubles.errors) == ([], ["Cannot send"])  # the widget's own words

    offered.open()  # as on the next day
    plan = offered.output(1).locator(".pgmg-plan")
    expect(plan).to_contain_text("one")
    plan.locator("details.sql > summary").click()
    expect(plan.get_by_label("SQL of view.one")).to_be_visible()
    expect(button(offered, "Apply")).to_have_count(0)
    assert read(offered, 1) == "Its buttons worked while its kernel ran. %pgmg_plan makes a new plan."
    picture(offered.page, "reopened")
    assert not exists(project, "one")


def test_run_all_with_a_plan_and_an_apply_leaves_no_open_button(notebook, project):
    project.write("sql/views/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan", "result = %pgmg_apply", "%pgmg_plan").open().run_all()
    notebook.wait(3)
    expect(notebook.output(2).locator(".pgmg-result")).to_contain_text("applied successfully")
    expect(notebook.output(3)).to_contain_text("No changes")
    expect(button(notebook, "Apply")).to_be_disabled()
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("No changes")
    project.settled()
    notebook.troubles.none()
