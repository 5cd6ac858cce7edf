"""The documentation site in a browser, opened as a file: pages, search, lineage, keyboard, narrow and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pgmg.render.site.site_page import write_site
from tests.browser import shop
from tests.browser.seeing import faint, overflowing, problems

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture
def opened(context, project, tmp_path, request):
    shop.begin(project)
    shop.change(project)
    with project.open() as found:
        index = write_site(found.site(), tmp_path / "site")
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(index.as_uri())
    yield page
    assert troubles == []


def test_pages_search_and_lineage(opened, picture):
    main, search = opened.locator("main"), opened.locator("#search")
    expect(main.locator("h1")).not_to_be_empty()
    expect(main).to_contain_text("Not applied yet")
    opened.keyboard.press("/")
    expect(search).to_be_focused()
    search.fill("active_us")
    expect(opened.locator("#hits a").first).to_contain_text("active_users")
    search.press("Enter")
    expect(main.locator("h1")).to_have_text("active_users")
    assert opened.url.endswith("#view.active_users")
    expect(opened.locator("#tree [aria-current]")).to_have_text("active_users")
    picture(opened, "site-view")
    main.locator("tbody a").first.click()
    expect(main.get_by_label("Lineage of", exact=False)).to_contain_text("Computed from")
    picture(opened, "site-lineage")
    opened.go_back()
    expect(main.get_by_label("Lineage of", exact=False)).to_have_count(0)


def test_coverage_of_comments_tests_and_constraints(context, project, tmp_path, picture):
    shop.begin(project)
    project.write(
        "sql/tests/test_users.sql",
        "CREATE FUNCTION test_users() RETURNS SETOF text LANGUAGE plpgsql AS $$\n"
        "BEGIN\n  RETURN NEXT is_empty('SELECT 1 FROM active_users WHERE email IS NULL');\nEND $$;",
    )
    project.do("COMMENT ON VIEW active_users IS 'Those who may log in'", "COMMENT ON COLUMN users.email IS 'unique'")
    with project.open() as found:
        index = write_site(found.site(), tmp_path / "site")
    page = context.new_page()
    page.goto(f"{index.as_uri()}#~coverage")
    expect(page.get_by_role("group", name="Coverage of comments").locator("tbody td")).to_have_text(
        ["public", " 1 of 8", " 1 of 20"]
    )
    checked = page.get_by_role("group", name="Coverage of tests and constraints")
    expect(checked.locator("tbody td")).to_have_text(["public", " 1 of 8", " 4 of 8"])
    expect(page.get_by_text("Without a test: public (7)")).to_be_visible()
    page.get_by_text("Tests (1)").click()
    page.get_by_role("main").get_by_role("link", name="test_users()").click()
    expect(page.locator("main h1")).to_have_text("test_users()")
    page.goto(f"{index.as_uri()}#view.active_users")
    expect(page.get_by_role("heading", name="Tests that name it")).to_be_visible()
    page.goto(f"{index.as_uri()}#~coverage")
    picture(page, "site-tests")
    page.goto(index.as_uri())
    expect(page.get_by_role("main")).to_contain_text("Tests: 1 of 8")


@pytest.mark.parametrize("address", ["", "#view.active_users", "#~tables", "#~coverage", "#nowhere"])
def test_everybody_can_use_it(opened, picture, address):
    opened.goto(opened.url.partition("#")[0] + address)
    expect(opened.locator("main h1")).to_be_visible()
    for width, scheme in ((1280, "light"), (1280, "dark"), (420, "light")):
        opened.set_viewport_size({"width": width, "height": 900})
        opened.emulate_media(color_scheme=scheme)
        assert problems(opened, opened.locator("body")) == []
        assert faint(opened.locator("body")) == []
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert overflowing(opened.locator("body")) == []
        picture(opened, f"site-{address.strip('#~') or 'home'}-{width}-{scheme}")
