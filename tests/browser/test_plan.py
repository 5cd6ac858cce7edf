"""A plan on the screen: what it says, how it folds and filters, and that everybody can use it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import shop
from tests.browser.seeing import broken_names, faint, overflowing, problems, spilled

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture
def planned(notebook, project):
    """A plan of many sorts of steps; returns its section."""
    shop.begin(project)
    shop.change(project)
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open().run_all()
    notebook.wait(1)
    return notebook.output(1).locator(".pgmg-plan")


def row(plan, name):
    """The row of the first step about an object."""
    return plan.locator(".steps .batch > table > tbody > tr").filter(has_text=name).first


def test_it_says_what_will_happen_and_folds_out(planned, notebook, picture):
    expect(planned.locator(".summary")).to_contain_text("1 migration")
    expect(planned.locator(".summary")).to_contain_text("1 deleted")
    expect(planned.get_by_label("Warnings")).to_contain_text("view.old_report")
    expect(planned.get_by_label("Risks")).to_contain_text("column score gets another type")
    assert planned.locator(".steps .risk").first.evaluate("it => getComputedStyle(it).display") == "block"
    expect(planned.locator(".clients .affects")).to_contain_text("column score gets another type")
    expect(planned.locator(".clients .muted code")).to_have_text("*")  # no backticks
    expect(planned).not_to_contain_text("`")
    expect(planned.locator(".pgmg-part:not(.clients) .affects").first).to_contain_text("view.active_users")
    expect(planned.locator(".steps .batch > table > tbody > tr")).not_to_have_count(0)
    expect(planned.frame_locator("figure iframe").locator(".node")).not_to_have_count(0)

    step = row(planned, "discount")
    text = step.get_by_label("SQL of function.discount(numeric)")
    expect(text).to_be_hidden()
    step.locator("summary").first.click()
    expect(text).to_be_visible()
    expect(step.locator(".d-added").first).to_contain_text("CASE WHEN total > 500")
    expect(step.locator(".d-removed").first).to_contain_text("total * 0.05")
    picture(notebook.page, "plan-unfolded")
    step.get_by_text("Side by side").click()
    sides = step.get_by_role("table")
    expect(sides.locator("td.d-removed")).to_contain_text("total * 0.05")
    picture(notebook.page, "plan-side-by-side")
    step.locator("summary").first.click()
    expect(text).to_be_hidden()
    expect(sides).to_be_hidden()
    notebook.troubles.none()


def test_the_filter_shows_the_steps_with_all_words_and_is_taken_back_by_escape(planned, notebook, picture):
    rows, total = planned.locator(".steps .batch > table > tbody > tr:visible"), planned.locator("details.sql").count()
    filtering = planned.get_by_label("Filter")
    filtering.fill("view best")
    expect(rows).to_have_count(2)
    expect(planned.locator(".tools output")).to_have_text(f"2 of {total} steps")
    filtering.fill("more for more")  # only in a function's SQL
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("discount")
    filtering.fill("there is no such thing")
    expect(rows).to_have_count(0)
    picture(planned, "plan-filtered-none")
    filtering.press("Escape")
    expect(rows).to_have_count(total)
    expect(filtering).to_have_value("")
    notebook.troubles.none()


def test_it_is_used_with_the_keyboard_alone(planned, notebook):
    filtering, page = planned.get_by_label("Filter"), notebook.page
    filtering.focus()
    page.keyboard.press("Tab")
    expect(planned.get_by_role("button", name="Unfold all")).to_be_focused()
    page.keyboard.press("Enter")
    opened = planned.locator("details.sql[open]")
    expect(opened).to_have_count(planned.locator("details.sql").count())
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(opened).to_have_count(0)
    first = planned.locator("details.sql > summary").first
    first.focus()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(1)
    ring = first.evaluate("it => getComputedStyle(it).outlineStyle")
    assert ring == "solid"  # who uses the keyboard sees where the focus is
    page.keyboard.press("Space")
    expect(opened).to_have_count(0)
    expect(notebook.cells).to_have_count(2)  # no key has reached JupyterLab's shortcuts
    notebook.troubles.none()


def test_hundreds_of_steps_are_grouped_and_found(notebook, project, picture):
    shop.many(project, 300)
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open().run_all()
    notebook.wait(1)
    plan = notebook.output(1).locator(".pgmg-plan")
    rows = plan.locator(".steps .batch > table > tbody > tr:visible")
    expect(plan.locator("details.steps > summary").first).to_contain_text("Creating 300 views")
    expect(rows).to_have_count(0)  # folded
    expect(plan.locator("figure iframe")).to_have_count(0)  # nothing is drawn before it is unfolded
    plan.get_by_text("Dependencies").click()
    drawn = plan.frame_locator("figure iframe")
    expect(drawn.locator(".node.group")).to_have_text(
        [f"sql/{folder}100 objects · 100 new" for folder in ("people", "sales", "stock")]
    )
    plan.get_by_text("Dependencies").click()
    picture(notebook.page, "plan-many")
    plan.get_by_label("Filter").fill("people_2")
    expect(rows).to_have_count(34)
    picture(notebook.page, "plan-many-filtered")
    rows.first.locator("summary").click()
    expect(rows.first.locator(".pgmg-sql")).to_contain_text("CREATE VIEW people_2")
    plan.get_by_label("Filter").fill("")
    expect(rows).to_have_count(0)
    notebook.troubles.none()


def test_only_what_is_on_the_screen_of_a_long_plan_is_laid_out(notebook, project):
    shop.many(project, 300)
    notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open().run_all()
    notebook.wait(1)
    plan = notebook.output(1).locator(".pgmg-plan")
    plan.get_by_role("button", name="Unfold all").click()
    batches = plan.locator(".steps .batch")
    expect(batches).to_have_count(8)
    laid_out = "it => it.querySelector('tbody tr').checkVisibility({ contentVisibilityAuto: true })"
    seen = [one.evaluate(laid_out) for one in batches.all()]
    assert seen[0]
    assert not any(seen[4:])
    batches.last.scroll_into_view_if_needed()
    notebook.page.wait_for_function(laid_out, arg=batches.last.element_handle())
    notebook.troubles.none()


@pytest.mark.parametrize("theme", THEMES)
def test_it_is_readable_in_both_themes_and_on_narrow_screens(lab, notebook, project, picture, theme):
    lab.dress(THEMES[theme])
    shop.begin(project)
    shop.change(project)
    cells = ("%load_ext pgmg", "plan = %pgmg_plan", "%pgmg_status", "%pgmg_diff", "%pgmg_graph")
    notebook.write(*cells).open().run_all()
    notebook.wait(len(cells) - 1)
    notebook.fold_sidebar()
    plan = notebook.output(1)
    row(plan, "discount").locator("summary").first.click()
    drawn = notebook.output(4).frame_locator("iframe")
    expect(drawn.locator("svg .node")).not_to_have_count(0)
    expect(drawn.locator("svg .node").first).to_be_visible()
    expect(plan.get_by_text("Code changes")).to_be_visible()
    for number, name in enumerate(("plan", "status", "diff", "graph"), start=1):
        shown = notebook.output(number)
        picture(shown, f"{name}-{theme}")
        assert broken_names(shown) == []
        assert problems(notebook.page, shown) == []
        assert faint(shown) == []
        assert spilled(shown) == []
    for width in (800, 480):
        notebook.page.set_viewport_size({"width": width, "height": 900})
        for number, name in enumerate(("plan", "status", "diff", "graph"), start=1):
            shown = notebook.output(number)
            picture(shown, f"{name}-{theme}-{width}")
            assert overflowing(shown) == []
            assert spilled(shown) == []
    notebook.troubles.none()
