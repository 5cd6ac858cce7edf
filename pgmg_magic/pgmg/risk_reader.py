"""Adds the risks of its steps to a plan: reads what they need to know of the database, and forecasts them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.relation_facts import read_relation_facts
from pgmg.planning.risk.consent import check_allowed, consent_warnings
from pgmg.planning.risk.forecast import facts_wanted, forecast, planned_statements

if TYPE_CHECKING:
    from pgmg.catalog.connection import Connection
    from pgmg.model.permission import Consents
    from pgmg.model.plan import Plan
    from pgmg.model.snapshot import Snapshot


def with_risks(conn: Connection, plan: Plan, snapshot: Snapshot, allow: Consents | None) -> Plan:
    """Return the plan with its risks, and a warning for each that `allow` does not cover.

    Asks the database once, inside the caller's transaction; not at all where no step concerns a relation.
    """
    statements = planned_statements(plan)
    wanted = facts_wanted(statements)
    facts, server = None, snapshot.server
    if wanted is not None:
        facts = read_relation_facts(conn, wanted, server.search_path, back=server.setting)
    assessed = replace(plan, risks=forecast(statements, facts))
    return replace(assessed, warnings=(*plan.warnings, *consent_warnings(assessed, allow)))


def check_risks(conn: Connection, plan: Plan, snapshot: Snapshot, allow: Consents | None) -> None:
    """Refuse a plan with risks, or breaches of pinned interfaces, that are not allowed.

    Nothing is asked of the database where `allow` is None, that is, not set, and no pinned interface is broken.

    Raises:
        RefusedChange: naming each of them, and the consent that is missing.
    """
    if allow is not None or plan.breaches:
        check_allowed(with_risks(conn, plan, snapshot, allow), allow)
