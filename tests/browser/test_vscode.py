"""Outputs as VS Code's built-in renderer puts them on a page, in its themes.

The renderer (extensions/notebook-renderers) assigns an output's HTML to `innerHTML`, which runs no script, and then adds
the scripts again one by one, with their types, and removes them; in a workspace that is not trusted it shows no HTML,
and the editor falls back to plain text. All outputs of a notebook share one page with a content security policy.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pgmg.notebook.formatters import HTML, PLAIN, bundle
from pgmg.render.html.markup import style_sheet
from tests.browser import shop
from tests.browser.seeing import faint, overflowing

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src https: http: data:; "
    "connect-src https:; child-src https: data: blob:"
)
THEMES = {
    "vscode-light": {
        "editor-foreground": "#3b3b3b",
        "editor-background": "#ffffff",
        "descriptionForeground": "#3b3b3b",
    },
    "vscode-dark": {"editor-foreground": "#cccccc", "editor-background": "#1f1f1f", "descriptionForeground": "#9d9d9d"},
    "vscode-high-contrast": {
        "editor-foreground": "#ffffff",
        "editor-background": "#000000",
        "descriptionForeground": "#d9d9d9",
    },
}
RENDER = """
html => {
  const output = document.createElement("div"), element = document.createElement("div");
  output.className = "output";
  element.innerHTML = html;
  output.append(element);
  document.getElementById("container").append(output);
  for (const script of [...element.getElementsByTagName("script")]) {
    const again = document.createElement("script");
    again.text = script.innerText;
    if (script.type) again.setAttribute("type", script.type);
    element.appendChild(again).parentNode.removeChild(again);
  }
}
"""


@pytest.fixture
def shown(project):
    """The bundles of a plan, a graph, a status and a query."""
    shop.begin(project)
    shop.change(project)
    with project.open() as opened:
        rows = "SELECT n, 'row ' || n AS name FROM generate_series(1, 55) n"
        found = (opened.plan(), opened.graph(), opened.status(), opened.query(rows), opened.explain(rows))
        return [bundle(one, ".") for one in found]


@pytest.mark.parametrize("theme", THEMES)
def test_outputs_work_and_can_be_read_in_every_theme(context, picture, shown, theme):
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    colours = "".join(f"--vscode-{name}: {value};" for name, value in THEMES[theme].items())
    page.set_content(
        f'<!DOCTYPE html><html style="{colours}"><head><meta http-equiv="Content-Security-Policy" content="{POLICY}"></head>'
        f'<body class="{theme}" style="background: var(--vscode-editor-background)"><div id="container"></div></body></html>'
    )
    for html in (str(style_sheet()), *(one[HTML] for one in shown)):
        page.evaluate(RENDER, html)
    plan, query = page.locator(".pgmg-plan"), page.locator(".pgmg-query")
    plan.get_by_label("Filter").fill("discount")
    expect(plan.locator(".steps .batch > table > tbody > tr:visible")).to_have_count(1)
    plan.get_by_label("Filter").press("Escape")
    expect(page.frame_locator(".pgmg-graph iframe").locator("svg .node")).not_to_have_count(0)
    query.get_by_role("button", name="Last page").click()
    expect(query.locator("tbody tr")).to_have_count(15)
    container = page.locator("#container")
    picture(page, theme)
    assert faint(container) == []
    assert overflowing(container) == []
    assert troubles == []


def test_without_trust_every_output_has_its_text(shown):
    for one in shown:
        assert len(one[PLAIN]) > 20
