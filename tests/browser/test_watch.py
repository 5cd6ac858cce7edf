"""Working live in a notebook: the watcher's panel follows files, a cell becomes a view, its rows are seen before."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import eventually
from tests.browser.seeing import faint, overflowing, problems
from tests.browser.test_approve import read

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
LIVE = ".pgmg-watch:not(.still)"
TABLE = (
    "CREATE TABLE users (id int PRIMARY KEY, name text, score int);"
    "INSERT INTO users VALUES (1, 'Ada', 10), (2, NULL, 20), (3, '<b>Grace</b>', 30);"
)


@pytest.fixture
def users(project):
    """A table with three rows and a view on it, applied."""
    project.write("migrations/001_users.sql", TABLE)
    project.write("sql/views/stats.sql", "CREATE VIEW stats AS SELECT id, name, score FROM users;\n")
    project.apply()
    return project


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_panel_follows_files_shows_errors_and_asks_for_migrations(lab, notebook, users, picture, theme):
    lab.dress(f"JupyterLab {theme}")
    notebook.write("%load_ext pgmg", "watch = %pgmg_watch", "1 + 1").open()
    notebook.run(0)
    panel = notebook.run(1)
    light = panel.locator(f"{LIVE} .light")
    expect(panel.get_by_role("status")).to_have_text("up to date")

    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM stats;")
    expect(panel.locator(f"{LIVE} .events")).to_contain_text("Applied 1 step for sql/views/names.sql")
    assert users.value("SELECT count(*) FROM names") == 3

    users.write("sql/views/names.sql", "CREATE VIEW names AS\n  SELEC name FROM stats;")
    expect(panel.get_by_role("status")).to_have_text("1 problem")
    expect(panel.get_by_role("alert")).to_contain_text("sql/views/names.sql:2:3")
    expect(panel.get_by_role("alert")).to_contain_text("unchanged in the database: view.names")
    assert "l-red" in light.get_attribute("class")

    users.write("migrations/002_scores.sql", "ALTER TABLE users ALTER COLUMN score TYPE bigint;")
    apply = panel.get_by_role("button", name="Apply migration …")
    expect(apply).to_be_visible()
    expect(panel.locator(f"{LIVE} .pending")).to_contain_text("affects view.stats")
    picture(panel, f"watch-problem-{theme.lower()}")
    assert problems(notebook.page, panel) == []
    assert faint(panel) == []

    apply.click()
    expect(panel.locator(f"{LIVE} .pgmg-sql")).to_have_text("ALTER TABLE users ALTER COLUMN score TYPE bigint;")
    picture(panel, f"watch-question-{theme.lower()}")
    assert faint(panel) == []
    panel.get_by_role("button", name="Go back").click()
    expect(apply).to_be_visible()
    apply.click()
    panel.get_by_role("button", name="Yes, apply").click()
    eventually(lambda: users.value("SELECT count(*) FROM pgmg_migrations") == 2)
    expect(apply).to_have_count(0)

    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT upper(name) AS name FROM stats;")
    expect(panel.get_by_role("status")).to_have_text("up to date")
    expect(panel.locator(f"{LIVE} .problems")).to_have_count(0)
    picture(panel, f"watch-fine-{theme.lower()}")

    assert notebook.run(2).inner_text().split() == ["[3]:", "2"]  # nothing is printed into another cell
    panel.get_by_role("button", name="Stop watching").click()
    expect(panel.get_by_role("status")).to_have_text("stopped")
    panel.get_by_role("button", name="Start again").click()
    expect(panel.get_by_role("status")).to_have_text("up to date")
    assert overflowing(panel) == []
    notebook.troubles.none()


def test_a_panel_in_two_places_is_the_same_and_ends_with_the_kernel(notebook, users):
    notebook.write("%load_ext pgmg", "%pgmg_watch", "%pgmg_watch").open()
    notebook.run(0)
    first, second = notebook.run(1), notebook.run(2)
    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM stats;")
    for panel in (first, second):
        expect(panel.locator(f"{LIVE} .events")).to_contain_text("sql/views/names.sql")
    notebook.page.wait_for_timeout(300)
    for panel in (first, second):
        expect(panel.locator(".pgmg-watch.still")).to_be_hidden()  # while the panel itself is there
        expect(panel.locator(".pgmg-watch")).to_have_count(2)
    notebook.save()
    notebook.restart()
    connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgmg' AND datname = current_database()"
    eventually(lambda: users.value(connected) == 0, "the watcher outlived its kernel")
    notebook.troubles.none()
    notebook.open()  # as on the next day
    for number in (1, 2):
        still = notebook.output(number).locator(".pgmg-watch")
        expect(still).to_be_visible()
        expect(still).to_contain_text("as of")
        expect(still.locator(".events")).to_contain_text("sql/views/names.sql")
        assert read(notebook, number) == "It was updated while its kernel ran. %pgmg_watch starts a new watcher."


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_cell_becomes_a_view_and_its_rows_are_seen(lab, notebook, users, picture, theme):
    lab.dress(f"JupyterLab {theme}")
    view = "CREATE VIEW stats AS SELECT id, upper(name) AS name, score::numeric AS score FROM users WHERE id > 1;"
    cells = (f"%%pgmg_sql --plan\n{view}", "%pgmg_diff stats --rows", f"%%pgmg_sql --preview 2\n{view}\n-- now")
    notebook.write("%load_ext pgmg", *cells).open()
    notebook.run(0)

    planned = notebook.run(1)
    expect(planned).to_contain_text("sql/views/stats.sql replaced: 1 line added, 1 removed")
    expect(planned.get_by_role("button", name="Apply")).to_be_visible()

    rows = notebook.run(2)
    expect(rows.locator(".pgmg-data > summary")).to_contain_text("- 1 row removed")
    expect(rows.locator(".pgmg-data > summary")).to_contain_text("3 rows now, 2 after the change")
    expect(rows.locator("del")).to_have_text("<b>Grace</b>")
    expect(rows.locator("ins")).to_have_text("<B>GRACE</B>")
    picture(rows, f"rows-{theme.lower()}")

    done = notebook.run(3)
    expect(done.locator(".columns")).to_contain_text("~ score integer → numeric")
    expect(done.locator(".pgmg-cell .r-null")).to_have_text("NULL")
    picture(done, f"cell-{theme.lower()}")
    for panel in (planned, rows, done):
        assert problems(notebook.page, panel) == []
        assert faint(panel.locator(".pgmg-cell, .pgmg-data").first) == []
        assert overflowing(panel) == []
    users.settled()
    notebook.troubles.none()
