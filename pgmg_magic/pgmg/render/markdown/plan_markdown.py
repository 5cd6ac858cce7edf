"""A plan as a report for whoever approves it: summary, risks, affected objects, graph, steps, SQL, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.compatibility import ClientImpact, Compatibility
from pgmg.model.plan import Action, Change, ChangeKind, Plan, Step
from pgmg.model.risk import Risk, RiskKind, size_text
from pgmg.render import labels
from pgmg.render.graph.mermaid import to_mermaid
from pgmg.render.html.graph_html import plan_graph
from pgmg.render.markdown import markup
from pgmg.render.markdown.fitting import Part, fit
from pgmg.render.text.client_lines import worst_first
from pgmg.render.text.diff_lines import unified
from pgmg.render.text.plan_lines import nothing
from pgmg.render.text.risk_lines import notable_risks, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 65_000
"""Most characters of a report; GitHub takes 65,536 in a comment."""

MARK = "<!-- pgmg plan -->"
"""The first line of every report: by it a program finds the comment that it wrote before."""

_MOST_NODES = 80
"""Most objects in a graph: code hosts draw larger ones badly, or not at all."""

_RANKS = ("summary", "warnings", "clients", "risks", "migrations", "changes", "steps", "differences", "sql", "graph")
"""What gets its space first."""


def plan_markdown(plan: Plan, limit: int = LIMIT) -> str:
    """Return a plan as Markdown of at most `limit` characters."""
    parts = [part for part in _parts(plan) if part.entries]
    return fit(parts, limit)


def _parts(plan: Plan) -> Iterator[Part]:
    yield _part("summary", "", [_summary(plan)])
    if plan.is_empty:
        yield _part("warnings", "", list(_warnings(plan)), entry="warnings")
        return
    yield _part("warnings", "", list(_warnings(plan)), "\n", "warnings")
    table = "### Risks\n\n| | relation | size | lock | cause | step |\n| --- | --- | --- | --- | --- | --- |\n"
    yield _part("risks", table, [_risk(risk) for risk in notable_risks(plan)], "\n", "risks")
    yield _part("clients", "### Clients\n\n", [_client(one) for one in worst_first(plan)], "\n", "clients")
    yield _part("migrations", "### Migrations\n\n", list(_migrations(plan)), "\n", "migrations")
    yield _part("changes", "### Changes of code\n\n", [_change(change) for change in plan.changes], "\n", "changes")
    graph = plan_graph(plan)
    if 1 < len(graph.nodes) <= _MOST_NODES:
        drawn = markup.folded("Dependency graph", markup.block(to_mermaid(graph), "mermaid"))
        yield _part("graph", "", [f"{drawn}\n\n"], entry="graphs")
    steps = [_step(step) for step in plan.steps]
    title = f"<details><summary>{labels.count(len(steps), 'step')}</summary>\n\n"
    yield _part("steps", title, steps, "\n</details>\n\n", "steps")
    yield _part("sql", "<details><summary>SQL</summary>\n\n", list(_sql(plan)), "\n</details>\n\n", "statements")
    differences = list(_differences(plan))
    yield _part(
        "differences", "<details><summary>Differences</summary>\n\n", differences, "\n</details>\n\n", "differences"
    )


def _part(name: str, before: str, entries: list[str], after: str = "", entry: str = "entries") -> Part:
    return Part(_RANKS.index(name), before, tuple(entries), after, entry)


def _summary(plan: Plan) -> str:
    title = nothing(plan) if plan.is_empty else summary(plan)
    where = f"{plan.database.name} (PostgreSQL {plan.database.server_version})"
    lines = (f"### pgmg plan: {markup.text(title)}", f"Database {markup.code(where)}, plan `{plan.fingerprint}`")
    return f"{MARK}\n" + "\n\n".join(lines) + "\n\n"


def _warnings(plan: Plan) -> Iterator[str]:
    for notice in plan.warnings:
        where = "" if notice.where is None or notice.where in notice.message else f" ({markup.code(notice.where)})"
        yield f"> :warning: {markup.text(notice.message)}{where}\n>\n"


_CLIENT_WORDS = {
    Compatibility.SAFE: "safe",
    Compatibility.TRANSIENT: ":yellow_circle: transient",
    Compatibility.BREAKING: ":red_circle: **breaking**",
}


def _client(impact: ClientImpact) -> str:
    where = "" if impact.where is None else f" {markup.code(impact.where)}"
    word = _CLIENT_WORDS[impact.compatibility]
    return f"- {word}: {markup.code(str(impact.object))} {markup.text(impact.reason)}{where}\n"


_RISK_WORDS = {
    RiskKind.DATA_LOSS: ":red_circle: **data loss**",
    RiskKind.REWRITE: ":red_circle: **rewrite**",
    RiskKind.EXCLUSIVE_LOCK: ":orange_circle: blocks reads and writes",
    RiskKind.SCAN: ":orange_circle: reads all rows",
    RiskKind.LOCK: ":yellow_circle: blocks writes",
    RiskKind.UNKNOWN: ":white_circle: unknown",
}


def _risk(risk: Risk) -> str:
    relation = "" if risk.relation is None else markup.code(risk.relation.removeprefix("table."))
    size = "" if risk.bytes is None else size_text(risk.bytes)
    if risk.rows is not None:
        size += f", {risk.rows:,} rows"
    cause = markup.text(risk.reason)
    if risk.where is not None:
        cause = f"{cause} {markup.code(risk.where)}".strip()
    waits = "; ".join(f"pid {one.pid}, open for {one.seconds:.0f} s" for one in risk.transactions)
    lock = "" if risk.lock is None else f"`{risk.lock.value}`"
    if waits:
        lock += f"<br>would wait for {waits}"
    measured = " (measured)" if risk.measured else ""
    return f"| {_RISK_WORDS[risk.kind]}{measured} | {relation} | {size} | {lock} | {cause} | {risk.step} |\n"


def _migrations(plan: Plan) -> Iterator[str]:
    for migration in plan.migrations:
        line = f"- {markup.code(migration.path)}"
        if migration.affects:
            affected = ", ".join(markup.code(str(one.object)) for one in migration.affects)
            line += f" affects {labels.count(len(migration.affects), 'object')}: {affected}"
        yield f"{line}\n"


def _change(change: Change) -> str:
    word = labels.change(change.change)
    place = labels.place(change)
    where = f" {markup.code(place)}" if place else ""
    why = f": {markup.text(word.why)}" if word.why else ""
    return f"- {markup.code(str(change.object))} {word.word}{why}{where}\n"


def _step(step: Step) -> str:
    title = labels.step_title(step)
    unmanaged = "" if step.managed else ", unmanaged"
    return f"{step.number}. {markup.code(title)} ({markup.text(step.reason)}{unmanaged})\n"


def _sql(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        sql = "\n".join(f"{one};" for one in step.statements)
        if step.migration is not None and len(step.statements) == len(step.migration.sent):
            sql = step.migration.text  # the whole file, with its comments
        title = f"{step.number}. {markup.code(labels.step_title(step))}"
        yield f"{title}\n\n{markup.block(sql, 'sql')}\n\n"


def _differences(plan: Plan) -> Iterator[str]:
    executed = {step.object for step in plan.steps if step.action is not Action.DROP}
    for change in plan.changes:
        if change.change is not ChangeKind.NEW and change.object in executed and (rows := unified(change)):
            yield markup.block("\n".join(rows), "diff") + "\n\n"
