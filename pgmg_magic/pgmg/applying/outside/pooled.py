"""Applying through a pooler: in transactions only, and with no more connections than the pool has (rule 9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.catalog.sessions.connection import is_pooled
from pgmg.errors import ConnectionFailedError, PoolerError

if TYPE_CHECKING:
    import psycopg

    from pgmg.applying.lock import Connect
    from pgmg.model.plans.plan import Plan

_DIRECT = (
    'Name the server itself in connection_string, best in an environment of its own, or set pooler = "session" if the '
    "pooler gives each client a server process of its own. Nothing has been changed."
)


def check_shareable(plan: Plan) -> None:
    """Refuse what cannot run in a transaction: its settings, its role and its locks would reach other clients.

    Raises:
        PoolerError: a step of the plan needs a session.
    """
    step = next((step for step in plan.steps if not step.transactional), None)
    if step is None:
        return
    raise PoolerError(
        f"{step.object} cannot run in a transaction, and a pooler gives pgmg another server process for each "
        "statement: search_path, role and locks would be those of other clients.",
        where=step.location,
        hint=_DIRECT,
        object=str(step.object),
    )


def second_connection(conn: psycopg.Connection[Any], connect: Connect) -> psycopg.Connection[Any]:
    """Return another connection.

    Raises:
        PoolerError: the pool has no second connection for us.
    """
    try:
        return connect()
    except ConnectionFailedError:
        if not is_pooled(conn):
            raise
    message = "This plan has several groups and needs two connections, and the pool has only one for us."
    raise PoolerError(message, hint=_DIRECT)
