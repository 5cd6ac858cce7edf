"""A plan as one HTML file for whoever approves it: no network, with the saved plan as JSON in it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pgmg.render import plan_content
from pgmg.render.explorer.explorer_page import script_digest
from pgmg.render.html import markup
from pgmg.render.html.graph_html import graph_html
from pgmg.render.html.plan_html import plan_html, script
from pgmg.render.html.rows_html import rows_html
from pgmg.render.report_data import HTML_DATA, html_data
from pgmg.render.text.plans.client_lines import ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from pgmg.model.plans.plan import Plan
    from pgmg.render.plan_content import ReportExtras


def report_html(plan: Plan, extras: ReportExtras, made_at: datetime) -> str:
    """Return a self-contained page; its content security policy allows no network and only its own scripts.

    The element with the id `pgmg-plan` holds what `pgmg plan --out` saves.
    """
    lineage = extras.lineage
    scripts = [script(), *([markup.asset("figure.js")] if lineage is not None else [])]
    return markup.fill(
        "report.html.j2",
        title=f"Plan: {plan_content.title(plan)}",
        database=plan_content.database(plan),
        made_at=made_at.strftime("%Y-%m-%d %H:%M %Z"),
        version=_version(),
        compatibility=(plan.compatibility.value, ROLES[plan.compatibility].value),
        fingerprint=plan.fingerprint,
        digests=[script_digest(), *map(markup.digest, scripts)],
        style=markup.style_sheet(),
        page_style=markup.asset("report.css"),
        plan=markup.trusted(plan_html(plan, risks=True)),
        rows=None if extras.rows is None else markup.trusted(rows_html(extras.rows)),
        lineage=None if lineage is None else markup.trusted(graph_html(lineage)),
        data_start=markup.trusted(HTML_DATA),
        data=markup.trusted(html_data(plan)),
    )


def _version() -> str:
    try:
        return version("pgmg")
    except PackageNotFoundError:
        return "(not installed)"
