"""Plans and applies what some files declare, whatever state the rest of the project is in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import NO_FACTS, ServerFacts
from pgmg.partial.folder_memory import FolderMemory
from pgmg.partial.partial_plan import PartialPlanner, PartialScope

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgmg.catalog.reading.column_lists import Attributes
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.permission import Consents
    from pgmg.model.plans.plan import Plan, PlanOptions
    from pgmg.partial.partial_plan import PartialPlan
    from pgmg.planner import Planner


class FilePlanner:
    """Plans the objects of some files, with what they need; pending migrations are never part of it."""

    def __init__(self, planner: Planner, options: PlanOptions, paths: Collection[str]) -> None:
        self._partial = PartialPlanner(planner, options, FolderMemory())
        self._scope = PartialScope(focus=frozenset(paths))

    def partial(self, conn: Connection, facts: ServerFacts = NO_FACTS) -> PartialPlan:
        """Plan what can be planned; what is wrong with the files is in the answer."""
        return self._partial.partial(conn, self._scope, facts)

    def plan(self, conn: Connection, facts: ServerFacts) -> PartialPlan:
        """Plan inside the caller's transaction.

        Raises:
            PgmgError: what the files declare cannot be planned.
        """
        partial = self.partial(conn, facts)
        for problem in partial.problems:
            if partial.focused.intersection(problem.objects):
                raise problem.error
        return partial

    def with_risks(self, conn: Connection, allow: Consents | None) -> PartialPlan:
        """Plan with the risks of the steps, to be shown; raises as `plan` does."""
        from pgmg.risk_reader import with_risks

        partial = self.plan(conn, NO_FACTS)
        return replace(partial, plan=with_risks(conn, partial.plan, partial.snapshot, allow))

    def for_apply(self, conn: Connection, facts: ServerFacts) -> tuple[Plan, Snapshot]:
        """Plan inside the transaction of an apply; raises as `plan` does."""
        partial = self.plan(conn, facts)
        return partial.plan, partial.snapshot

    def attributes(self, conn: Connection) -> dict[ObjectName, Attributes | None]:
        """Return what the files declare, with columns and types as the database has them; None for what has none."""
        from pgmg.catalog.reading.column_lists import read_attributes

        partial = self.partial(conn)
        names = partial.focused_names
        found = read_attributes(conn, partial.snapshot, names)
        return {name: found.get(name) for name in names}
