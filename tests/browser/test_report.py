"""The HTML report of a plan in a browser, opened as a file: graph, filter, narrow and dark, nothing from a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from pgmg.render.html.report_html import report_html
from pgmg.render.plan_content import ReportExtras
from tests.browser import shop
from tests.browser.seeing import faint, overflowing, problems, spilled

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture
def opened(context, project, tmp_path):
    shop.begin(project)
    shop.change(project)
    with project.open() as found:
        plan = found.plan()
        extras = ReportExtras(rows=found.diff_rows(), lineage=found.graph(["view.user_stats.*"]))
    path = tmp_path / "report.html"
    path.write_text(report_html(plan, extras, datetime(2026, 11, 29, 12, 0, tzinfo=UTC)), encoding="utf-8")
    page = context.new_page()
    troubles, asked = [], []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []


def test_steps_risks_graphs_rows_and_the_saved_plan_are_there(opened, picture):
    expect(opened.locator("h1")).to_contain_text("1 migration; rewrites users")
    expect(opened.get_by_role("table", name="Risks")).to_contain_text("AccessExclusiveLock")
    graphs = opened.frame_locator("iframe")
    expect(graphs.nth(0).locator(".node").first).to_be_visible()
    graphs.nth(0).locator("#zoom-in").click()
    expect(graphs.nth(1).locator(".node.row").first).to_be_visible()
    expect(opened.get_by_role("heading", name="Rows")).to_be_visible()
    opened.get_by_label("Filter").fill("ALTER TABLE users")
    expect(opened.locator(".tools output")).to_contain_text("1 of")
    opened.get_by_label("Filter").fill("")
    saved = json.loads(opened.locator("#pgmg-plan").text_content())
    assert saved["fingerprint"].startswith("sha256:")
    assert saved["steps"]
    picture(opened, "report")


def test_everybody_can_read_it(opened, picture):
    expect(opened.frame_locator("iframe").first.locator(".node").first).to_be_visible()
    for width, scheme in ((1280, "light"), (1280, "dark"), (420, "light")):
        opened.set_viewport_size({"width": width, "height": 2000})
        opened.emulate_media(color_scheme=scheme)
        picture(opened, f"report-{width}-{scheme}")
        assert problems(opened, opened.locator("body")) == []
        assert faint(opened.locator("body")) == []
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert overflowing(opened.locator("body")) == []
        assert spilled(opened.locator("body")) == []


def test_long_names_sizes_and_causes_of_risks_stay_in_their_columns(context, project, tmp_path, picture):
    shop.risky(project)
    made = report_html(project.plan(), ReportExtras(), datetime(2026, 11, 29, 12, 0, tzinfo=UTC))
    path = tmp_path / "report.html"
    path.write_text(made, encoding="utf-8")
    page = context.new_page()
    page.goto(path.as_uri())
    risks = page.get_by_role("table", name="Risks")
    expect(risks).to_contain_text("subscription_events_of_former_customers")
    expect(risks).to_contain_text("20,000 rows")
    expect(page.locator(".steps summary").first).to_contain_text("locks first gone, plain, warehouse_internal.letters")
    reason = page.locator(".steps td", has=page.locator(".risk")).first
    pending, first = reason.evaluate(
        "it => [it.firstChild, it.querySelector('.risk')].map(part => {"
        "const range = document.createRange(); range.selectNode(part); return range.getBoundingClientRect().top; })"
    )
    assert first > pending + 10  # on a line of its own
    shapes = ((1280, "light"), (1280, "dark"), (1200, "light"), (900, "light"), (700, "light"), (420, "dark"))
    for width, scheme in shapes:
        page.set_viewport_size({"width": width, "height": 2400})
        page.emulate_media(color_scheme=scheme)
        picture(page, f"risks-{width}-{scheme}")
        assert faint(page.locator(".steps")) == []
        assert spilled(page.locator("body")) == []
        assert overflowing(page.locator("body")) == []
