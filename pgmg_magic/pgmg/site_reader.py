"""Collects what the documentation site shows: the whole graph, lineage of all columns, details of all objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.state_layout import STATE_TABLES
from pgmg.model.naming.names import DECLARATIVE_KINDS, Kind
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.model.results.site_data import SiteData

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.planning.compare.resolved import Comparison

_SHOWN = frozenset(
    {
        Kind.TABLE,
        Kind.VIEW,
        Kind.MATERIALIZED_VIEW,
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.AGGREGATE,
        Kind.TYPE,
        Kind.DOMAIN,
        Kind.OPERATOR,
        Kind.COLLATION,
        Kind.EVENT_TRIGGER,
    }
)
"""Kinds that are shown even if nothing declared depends on them."""


def read_site(conn: Connection, comparison: Comparison, project: str) -> Callable[[], SiteData]:
    """Ask the database; the answer is computed by what is returned, without the database."""
    from pgmg.catalog.reading.catalog_details_reader import read_closure
    from pgmg.catalog.reading.lineage_columns import read_columns
    from pgmg.catalog.reading.site_details import read_site_details
    from pgmg.planning.lineage.column_selection import ColumnSelection
    from pgmg.planning.lineage.columns import Lineage
    from pgmg.planning.lineage.object_graph import project_graph

    snapshot = comparison.resolved.snapshot
    graph = _with_all(project_graph(comparison, read_closure(conn, snapshot)), comparison)
    names = [node.object for node in graph.nodes]
    details = read_site_details(conn, snapshot, names)
    views = [name for name in names if name.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW)]
    question = Lineage(comparison, graph, ColumnSelection(tuple((view, None) for view in views), 1, 0))
    answers = read_columns(conn, snapshot, question.wanted())
    database = snapshot.server.database
    return lambda: SiteData(graph, question.answer(answers), details, project, database)


def _with_all(graph: Graph, comparison: Comparison) -> Graph:
    """Add the objects of the database that no declared object depends on, without those of extensions.

    Comments and grants are details of their objects; they are objects of the site only if they have changed.
    """
    known = {node.object for node in graph.nodes}
    kept = [node for node in graph.nodes if node.object.kind not in DECLARATIVE_KINDS or node.change is not None]
    live = comparison.resolved.snapshot.objects
    found = [
        GraphNode(name, managed=False)
        for name, about in live.items()
        if name.kind in _SHOWN and about.extension is None and name.name not in STATE_TABLES and name not in known
    ]
    return replace(graph, nodes=tuple(sorted((*kept, *found), key=lambda node: str(node.object))))
