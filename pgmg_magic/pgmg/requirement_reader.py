"""Asks at plan time what pending migrations require, as a forecast: apply asks again right before each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.rows.assertion_queries import UnfitQueryError, holds_at_present
from pgmg.errors import RefusedChange
from pgmg.model.secrets import mask_secrets
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.plan import Plan
    from pgmg.model.sources.source import Migration, Statement

CODE = "requirement"
"""The code of the warning about a requirement that does not hold at present."""


def with_requirements(conn: Connection, plan: Plan, path: str) -> Plan:
    """Return the plan with a warning for each requirement of its migrations that does not hold at present.

    What cannot be asked yet, because it needs what earlier steps create, has no warning.

    Raises:
        RefusedChange: a query writes, or returns something else than one boolean.
    """
    notices = tuple(_notices(conn, plan, path))
    return replace(plan, warnings=(*plan.warnings, *notices)) if notices else plan


def _notices(conn: Connection, plan: Plan, path: str) -> Iterator[Notice]:
    pending = {step.migration.name: step.migration for step in plan.steps if step.migration is not None}
    first = next(iter(pending), None)
    for migration in pending.values():
        for required in migration.requires:
            if _does_not_hold(conn, migration, required, path):
                yield _notice(migration, required, may_change=migration.name != first)


def _does_not_hold(conn: Connection, migration: Migration, required: Statement, path: str) -> bool:
    try:
        return holds_at_present(conn, required.sql, path) is False
    except UnfitQueryError as error:
        query = mask_secrets(f"{required.sql}\n{error}")
        raise RefusedChange(
            f"{migration.name} requires what cannot be asked: {query}", where=required.location
        ) from None


def _notice(migration: Migration, required: Statement, *, may_change: bool) -> Notice:
    later = "unless an earlier migration changes that, apply will stop" if may_change else "apply would stop"
    text = f"{migration.name} requires what does not hold at present, and {later}: {mask_secrets(required.sql)}"
    return Notice(CODE, text, str(required.location))
