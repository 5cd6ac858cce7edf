"""A query's rows on the screen: they sort, filter and page, with the mouse and with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.seeing import faint, overflowing, problems

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
QUERY = """
SELECT n AS id, 'item ' || n AS name, nullif(n % 7, 0) * 1.5 AS price, make_interval(days => 60 - n) AS took
FROM generate_series(1, 55) n
"""


@pytest.fixture
def shown(notebook):
    notebook.write("%load_ext pgmg", f"%%pgmg_query\n{QUERY}").open().run_all()
    notebook.wait(1)
    return notebook.output(1).locator(".pgmg-query")


def first(shown, column):
    return shown.locator(f"tbody tr:first-child td:nth-child({column})")


def test_rows_sort_page_and_filter(shown, notebook, picture):
    rows, output = shown.locator("tbody tr"), shown.locator(".tools output")
    expect(output).to_have_text("1\u201320 of 55")
    shown.get_by_role("button", name="Last page").click()
    expect(rows).to_have_count(15)
    expect(output).to_have_text("41\u201355 of 55")
    head = shown.get_by_role("columnheader")
    head.nth(3).get_by_role("button").click()
    expect(first(shown, 4)).to_have_text("5 days")
    head.nth(2).get_by_role("button").click()
    expect(first(shown, 3)).to_have_text("1.5")
    head.nth(2).get_by_role("button").click()
    expect(head.nth(2)).to_have_attribute("aria-sort", "descending")
    expect(first(shown, 3)).to_have_text("9.0")
    filtering = shown.get_by_label("Filter")
    filtering.fill("ITEM 55")
    expect(output).to_have_text("1\u20132 of 2 (55 in all)")
    picture(shown, "query-filtered")
    filtering.press("Escape")
    expect(output).to_have_text("1\u201320 of 55")
    assert problems(notebook.page, shown) == []
    assert faint(shown) == []
    assert overflowing(shown) == []
    notebook.troubles.none()
