"""Adds to a plan what people want to know of it before it is applied: risks, and what migrations require."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import Plan


def read_plan(conn: Connection, plan: Plan, snapshot: Snapshot, settings: Settings) -> Plan:
    """Return the plan with its risks and forecasts, asked of the database inside the caller's transaction.

    A plan without steps has none, and loads no parser to learn that.

    Raises:
        RefusedChange: what a migration requires cannot be asked.
    """
    if not plan.steps:
        return plan
    from pgmg.risk_reader import with_risks

    assessed = with_risks(conn, plan, snapshot, settings.allow, settings.state_schema)
    if settings.is_empty_copy or not any(s.migration is not None and s.migration.requires for s in plan.steps):
        return assessed
    from pgmg.requirement_reader import with_requirements

    return with_requirements(conn, assessed, snapshot.server.setting)
