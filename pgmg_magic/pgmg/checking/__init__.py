"""Checks the queries of bodies against the state that a plan produces, before anything is applied."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.connections import Connections
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.model.plans.plan import Plan
    from pgmg.planner import Planner

CODE = "breaks-body"
"""The code of the warning about a query that the server will refuse once a plan is applied."""
_MOST_STATEMENTS = 200
"""Plans with more of them are not tried out on the database each time they are made, which takes as long as apply."""


def with_bodies(plan: Plan, planner: Planner, connections: Connections) -> Plan:
    """Return the planner's last plan with the check of what it affects, and a warning for each body that it breaks.

    The plan is carried out on a connection of its own and rolled back where that locks no existing relation; else
    texts are read. A plan for an empty copy is not checked: somebody else looks at the copy.

    Raises:
        ConnectionFailedError: there is no second connection.
    """
    if planner.settings.is_empty_copy:
        return plan
    from pgmg.checking.rolled_back import why_not

    is_long = sum(len(step.statements) for step in plan.steps) > _MOST_STATEMENTS
    reason = f"it has more than {_MOST_STATEMENTS} statements" if is_long else why_not(plan)
    if reason is None:
        from pgmg.checking.plan_checker import PlanChecker

        checker = PlanChecker(planner.settings, planner.declared, planner.search_path)
        with connections.open() as conn:
            found = checker.after(conn, plan, only_affected=True)
        if not isinstance(found, str):
            return with_check(plan, found)
        reason = found
    from pgmg.checking.text_checker import check_texts

    read = partial(check_texts, planner=planner, plan=plan, reason=reason, only_affected=True)
    return with_check(plan, connections.use(read))


def with_check(plan: Plan, found: BodyCheck) -> Plan:
    """Return a plan with this check and its warnings, instead of those of another one."""
    others = tuple(notice for notice in plan.warnings if notice.code != CODE)
    return replace(plan, bodies=found, warnings=(*others, *_notices(found)))


def _notices(found: BodyCheck) -> tuple[Notice, ...]:
    """Return a warning for each problem, with the way in which it was found."""
    from pgmg.render.text.plans.body_lines import way

    return tuple(Notice(CODE, f"{one.described} ({way(found)})", one.where) for one in found.problems)


def check_bodies(
    plan: Plan, planner: Planner, connect: Callable[[], Connection], names: Sequence[str] = ()
) -> BodyCheck:
    """Check the bodies of all declared objects, or of the named, against the state after a plan.

    Raises:
        UnknownObjectError: a name that nothing declared bears.
        ConnectionFailedError: there is no second connection.
    """
    from pgmg.checking.plan_checker import PlanChecker
    from pgmg.checking.text_checker import check_texts

    wanted = chosen(planner.declared, names)
    checker = PlanChecker(planner.settings, planner.declared, planner.search_path, wanted)
    with connect() as conn:
        found = checker.after(conn, plan)
        if isinstance(found, str):
            found = check_texts(conn, planner, plan, found, wanted)
    return found if wanted is None else replace(found, problems=tuple(p for p in found.problems if p.object in wanted))


def chosen(declared: Iterable[ObjectName], names: Sequence[str]) -> frozenset[ObjectName] | None:
    """Return the declared objects of some names; None, for all, where no name is given.

    Raises:
        UnknownObjectError: a name that nothing declared bears.
    """
    from pgmg.planning.resolve.lookup import find_all

    return frozenset(find_all(names, list(declared))) if names else None
