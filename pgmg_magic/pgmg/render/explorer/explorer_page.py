"""The interactive graph as a self-contained HTML page, and packed for a frame in a notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Edge
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph
from pgmg.render import labels, sanitize
from pgmg.render.explorer.grouping import first_view, groupings
from pgmg.render.graph import graph_style
from pgmg.render.html import markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

_SCRIPTS = ("explorer_layout.js", "explorer_picture.js", "explorer.js")


def to_html(graph: Graph, title: str | None = None, *, sql: bool = True) -> str:
    """Return the page; its content security policy allows only its own script. Without `sql` it holds no sources."""
    found = {node.change for node in graph.nodes}
    flows = {edge.flow for edge in graph.edges if isinstance(edge, ColumnEdge)}
    return markup.fill(
        "explorer.html.j2",
        title=title or labels.subject(graph),
        digest=script_digest(),
        style=markup.asset("explorer.css"),
        script=_script(),
        data=markup.packed(json.dumps(explorer_data(graph, sql=sql), ensure_ascii=False, separators=(",", ":"))),
        empty=not graph.nodes,
        size=labels.size(graph),
        notes=graph.notes,
        hidden=labels.hidden(graph),
        groupings=[way.by for way in groupings(graph)] if not graph.is_lineage else [],
        legend=[labels.change(change).word for change in ChangeKind if change in found],
        unmanaged=any(graph_style.is_unmanaged(node) for node in graph.nodes),
        soft=any(not edge.hard for edge in graph.edges),
        origins=[] if flows else [origin.value for origin in dict.fromkeys(edge.origin for edge in graph.edges)],
        flows=[(flow.value, labels.flow(flow)) for flow in Flow if flow in flows],
        arrow=labels.ARROWS,
    )


def script_digest() -> str:
    """Return the SHA-256 of the page's script, for the content security policy of the page or of one around it."""
    return markup.digest(_script())


def _script() -> Markup:
    return markup.trusted("\n".join(markup.asset(name) for name in _SCRIPTS))


def explorer_data(graph: Graph, *, sql: bool = True) -> dict[str, Any]:
    """Return the script's data. Texts that repeat are numbers into `words`; links lead from source to user.

    `nodes`: [name, kind, change, reason of the change, managed, place, SQL]; `links`: [source, user, explanation,
    classes]; `groups`: for each way to group its name, labels, and the group of each node; `view`: the first view.
    """
    column_labels = graph_style.Labels(graph) if graph.is_lineage else None
    numbers = {node.object: number for number, node in enumerate(graph.nodes)}
    words = _Words()
    view = first_view(graph)
    return {
        "lineage": graph.is_lineage,
        "nodes": [
            [
                sanitize.sanitize_line(_title(node.object, column_labels)),
                words.number(node.object.kind.sql_keyword),
                words.number("" if node.change is None else labels.change(node.change).word),
                words.number("" if node.change is None else labels.change(node.change).why),
                0 if graph_style.is_unmanaged(node) else 1,
                "" if node.location is None else sanitize.sanitize_line(str(node.location)),
                sanitize.sanitize_block(node.sql) if sql and node.sql is not None else "",
            ]
            for node in graph.nodes
        ],
        "labels": [sanitize.sanitize_line(_label(node.object, column_labels)) for node in graph.nodes],
        "links": [
            [numbers[edge.depends_on], numbers[edge.object], words.number(_why(edge)), words.number(_classes(edge))]
            for edge in graph.edges
            if edge.object in numbers and edge.depends_on in numbers
        ],
        "groups": [
            [way.by, [sanitize.sanitize_line(label) for label in way.labels], way.of] for way in groupings(graph)
        ],
        "asked": [numbers[name] for name in graph.asked if name in numbers],
        "view": [view.groups.by if view.groups is not None else "", sorted(view.open), sorted(view.shown)],
        "words": words.found,
    }


class _Words:
    """Numbers texts that repeat."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        known = self._numbers.setdefault(text, len(self.found))
        if known == len(self.found):
            self.found.append(sanitize.sanitize_line(text))
        return known


def _title(name: ObjectName, column_labels: graph_style.Labels | None) -> str:
    is_whole = column_labels is not None and name.kind is not Kind.COLUMN
    if column_labels is not None and is_whole:
        return f"{column_labels.whole(name)} of {name}"
    return labels.named(name)


def _label(name: ObjectName, column_labels: graph_style.Labels | None) -> str:
    if column_labels is None:
        return name.display_name
    return name.name if name.kind is Kind.COLUMN else column_labels.whole(name)


def _why(edge: Edge) -> str:
    return f"{labels.edge(edge)}: {labels.origin(edge)}" if isinstance(edge, ColumnEdge) else labels.origin(edge)


def _classes(edge: Edge) -> str:
    flow: Sequence[str] = (f"flow-{edge.flow.value}",) if isinstance(edge, ColumnEdge) else ()
    return " ".join((f"origin-{edge.origin.value}", *(() if edge.hard else ("soft",)), *flow))
