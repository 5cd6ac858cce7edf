"""The HTML report of a plan: self-contained, with the saved plan in it, and hostile texts stay text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

from pgmg.model.plans.plan import Action
from pgmg.model.plans.risk import LockMode, Risk, RiskKind
from pgmg.model.sources.source import Notice
from pgmg.render.html.report_html import report_html
from pgmg.render.json.documents import dumps, saved_plan_document
from pgmg.render.plan_content import ReportExtras
from pgmg.render.report_data import HTML_DATA
from tests.render import builders as made

HOSTILE = "x</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\" ' &"
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def report(plan, **extras):
    return report_html(plan, ReportExtras(**extras), NOON)


def saved(page):
    return json.loads(page.partition(HTML_DATA)[2].partition("</script>")[0])


def test_it_holds_what_out_would_save():
    plan = made.example()
    assert saved(report(plan)) == json.loads(dumps(saved_plan_document(plan)))


def test_risks_are_shown_in_a_table_and_with_their_step():
    risk = Risk(4, RiskKind.REWRITE, "table.users", LockMode.ACCESS_EXCLUSIVE, bytes=1_288_490_188, rows=3_000_000)
    page = report(replace(made.example(), risks=(risk,)))
    table = page[page.index('aria-label="Risks"') :]
    row = table[table.index("<tbody>") : table.index("</tbody>")]
    for text in (">4<", "rewrite", "users", "1.2 GB, 3,000,000 rows", "AccessExclusiveLock"):
        assert text in row
    assert page.count('<span class="risk">') == 1
    step = page[: page.index('<span class="risk">')]
    assert step[step.rindex("<tr>") :].startswith("<tr><td>4</td>")


def test_no_text_can_end_an_element_or_start_a_script():
    name = made.view(HOSTILE)
    step = made.step(1, Action.REPLACE, name, f"SELECT '{HOSTILE}'", reason=HOSTILE, path=HOSTILE)
    risk = Risk(1, RiskKind.UNKNOWN, f"table.{HOSTILE}", reason=HOSTILE, where=HOSTILE)
    page = report(made.plan(step, warnings=(Notice("x", HOSTILE, HOSTILE),), risks=(risk,)))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert not any("alert(" in script for script in scripts)
    assert "<img src=x" not in page
    assert saved(page)["steps"][0]["reason"] == HOSTILE


def test_the_policy_allows_exactly_the_scripts_of_the_page_and_of_its_graph():
    page = report(made.example(), lineage=made.shop())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    allowed = set(re.findall(r"'sha256-([^']*)'", policy))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    needed = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert len(scripts) == 2
    assert needed < allowed
    assert len(allowed) == 3  # the third is that of the graph in its frame
    assert policy.startswith("default-src 'none';")


def test_nothing_is_loaded_from_anywhere():
    page = report(made.example(), lineage=made.shop(), rows=())
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", page) == []
    assert "url(" not in re.sub(r"data:[^\"')]*", "", page).replace("url(#", "")
    assert "@import" not in page


def test_an_empty_plan_says_so():
    page = report(made.plan())
    assert "<h1>Plan: No changes. The database matches the project.</h1>" in page
    assert saved(page)["steps"] == []


def test_passwords_are_hidden():
    step = made.step(1, Action.MIGRATE, made.view("v"), "CREATE ROLE x PASSWORD 'planted'")
    assert "planted" not in report(made.plan(step))
