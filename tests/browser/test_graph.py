"""The interactive graph, as a page and in a notebook: groups, search, paths, minimap, each object with its SQL."""

from __future__ import annotations

import html

import pytest
from playwright.sync_api import expect

from pgmg.model.naming.location import SourceLocation
from pgmg.model.plans.plan import ChangeKind, Edge
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render.graph.formats import to_html
from tests.browser import shop
from tests.browser.lab import Troubles, eventually
from tests.render import builders as made

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
FOLDERS = ("sales", "stock", "people")
OVERLAPS = """
() => {
  const boxes = [...document.querySelectorAll(".node:not(.fold, .row, .head), .table")].map((it) => it.getBoundingClientRect());
  let found = 0;
  boxes.forEach((a, n) => boxes.slice(0, n).forEach((b) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) found += 1;
  }));
  return found;
}
"""
BACKWARDS = """
() => [...document.querySelectorAll(".edge path")].filter((it) => {
  const [from, to] = [it.getPointAtLength(0), it.getPointAtLength(it.getTotalLength())];
  return to.x <= from.x;
}).length
"""


def many(number=1000):
    """Views in three folders, each on one of its folder, some on the very first; one is changed."""
    names = [made.view(f"{FOLDERS[n % 3]}_{n:04}") for n in range(number)]
    nodes = tuple(
        GraphNode(
            name,
            change=ChangeKind.MODIFIED if n == 500 else None,
            location=SourceLocation(f"sql/{FOLDERS[n % 3]}/{name.name}.sql", 1),
            sql=f"CREATE VIEW {name.name} AS SELECT {n}",
        )
        for n, name in enumerate(names)
    )
    trees = (Edge(names[n], names[3 * (n // 9) + n % 3]) for n in range(3, number))
    return Graph(nodes, (*trees, *(Edge(names[n], names[0]) for n in range(5, number, 7))))


@pytest.fixture
def show(chromium, tmp_path):
    """Opens a graph's page; what goes wrong on it fails the test."""
    opened = []

    def open_(graph, **more):
        file = tmp_path / f"{len(opened)}.html"
        file.write_text(to_html(graph), encoding="utf-8")
        page = chromium.new_page(viewport={"width": 1200, "height": 800}, **more)
        troubles = Troubles()
        troubles.watch(page)
        opened.append((page, troubles))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for page, troubles in opened:
        troubles.none()
        page.close()


def search(page, words):
    page.get_by_label("Search objects").fill(words)


def test_hostile_names_are_only_names(show):
    page = show(made.shop())
    expect(page.locator(".node[id^=n]")).to_have_count(len(made.shop().nodes))
    page.locator("#n8").dispatch_event("click")
    expect(page.locator("#name")).to_contain_text("</script><script>document.title")
    search(page, "ird</script>")
    expect(page.locator("#hits li")).to_have_count(1)
    assert page.title() == "Dependency graph"


def test_a_click_shows_all_about_an_object_and_lights_what_it_comes_from_and_where_it_goes(show):
    page = show(made.shop())
    page.locator("#n3").dispatch_event("click")
    expect(page.locator("#name")).to_have_text("view.user_stats")
    expect(page.locator("#facts")).to_have_text("view · modified")
    expect(page.locator("#place")).to_have_text("sql/views/user_stats.sql:3:1")
    expect(page.locator("#needs li")).to_have_text(["view.active_users", "table.orders"])
    expect(page.locator("#users li").first).to_have_text("materialized_view.reporting.revenue")
    lit = page.locator(".node.lit")
    expect(lit).to_have_count(8)  # all but the two functions that need each other
    page.get_by_role("button", name="table.orders").first.click()
    expect(page.locator("#name")).to_have_text("table.orders")
    page.locator("#n4").dispatch_event("click", {"shiftKey": True})
    expect(lit).to_have_count(4)  # the path: orders, user_stats, revenue, daily
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(lit).to_have_count(0)


def test_data_flows_from_left_to_right_and_nothing_covers_anything(show):
    page = show(many(120))
    assert page.evaluate(OVERLAPS) == 0
    assert page.evaluate(BACKWARDS) == 0
    show(made.shop())  # with a circle


def test_a_neighbourhood_can_stand_alone(show):
    page = show(made.shop())
    page.locator("#n8").dispatch_event("click")
    only = page.get_by_role("button", name="Show only this and its dependencies")
    only.click()
    expect(page.locator(".node[id^=n]")).to_have_count(5)
    expect(page.locator("#count")).to_have_text("5 of 10 objects drawn")
    only.click()
    expect(page.locator(".node[id^=n]")).to_have_count(10)
    expect(page.locator("#count")).to_have_text("10 objects · 3 more objects not shown")


def test_a_large_graph_opens_with_closed_groups_and_what_has_changed(show):
    page = show(many())
    expect(page.locator("#count")).to_have_text("2 of 1,000 objects drawn")
    expect(page.locator(".node.group")).to_have_count(3)
    expect(page.locator(".node.change-modified")).to_have_count(1)
    group = page.locator(".node.group").filter(has_text="sql/sales")
    expect(group).to_contain_text("334 objects")
    group.dispatch_event("click")
    expect(page.locator(".node.group")).to_have_count(2)
    expect(page.locator(".band")).to_have_count(1)
    expect(page.locator(".node[id^=n]")).to_have_count(334 + 2)
    assert page.evaluate(OVERLAPS) == 0
    page.get_by_role("button", name="Close sql/sales").dispatch_event("click")
    expect(page.locator(".node.group")).to_have_count(3)
    page.get_by_role("button", name="Open all").click()
    expect(page.locator(".node[id^=n]")).to_have_count(1000)
    page.get_by_role("button", name="Close all").click()
    expect(page.locator(".node.group")).to_have_text(
        ["sql/sales334 objects", "sql/stock333 objects", "sql/people333 objects · 1 modified"]
    )
    page.locator("#way").select_option("")
    expect(page.locator(".node[id^=n]")).to_have_count(1000)


def test_every_name_is_found_and_what_is_not_drawn_yet_is_shown_with_its_neighbours(show):
    page = show(many())
    search(page, "stock_0700")
    expect(page.locator("#matches")).to_have_text("1")
    expect(page.locator("#hits li")).to_have_text(["view.stock_0700view · not drawn yet"])
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text("view.stock_0700")
    expect(page.locator("#sql")).to_have_text("CREATE VIEW stock_0700 AS SELECT 700")
    expect(page.locator("#n232")).to_be_attached()  # what it depends on
    expect(page.locator("#n700")).to_be_in_viewport()
    search(page, "people")
    expect(page.locator("#matches")).to_have_text("333")
    expect(page.locator("#hits li")).to_have_count(61)
    expect(page.locator("#hits li").last).to_have_text("and 273 more")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text("view.people_0005")
    expect(page.locator("#n5")).to_be_in_viewport()
    search(page, "there is no such name")
    expect(page.locator("#matches")).to_have_text("0")
    expect(page.locator("#hits li")).to_have_text(["No object has this name."])


def test_it_is_zoomed_and_moved_and_the_minimap_leads_anywhere(show):
    page = show(many())
    page.get_by_role("button", name="Open all").click()
    transform = page.locator("#canvas > svg").evaluate_handle("it => it")

    def now():
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        matrix = transform.evaluate("it => new DOMMatrix(getComputedStyle(it).transform)")
        return matrix["a"], matrix["e"], matrix["f"]

    scale, *_ = now()
    page.get_by_role("button", name="+").click()
    assert now()[0] > scale
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -600)
    zoomed, x, y = now()
    assert zoomed > scale * 2
    page.mouse.down()
    page.mouse.move(500, 350, steps=4)
    page.mouse.up()
    assert [round(value) for value in now()] == [round(zoomed), round(x - 100), round(y - 50)]
    expect(page.locator("#panel")).to_be_hidden()  # moving is no click
    box = page.locator("#map").bounding_box()
    before = now()
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    assert now()[1] > before[1]
    page.get_by_role("button", name="Fit").click()
    assert now()[0] == pytest.approx(scale)


def test_it_is_used_with_the_keyboard_alone(show):
    page = show(many(20))
    page.keyboard.press("/")
    expect(page.get_by_label("Search objects")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#n7").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text("view.stock_0007")
    page.get_by_role("button", name="Close", exact=True).press("Enter")
    expect(page.locator("#panel")).to_be_hidden()


def test_a_page_in_a_frame_takes_the_theme_that_its_holder_tells(chromium, tmp_path):
    file = tmp_path / "holder.html"
    file.write_text(
        f'<!DOCTYPE html><body><iframe srcdoc="{html.escape(to_html(made.shop()))}"></iframe></body>', "utf-8"
    )
    page = chromium.new_page(color_scheme="light")
    page.goto(file.as_uri())
    frame = page.frames[1]
    frame.wait_for_selector("html[data-ready]")

    def ground():
        return frame.evaluate("() => getComputedStyle(document.body).backgroundColor")

    seen = [ground()]
    for source in ("parent", "window"):
        for dark in ("true", "false"):
            frame.evaluate(
                f"() => dispatchEvent(new MessageEvent('message', {{ data: {{ dark: {dark} }}, source: {source} }}))"
            )
            seen.append(ground())
    light, dark = "rgb(247, 249, 251)", "rgb(15, 19, 25)"
    assert seen == [light, dark, light, light, light]  # nobody but the holder may
    page.close()


@pytest.mark.parametrize("number", [12, 1000])
@pytest.mark.parametrize(
    "first", ["width:0;height:0", "width:900px;height:0", "width:0;height:500px", "width:300px;height:2px"]
)
def test_a_frame_that_gets_its_size_later_shows_the_graph(chromium, tmp_path, number, first):
    file = tmp_path / "holder.html"
    shown = html.escape(to_html(many(number)))
    file.write_text(f'<!DOCTYPE html><body><iframe style="{first}" srcdoc="{shown}"></iframe></body>', "utf-8")
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.goto(file.as_uri())
    frame = page.frames[1]
    frame.wait_for_selector("html[data-ready]", state="attached")
    page.wait_for_timeout(100)
    page.locator("iframe").evaluate("it => { it.style.cssText = 'width:900px;height:600px'; }")
    boxes = (
        "() => [...document.querySelectorAll('.node')].map((it) => it.getBoundingClientRect()).filter((box) => "
        "box.width > 20 && box.left > 0 && box.top > 0 && box.right < innerWidth && box.bottom < innerHeight).length"
    )
    eventually(lambda: frame.evaluate(boxes) >= 3)
    frame.locator("#zoom-in").click()
    page.wait_for_timeout(100)
    before = frame.evaluate("document.querySelector('#canvas > svg').style.transform")
    page.locator("iframe").evaluate("it => { it.style.height = '601px'; }")
    page.wait_for_timeout(100)
    after = frame.evaluate("document.querySelector('#canvas > svg').style.transform")
    assert before.partition("scale")[2] == after.partition("scale")[2]  # what the reader has chosen stays
    page.close()


def test_in_a_notebook_it_takes_the_place_of_the_picture(notebook, project, picture):
    shop.begin(project)
    shop.change(project)
    notebook.write("%load_ext pgmg", "%pgmg_graph").open().run_all()
    notebook.wait(1)
    notebook.fold_sidebar()
    output = notebook.output(1)
    graph = output.frame_locator("iframe")
    expect(graph.locator(".node")).not_to_have_count(0)
    expect(output.locator("img")).to_be_hidden()
    graph.get_by_label("Search objects").fill("stats")
    graph.get_by_label("Search objects").press("Enter")
    panel = graph.locator("#panel")
    expect(panel.locator("#name")).to_have_text("view.user_stats")
    expect(panel.locator("#sql")).to_contain_text("LEFT JOIN orders")
    expect(panel.locator("#needs")).to_contain_text("view.active_users")
    picture(output, "graph-searched")
    notebook.troubles.none()
