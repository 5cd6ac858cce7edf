"""A plan as Markdown: what it holds, that it stays within its length, and that hostile texts stay text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pgmg.model.naming.names import migration_name
from pgmg.model.plans.plan import Action, Change, ChangeKind
from pgmg.model.plans.risk import FirstLock, LockMode, OpenTransaction, Risk, RiskKind
from pgmg.model.sources.source import Notice
from pgmg.render.markdown import markdown_markup as markup
from pgmg.render.markdown.fitting import ReportPart, fit
from pgmg.render.markdown.plan_markdown import LIMIT, MARK, plan_markdown
from tests.render import builders as made

HOSTILE = "x|`y`</details><img src=x onerror=alert(1)>\n@everyone #1 [a](javascript:b) **b** -->"
"""A name with everything that Markdown, HTML or a code host could act on."""


def risky(*risks, **changes):
    """The example plan with risks."""
    return replace(made.example(), risks=risks, **changes)


REWRITE = Risk(
    4,
    RiskKind.REWRITE,
    "table.users",
    LockMode.ACCESS_EXCLUSIVE,
    bytes=1_288_490_188,
    rows=3_000_000,
    reason="column age gets another type",
    where="migrations/003_add_orders_table.sql:2",
    transactions=(OpenTransaction(77, "report", 340.4),),
)


def test_a_report_has_summary_warnings_risks_steps_and_sql():
    report = plan_markdown(risky(REWRITE))
    assert report.startswith(
        f"{MARK}\n### pgmg plan: 2 to recreate, 1 to replace, 1 to restore, 1 migration; rewrites users"
    )
    assert "Database `shop (PostgreSQL 18.4)`" in report
    assert "> :warning: Migration 001\\_users.sql has been edited." in report
    assert (
        "| :red_circle: **rewrite** | `users` | 1.2 GB, 3,000,000 rows "
        "| `AccessExclusiveLock`<br>would wait for pid 77, open for 340 s "
        "| column age gets another type `migrations/003_add_orders_table.sql:2` | 4 |" in report
    )
    assert "- `migrations/003_add_orders_table.sql` affects" in report
    assert "<details><summary>9 steps</summary>" in report
    assert "```sql\n" in report
    assert "```mermaid\nflowchart LR" in report
    assert len(re.findall("<details>", report)) == len(re.findall("</details>", report))


def test_an_empty_plan_says_so():
    report = plan_markdown(made.plan())
    assert report.splitlines()[1] == "### pgmg plan: No changes. The database matches the project."
    assert "<details>" not in report


def test_each_transaction_names_its_first_locks():
    steps = [made.step(n, Action.MIGRATE, migration_name(f"{n}.sql"), group=n) for n in (1, 2, 3)]
    locks = [
        FirstLock(1, made.table("users"), LockMode.ACCESS_EXCLUSIVE, 1),
        FirstLock(3, made.table("a_b"), LockMode.SHARE, 3),
    ]
    report = plan_markdown(made.plan(*steps, first_locks=tuple(locks)))
    part = report[report.index("### Locks") : report.index("<details>")].split("\n\n")[1]
    assert part.splitlines() == [
        "- before step 1: **locks first** users \\(AccessExclusiveLock\\)",
        "- before step 3: **locks first** a\\_b \\(ShareLock\\)",
    ]


def test_the_difference_of_a_changed_object_is_shown():
    change = Change(made.view("v"), ChangeKind.MODIFIED, "sql/v.sql", 1, "SELECT 1", "SELECT 2")
    step = made.step(1, Action.REPLACE, made.view("v"), path="sql/v.sql")
    assert "```diff\n--- view.v (applied)" in plan_markdown(made.plan(step, changes=(change,)))


@pytest.mark.parametrize("size", [200, 5_000])
def test_a_long_plan_is_cut_by_whole_entries_and_keeps_the_risks(size):
    steps = [
        made.step(n, Action.CREATE, made.view(f"v{n}"), "SELECT 1" * 100, path="sql/v.sql") for n in range(1, size)
    ]
    report = plan_markdown(risky(REWRITE, steps=tuple(steps)))
    assert len(report) <= LIMIT
    assert "**rewrite**" in report
    assert "are left out: this report has reached its greatest length" in report
    assert len(re.findall("<details>", report)) == len(re.findall("</details>", report))
    assert report.count("```") % 2 == 0


@pytest.mark.parametrize("limit", [1_500, 2_000, 3_000, 4_000, 6_000])
def test_what_matters_less_goes_first(limit):
    whole, cut = plan_markdown(risky(REWRITE)), plan_markdown(risky(REWRITE), limit)
    assert len(cut) <= max(limit, len(whole))
    order = ["**rewrite**", "### Migrations", "### Changes of code", " steps</summary>", "<summary>SQL", "flowchart"]
    there = [text in cut for text in order]
    assert there == sorted(there, reverse=True)


@pytest.mark.parametrize("limit", range(0, 400, 7))
def test_parts_are_cut_at_entries(limit):
    parts = [
        ReportPart(1, "A\n", tuple(f"a{n}\n" for n in range(20)), "/A\n", "as"),
        ReportPart(0, "B\n", tuple(f"b{n}\n" for n in range(20)), "/B\n", "bs"),
    ]
    text = fit(parts, limit)
    shortest = sum(len(part.cut(0)) for part in parts)
    assert len(text) <= max(limit, shortest)
    shown = [sum(1 for line in text.splitlines() if re.fullmatch(f"{letter}\\d+", line)) for letter in "ab"]
    assert shown[1] == 20 or shown[0] == 0 or len(parts[1].cut(shown[1] + 1)) > limit - shortest


def test_code_in_sentences_is_code():
    assert markup.prose("`*` returns more; run `pgmg plan`_x_") == r"`*` returns more; run `pgmg plan`\_x\_"
    assert markup.prose("a ` alone") == r"a \` alone"
    assert markup.prose("`<b>|`, @all") == r"`<b>\|`, &#64;all"


def test_hostile_texts_stay_text():
    view = made.view(HOSTILE)
    plan = made.plan(
        made.step(1, Action.CREATE, view, f"SELECT '```\n</details>' -- {HOSTILE}", path=HOSTILE, reason=HOSTILE),
        changes=(Change(view, ChangeKind.NEW, HOSTILE, 1),),
        warnings=(Notice("x", HOSTILE, HOSTILE),),
    )
    report = plan_markdown(plan)
    outside = re.sub(r"(`{3,})(sql|diff|mermaid)\n.*?\n\1(?!`)", "", report, flags=re.DOTALL)
    prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "<img" not in prose
    assert "@everyone" not in prose
    assert prose.count("<details>") == prose.count("</details>")
    assert not re.search(r"(?<!\\)\[a", prose)


@pytest.mark.parametrize("value", ["a", "`", "``a`", " ", "a|b", "`a`", "", "a``b"])
def test_code_is_code(value):
    shown = markup.code(value)
    fence = re.match("`+", shown)[0]
    inner = shown[len(fence) : -len(fence)]
    assert shown.endswith(fence)
    assert fence not in re.findall("`+", inner)
    assert inner.replace("\\|", "|").strip() == value.strip()


def test_no_password_is_in_a_report():
    sql = f"CREATE ROLE app PASSWORD '{made.PASSWORD}'"
    report = plan_markdown(made.plan(made.step(1, Action.CREATE, made.view("v"), sql, reason=sql)))
    assert made.PASSWORD not in report
