"""The graph of a notebook: drawn, zoomed, searched, its objects asked for their SQL."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import shop
from tests.browser.lab import eventually

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def test_it_is_zoomed_and_searched_and_tells_of_its_objects(notebook, project, picture):
    shop.begin(project)
    shop.change(project)
    notebook.write("%load_ext pgmg", "%pgmg_graph").open().run_all()
    notebook.wait(1)
    notebook.fold_sidebar()
    graph = notebook.output(1).frame_locator("iframe")
    drawing = graph.locator("#canvas > svg")
    expect(graph.locator(".node")).not_to_have_count(0)

    def width():
        return float(drawing.get_attribute("viewBox").split()[2])

    before = width()
    graph.get_by_role("button", name="+").click()
    eventually(lambda: width() < before, "zooming in shows less")
    graph.get_by_role("button", name="Fit").click()
    eventually(lambda: width() >= before, "fitting shows all")
    graph.get_by_label("Search objects").fill("stats")
    expect(graph.locator("#matches")).not_to_be_empty()
    graph.get_by_label("Search objects").press("Enter")
    expect(graph.locator(".node.lit")).to_have_count(1)
    graph.locator(".node.lit").click()
    panel = graph.locator("#panel")
    expect(panel.locator("#name")).to_have_text("view.user_stats")
    expect(panel.locator("#sql")).to_contain_text("LEFT JOIN orders")
    expect(panel.locator("#needs")).to_contain_text("view.active_users")
    picture(notebook.output(1), "graph-searched")
    notebook.troubles.none()
