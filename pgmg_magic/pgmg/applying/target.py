"""Where to apply, and how the plan is made there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg

from pgmg.model.database.server_facts import ServerFacts
from pgmg.model.database.snapshot import Snapshot
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.plan import Plan

if TYPE_CHECKING:
    from pgmg.applying.limits import Limits
    from pgmg.applying.lock import Connect
    from pgmg.model.plans.resume import Resume
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.model.results.history_entries import HistoryOptions

PlanMaker = Callable[[psycopg.Connection[Any], ServerFacts], tuple[Plan, Snapshot]]
"""Plans inside the given connection's transaction, with what has been learned so far."""


@dataclass(frozen=True, slots=True)
class ApplyTarget:
    """Where to apply: how to connect, which schema holds the state, how patient to be.

    `kept` is a connection to work on and to leave open; without it one is made and closed. `applied_from` is recorded
    with whatever is applied, in the history as `history` says. `resume` says how to go on with an interrupted migration
    whose outcome is not known.
    """

    connect: Connect
    state_schema: str
    limits: Limits
    kept: psycopg.Connection[Any] | None = None
    applied_from: AppliedFrom | None = None
    resume: Resume | None = None
    history: HistoryOptions | None = None
