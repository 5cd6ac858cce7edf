"""Asks what pending changes do to the rows of views: plans, decides how each view can be asked, and compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.catalog.rows.row_routes import Route
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.catalog.wording.temporary_objects_reader import Scratch
    from pgmg.model.database.catalog_details import Closure
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import PlanOptions
    from pgmg.model.results.row_questions import Preview, RowDifference, RowOptions, TemporaryObject
    from pgmg.planner import Planner
    from pgmg.planning.compare.resolved import Comparison
    from pgmg.planning.lineage.aftermath import Aftermath


@dataclass(frozen=True, slots=True)
class Asked:
    """The views that were asked about in order: how each is asked, and its answer unless it needs temporary objects."""

    routes: tuple[Route, ...]
    answers: tuple[RowDifference | None, ...]

    @property
    def is_complete(self) -> bool:
        """Every question has its answer."""
        return all(answer is not None for answer in self.answers)

    @property
    def differences(self) -> tuple[RowDifference, ...]:
        """The answers there are."""
        return tuple(answer for answer in self.answers if answer is not None)


class RowReader:
    """Asks in two steps: what a read-only transaction can answer, then what needs temporary objects."""

    def __init__(self, planner: Planner, options: RowOptions, plan_options: PlanOptions) -> None:
        self._planner = planner
        self._options = options
        self._plan_options = plan_options

    def ask(self, conn: Connection, names: Sequence[str]) -> Asked:
        """Plan, and compare the rows of views that can be asked in this read-only transaction.

        Raises:
            UnknownObjectError, UsageError, RowsError: as `Project.diff_rows`.
        """
        from pgmg.catalog.rows.row_comparison import compare_all
        from pgmg.catalog.rows.row_routes import Way, routes
        from pgmg.planning.lineage.row_inputs import row_questions

        comparison, closure, after = self._pending(conn)
        chosen = routes(conn, row_questions(comparison, names, closure, after))
        direct = [route for route in chosen if route.way is not Way.TEMPORARY]
        answers = iter(compare_all(conn, direct, self._options, lone=len(chosen) == 1))
        return Asked(chosen, tuple(None if route.way is Way.TEMPORARY else next(answers) for route in chosen))

    def complete(self, scratch: Scratch, asked: Asked) -> tuple[RowDifference, ...]:
        """Create the temporary objects that the other views need, and return all answers in order.

        Raises:
            RowsError: there is only one question, and its query fails.
        """
        from pgmg.catalog.rows.row_comparison import compare_all

        waiting = [route for route, answer in zip(asked.routes, asked.answers, strict=True) if answer is None]
        created = _create(scratch, waiting)
        answers = iter(compare_all(scratch.conn, created, self._options, lone=len(asked.routes) == 1))
        return tuple(next(answers) if answer is None else answer for answer in asked.answers)

    def preview(self, conn: Connection, name: ObjectName, limit: int) -> Preview | Route | None:
        """Return the first rows, the route to ask for them with temporary objects, or None for what has no rows.

        Raises:
            RowsError: the query fails, takes too long, or cannot be asked before apply.
        """
        from pgmg.catalog.rows.row_comparison import first_rows
        from pgmg.catalog.rows.row_routes import Way, routes
        from pgmg.planning.lineage.row_inputs import question_about

        comparison, closure, after = self._pending(conn)
        question = question_about(comparison, name, closure, after)
        if question is None:
            return None
        (route,) = routes(conn, [question])
        return route if route.way is Way.TEMPORARY else first_rows(conn, route, limit, self._options.timeout)

    def preview_within(self, scratch: Scratch, route: Route, limit: int) -> Preview:
        """Return the first rows, with temporary objects.

        Raises:
            RowsError: the query fails or takes too long.
        """
        from pgmg.catalog.rows.row_comparison import first_rows

        (created,) = _create(scratch, [route])
        return first_rows(scratch.conn, created, limit, self._options.timeout)

    def _pending(self, conn: Connection) -> tuple[Comparison, Closure, Aftermath | None]:
        """Return what differs, what depends on it, and what the plan leaves behind; None where there is no plan."""
        from pgmg.catalog.reading.catalog_details_reader import read_closure
        from pgmg.planning.lineage.aftermath import aftermath_of
        from pgmg.planning.lineage.pending_objects import seeds

        comparison = self._planner.comparison(conn, self._planner.snapshot(conn), self._planner.files())
        try:
            after = aftermath_of(self._planner.decide(conn, comparison, self._plan_options))
        except PlanError:
            after = None
        return comparison, read_closure(conn, comparison.resolved.snapshot, seeds(comparison)), after


def _create(scratch: Scratch, routes: Sequence[Route]) -> list[Route]:
    """Create what the routes need, each object once; return the routes, of which some may have failed."""
    from pgmg.catalog.rows.row_routes import without_objects

    objects: dict[ObjectName, TemporaryObject] = {}
    for route in routes:
        assert route.question.after is not None
        objects |= {one.name: one for one in route.question.after.temporary}
    owned = frozenset(name for route in routes for name in route.owned)
    failed = scratch.create(objects.values(), owned)
    scratch.only_read()
    return [without_objects(route, failed) for route in routes]
