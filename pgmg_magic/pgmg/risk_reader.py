"""Adds the risks of its steps to a plan: reads what they need to know of the database, and forecasts them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.lockable_tables import permitted
from pgmg.catalog.reading.relation_facts_reader import read_relation_facts
from pgmg.catalog.state.build_times import read_build_times
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action
from pgmg.model.plans.risk import duration_text
from pgmg.model.sources.operations import Create, DropRelation, SetPath, Unknown
from pgmg.planning.risk.forecast import facts_wanted, forecast, hidden_risks, planned_statements, risks_of
from pgmg.planning.risk.lock_order import first_locks
from pgmg.planning.risk.risk_consent import check_allowed, consent_warnings

if TYPE_CHECKING:
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.permission import Consents
    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.risk import Risk
    from pgmg.planning.risk.forecast import PlannedStatement


_TAKES_PLACE = frozenset({Action.DROP, Action.SWAP})


def with_risks(
    conn: Connection, plan: Plan, snapshot: Snapshot, allow: Consents | None, state_schema: str | None = None
) -> Plan:
    """Return the plan with its risks, and a warning for each that `allow` does not cover.

    With `state_schema`, the risks of materialized views say how long their last build took, if the history knows.
    Asks the database once, inside the caller's transaction, and twice more about such builds; not at all where no
    step concerns a relation.
    """
    assessed = _forecast(conn, plan, snapshot)
    if state_schema is not None:
        risks = _with_build_times(conn, plan, assessed.risks, snapshot, state_schema)
        assessed = replace(assessed, risks=risks)
    return replace(assessed, warnings=(*plan.warnings, *consent_warnings(assessed, allow)))


def with_first_locks(conn: Connection, plan: Plan, snapshot: Snapshot, shown: Plan | None) -> Plan:
    """Return the plan with the locks that its transactions take first: those of the plan that was `shown`.

    Nothing is asked of the database where there is such a plan, or where no step is about a table.
    """
    if shown is not None and shown.fingerprint == plan.fingerprint:
        return replace(plan, first_locks=shown.first_locks)
    if not any(map(_may_lock_tables, planned_statements(plan))):
        return plan
    return replace(plan, first_locks=_forecast(conn, plan, snapshot).first_locks)


def _may_lock_tables(statement: PlannedStatement) -> bool:
    """Say whether a statement is about more than views."""
    return any(
        not isinstance(operation, Create | SetPath | Unknown | DropRelation)
        or (isinstance(operation, DropRelation) and operation.table)
        or (isinstance(operation, Create) and bool(operation.references or operation.parents or operation.partition_of))
        for operation in statement.operations
    )


def _forecast(conn: Connection, plan: Plan, snapshot: Snapshot) -> Plan:
    """Return the plan with its risks and the locks that it takes first."""
    statements, server = planned_statements(plan), snapshot.server
    wanted = facts_wanted(statements)
    if wanted is None:
        return replace(plan, risks=hidden_risks(statements), first_locks=())
    facts = read_relation_facts(conn, wanted, server.search_path, back=server.setting)
    forecasted = forecast(statements, facts)
    locks = first_locks(plan, forecasted, facts, snapshot)
    if locks and not server.superuser:
        locks = permitted(conn, locks)
    return replace(plan, risks=risks_of(forecasted, facts), first_locks=locks)


def _with_build_times(
    conn: Connection, plan: Plan, risks: tuple[Risk, ...], snapshot: Snapshot, schema: str
) -> tuple[Risk, ...]:
    """Say of each materialized view that is built anew how long that took the last time."""
    built = {step.object for step in plan.steps if step.action in (Action.CREATE, Action.RESTORE)}
    replaced = {
        step.number: str(step.object)
        for step in plan.steps
        if step.action in _TAKES_PLACE and step.object in built and step.object.kind is Kind.MATERIALIZED_VIEW
    }
    times = read_build_times(conn, snapshot.server, schema, set(replaced.values()))
    return tuple(
        replace(risk, reason=f"its last build took {duration_text(times[risk.relation])}")
        if not risk.reason and risk.relation in times and replaced.get(risk.step) == risk.relation
        else risk
        for risk in risks
    )


def check_risks(conn: Connection, plan: Plan, snapshot: Snapshot, allow: Consents | None) -> None:
    """Refuse a plan with risks, or breaches of pinned interfaces, that are not allowed.

    Nothing is asked of the database where `allow` is None, that is, not set, and no pinned interface is broken.

    Raises:
        RefusedChange: naming each of them, and the consent that is missing.
    """
    if allow is not None or plan.breaches:
        check_allowed(with_risks(conn, plan, snapshot, allow), allow)
