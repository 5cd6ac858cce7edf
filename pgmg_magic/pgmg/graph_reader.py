"""Asks for the dependency graph of a project, of objects or of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.results.graph_data import Graph
    from pgmg.planning.compare.resolved import Comparison


def read_graph(
    conn: Connection,
    comparison: Comparison,
    names: Sequence[str],
    upstream: int | None,
    downstream: int | None,
    *,
    changes_only: bool,
) -> Callable[[], Graph]:
    """Ask what the graph needs to know; the answer is computed by what is returned, without the database.

    Raises:
        UnknownObjectError: a name that nothing bears.
        UsageError: `changes_only` of columns, or an object beside columns that has none.
    """
    from pgmg.catalog.reading.catalog_details_reader import read_closure
    from pgmg.planning.lineage.column_selection import parse_columns
    from pgmg.planning.lineage.object_graph import neighbourhood, project_graph

    snapshot = comparison.resolved.snapshot
    whole = project_graph(comparison, read_closure(conn, snapshot))
    columns = parse_columns(whole, names, upstream, downstream)
    if columns is None:
        return lambda: neighbourhood(whole, names, upstream, downstream, changes_only=changes_only)
    if changes_only:
        raise UsageError("--changes-only is about objects, not about columns.")
    from pgmg.catalog.reading.lineage_columns import read_columns
    from pgmg.planning.lineage.columns import Lineage

    question = Lineage(comparison, whole, columns)
    answers = read_columns(conn, snapshot, question.wanted())
    return lambda: question.answer(answers)
