"""Contents of the reports about a plan, without markup: the Markdown and the HTML report are made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.plans.risk import RiskKind, size_text
from pgmg.render.text.plans.plan_lines import nothing
from pgmg.render.text.plans.risk_lines import notable_risks, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import Change, Plan, Step
    from pgmg.model.plans.risk import Risk
    from pgmg.model.results.graph_data import Graph
    from pgmg.model.results.row_questions import RowDifference

RISK_WORDS = {
    RiskKind.DATA_LOSS: "data loss",
    RiskKind.REWRITE: "rewrite",
    RiskKind.EXCLUSIVE_LOCK: "blocks reads and writes",
    RiskKind.SCAN: "reads all rows",
    RiskKind.LOCK: "blocks writes",
    RiskKind.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class ReportExtras:
    """Answers that were asked for besides the plan: differences of rows, and the lineage of the changed views."""

    rows: tuple[RowDifference, ...] | None = None
    lineage: Graph | None = None


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A row of the table of risks. Unknown values are empty texts; `where` is `path:line`."""

    step: int
    kind: RiskKind
    word: str
    relation: str
    size: str
    lock: str
    waits: str
    cause: str
    where: str
    measured: bool


def title(plan: Plan) -> str:
    """Return a plan's summary in one line."""
    return nothing(plan) if plan.is_empty else summary(plan)


def database(plan: Plan) -> str:
    """Return the name of the database and the version of its server."""
    return f"{plan.database.name} (PostgreSQL {plan.database.server_version})"


def warnings(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each warning and its place; the place is empty where the message names it."""
    for notice in plan.warnings:
        yield notice.message, "" if notice.where is None or notice.where in notice.message else notice.where


def risk_rows(plan: Plan) -> list[RiskRow]:
    """Return the risks that a reader has to know of, in the order of the steps."""
    return [_risk_row(risk) for risk in notable_risks(plan)]


def _risk_row(risk: Risk) -> RiskRow:
    size = "" if risk.bytes is None else size_text(risk.bytes) if risk.bytes else "empty"
    if risk.rows is not None:
        size += f", {risk.rows:,} rows"
    return RiskRow(
        step=risk.step,
        kind=risk.kind,
        word=RISK_WORDS[risk.kind],
        relation="" if risk.relation is None else risk.relation.removeprefix("table."),
        size=size,
        lock="" if risk.lock is None else risk.lock.value,
        waits="; ".join(f"pid {one.pid}, open for {one.seconds:.0f} s" for one in risk.transactions),
        cause=risk.reason,
        where=risk.where or "",
        measured=risk.measured,
    )


def step_sql(step: Step) -> str:
    """Return the SQL of a step; of a whole migration its file, with the comments."""
    if step.migration is not None and len(step.statements) == len(step.migration.sent):
        return step.migration.text
    return "\n".join(f"{statement};" for statement in step.statements)


def executed_changes(plan: Plan) -> Iterator[Change]:
    """Yield the changes that have a difference to show: neither new objects nor such that no step executes."""
    executed = {step.object for step in plan.steps if step.action is not Action.DROP}
    for change in plan.changes:
        if change.change is not ChangeKind.NEW and change.object in executed:
            yield change
