"""`%pgmg_docs`: writes the site, shows a link to it, and plans link to its pages."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.render.pages import unpacked


def html(captured):
    return "\n".join(output.data.get("text/html", "") for output in captured.outputs)


def test_the_site_is_written_and_plans_link_to_its_pages(cells, project):
    project.write(
        "sql/v.sql",
        "CREATE VIEW \"A b\" AS SELECT 1 AS n;\nCREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    )
    assert "index.html" not in html(cells("plan = %pgmg_plan"))
    done = cells("%pgmg_docs")
    assert done.value == project.root / "database-docs/index.html"
    assert 'href="database-docs/index.html"' in html(done)
    shown = html(cells("%pgmg_plan"))
    there = {one["id"] for one in unpacked(done.value.read_text())["objects"]}
    linked = {unquote(one) for one in re.findall(r'href="\./database-docs/index\.html#([^"]+)"', shown)}
    assert linked == {'view."A b"', "function.f(integer)"} <= there
    cells("%pgmg_docs elsewhere")
    assert 'href="./elsewhere/index.html#' in html(cells("%pgmg_plan"))
