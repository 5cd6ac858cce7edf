"""A plan as a report for whoever approves it: summary, risks, affected objects, graph, steps, SQL, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.compatibility import Compatibility
from pgmg.model.plans.risk import RiskKind
from pgmg.render import labels, plan_content, report_data
from pgmg.render.graph.mermaid import to_mermaid
from pgmg.render.html.graph_html import plan_graph
from pgmg.render.markdown import markdown_markup as markup
from pgmg.render.markdown.fitting import ReportPart, fit
from pgmg.render.plan_content import ReportExtras, RiskRow
from pgmg.render.text.plain import rows_text
from pgmg.render.text.plans.client_lines import worst_first
from pgmg.render.text.plans.diff_lines import unified
from pgmg.render.text.plans.plan_lines import first_locks
from pgmg.render.text.plans.reader_lines import readers_about, statement_line, use_words, uses_words
from pgmg.render.text.plans.rehearsal_lines import effect_words, rehearsed_on, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.compatibility import ClientImpact
    from pgmg.model.plans.plan import Change, Plan, Step

LIMIT = 65_000
"""Most characters of a report; GitHub takes 65,536 in a comment."""

MARK = "<!-- pgmg plan -->"
"""The first line of every report: by it a program finds the comment that it wrote before."""

_MOST_STATEMENTS = 5
"""Most statements of clients that are shown for a part of what changes."""

_MOST_NODES = 80
"""Most objects in a graph: code hosts draw larger ones badly, or not at all."""

_RANKS = (
    "summary",
    "warnings",
    "clients",
    "risks",
    "locks",
    "readers",
    "rehearsal",
    "migrations",
    "changes",
    "steps",
    "data",
    "rows",
    "differences",
    "sql",
    "graph",
)
"""What gets its space first."""


def plan_markdown(plan: Plan, limit: int = LIMIT, extras: ReportExtras | None = None) -> str:
    """Return a plan as Markdown of at most `limit` characters."""
    parts = [part for part in _parts(plan, extras or ReportExtras()) if part.entries]
    return fit(parts, limit)


def _parts(plan: Plan, extras: ReportExtras) -> Iterator[ReportPart]:
    digests, data = report_data.markdown_data(plan)
    yield _part("summary", "", [f"{_summary(plan)}{digests}\n"])
    if plan.is_empty:
        yield _part("warnings", "", list(_warnings(plan)), entry="warnings")
        yield _part("data", "", [data], entry="names for `pgmg verify`")
        return
    yield _part("warnings", "", list(_warnings(plan)), "\n", "warnings")
    table = "### Risks\n\n| | relation | size | lock | cause | step |\n| --- | --- | --- | --- | --- | --- |\n"
    yield _part("risks", table, [_risk(row) for row in plan_content.risk_rows(plan)], "\n", "risks")
    yield _part("locks", "### Locks\n\n", list(_first_locks(plan)), "\n", "locks")
    yield _part("readers", "### Readers\n\n", list(_readers(plan)), "\n", "readers")
    yield _part("rehearsal", "### Rehearsal\n\n", list(_rehearsal(plan)), "\n", "measurements")
    yield _part("clients", "### Clients\n\n", [_client(one) for one in worst_first(plan)], "\n", "clients")
    yield _part("migrations", "### Migrations\n\n", list(_migrations(plan)), "\n", "migrations")
    yield _part("changes", "### Changes of code\n\n", [_change(change) for change in plan.changes], "\n", "changes")
    graph = plan_graph(plan)
    if 1 < len(graph.nodes) <= _MOST_NODES:
        drawn = markup.folded("Dependency graph", markup.block(to_mermaid(graph), "mermaid"))
        yield _part("graph", "", [f"{drawn}\n\n"], entry="graphs")
    if extras.lineage is not None and 1 < len(extras.lineage.nodes) <= _MOST_NODES:
        drawn = markup.folded("Lineage of columns", markup.block(to_mermaid(extras.lineage), "mermaid"))
        yield _part("graph", "", [f"{drawn}\n\n"], entry="graphs")
    rows = [f"{markup.block(rows_text((one,)), 'text')}\n\n" for one in extras.rows or ()]
    yield _part("rows", "<details><summary>Rows</summary>\n\n", rows, "\n</details>\n\n", "views")
    steps = [_step(step) for step in plan.steps]
    title = f"<details><summary>{labels.count(len(steps), 'step')}</summary>\n\n"
    yield _part("steps", title, steps, "\n</details>\n\n", "steps")
    yield _part("sql", "<details><summary>SQL</summary>\n\n", list(_sql(plan)), "\n</details>\n\n", "statements")
    differences = list(_differences(plan))
    yield _part(
        "differences", "<details><summary>Differences</summary>\n\n", differences, "\n</details>\n\n", "differences"
    )
    yield _part("data", "", [data], entry="names for `pgmg verify`")


def _part(name: str, before: str, entries: list[str], after: str = "", entry: str = "entries") -> ReportPart:
    return ReportPart(_RANKS.index(name), before, tuple(entries), after, entry)


def _summary(plan: Plan) -> str:
    lines = (
        f"### pgmg plan: {markup.text(plan_content.title(plan))}",
        f"Database {markup.code(plan_content.database(plan))}, plan `{plan.fingerprint}`",
    )
    return f"{MARK}\n" + "\n\n".join(lines) + "\n\n"


def _warnings(plan: Plan) -> Iterator[str]:
    for message, place in plan_content.warnings(plan):
        yield f"> :warning: {markup.prose(message)}{f' ({markup.code(place)})' if place else ''}\n>\n"


_CLIENT_WORDS = {
    Compatibility.SAFE: "safe",
    Compatibility.TRANSIENT: ":yellow_circle: transient",
    Compatibility.UNKNOWN: ":white_circle: unknown",
    Compatibility.BREAKING: ":red_circle: **breaking**",
}


def _client(impact: ClientImpact) -> str:
    where = "" if impact.where is None else f" {markup.code(impact.where)}"
    word = _CLIENT_WORDS[impact.compatibility]
    return f"- {word}: {markup.code(str(impact.object))} {markup.prose(impact.reason)}{where}\n"


_RISK_MARKS = {
    RiskKind.DATA_LOSS: ":red_circle: **{}**",
    RiskKind.REWRITE: ":red_circle: **{}**",
    RiskKind.EXCLUSIVE_LOCK: ":orange_circle: {}",
    RiskKind.SCAN: ":orange_circle: {}",
    RiskKind.LOCK: ":yellow_circle: {}",
    RiskKind.UNKNOWN: ":white_circle: {}",
}


def _risk(row: RiskRow) -> str:
    relation = markup.code(row.relation) if row.relation else ""
    cause = markup.prose(row.cause)
    if row.where:
        cause = f"{cause} {markup.code(row.where)}".strip()
    lock = f"`{row.lock}`" if row.lock else ""
    if row.waits:
        lock += f"<br>would wait for {row.waits}"
    kind = f"{_RISK_MARKS[row.kind].format(row.word)}{' (measured)' if row.measured else ''}"
    return f"| {kind} | {relation} | {row.size} | {lock} | {cause} | {row.step} |\n"


def _first_locks(plan: Plan) -> Iterator[str]:
    for first, *_ in plan.groups:
        if words := first_locks(plan, first.group):
            yield f"- before step {first.number}: **locks first** {markup.text(words)}\n"


def _rehearsal(plan: Plan) -> Iterator[str]:
    found = plan.rehearsal
    if found is None:
        return
    mark = ":white_check_mark:" if found.proved else ":x:"
    said = f"{verdict(found)}, {rehearsed_on(found)}"
    yield f"{mark} {markup.prose(said)}, for plan `{found.fingerprint}`.\n\n"
    yield from (f"- not in the copy: {markup.prose(message)}\n" for message in found.omitted)
    for done in found.steps:
        for effect in done.effects:
            note = "" if effect.expected else " **(not forecast)**"
            yield f"- step {done.step.number}: {markup.text(effect_words(effect))}{note}\n"


def _readers(plan: Plan) -> Iterator[str]:
    found = plan.readers
    if found is None:
        return
    yield f"{markup.text(readers_about(found).capitalize())}.\n\n"
    for one in found.parts:
        mark = ":red_circle: " if one.part.is_deleted and one.uses else ""
        where = f" {markup.code(one.part.where)}" if one.part.where else ""
        yield f"- {mark}{markup.code(one.part.name)} {one.part.what}: {markup.text(uses_words(one))}{where}\n"
        for use in one.uses[:_MOST_STATEMENTS]:
            yield f"  - {markup.text(use_words(use))}: {markup.code(statement_line(use.statement))}\n"
        if len(one.uses) > _MOST_STATEMENTS:
            yield f"  - and {len(one.uses) - _MOST_STATEMENTS} more\n"
    yield from (f"- :warning: {markup.prose(message)}\n" for message in found.missing)


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
    return f"{step.number}. {markup.code(title)} ({markup.prose(step.reason)}{unmanaged})\n"


def _sql(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        title = f"{step.number}. {markup.code(labels.step_title(step))}"
        yield f"{title}\n\n{markup.block(plan_content.step_sql(step), 'sql')}\n\n"


def _differences(plan: Plan) -> Iterator[str]:
    for change in plan_content.executed_changes(plan):
        if rows := unified(change):
            yield markup.block("\n".join(rows), "diff") + "\n\n"
