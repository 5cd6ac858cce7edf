"""A dependency graph as a text tree: the roots have no dependents, dependencies are below each object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.plans.plan import Edge, Origin
from pgmg.render import labels
from pgmg.render.graph import graph_style
from pgmg.render.text.spans import Line, Role, Span, plain, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.graph_data import Graph, GraphNode

_SHOWN_ABOVE = "(*)"
_CYCLE = "(cycle)"
_SOFT = "~"
_LONG = 70
"""Most characters of a column's expression beside its name."""


def to_tree(graph: Graph) -> str:
    """Return the graph as text. `(*)` marks an object that is expanded above, `(cycle)` the end of a cycle."""
    return plain(tree_lines(graph))


def tree_lines(graph: Graph) -> Iterator[Line]:
    """Return the graph as lines."""
    return sections(*_Forest(graph).run())


class _Forest:
    """Walks a graph once; an object's dependencies are expanded at its first occurrence."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.labels = graph_style.Labels(graph)
        self.nodes: dict[ObjectName, GraphNode] = {node.object: node for node in graph.nodes}
        self.edges: dict[ObjectName, list[Edge]] = {name: [] for name in self.nodes}
        self.roots = dict.fromkeys(self.nodes)
        for edge in graph.edges:
            if edge.object in self.nodes and edge.depends_on in self.nodes:
                self.edges[edge.object].append(edge)
                if edge.object != edge.depends_on:
                    self.roots.pop(edge.depends_on, None)
        self.shown: set[ObjectName] = set()
        self.marks: set[str] = set()

    def run(self) -> tuple[list[Line], list[Line]]:
        if not self.nodes:
            return [span_line("No objects.")], list(self._footnotes())
        lines: list[Line] = []
        for name in (*self.roots, *self.nodes):  # members of cycles may not be below any root
            if name not in self.shown:
                lines += self._tree(name)
        return lines, list(self._footnotes())

    def _tree(self, root: ObjectName) -> Iterator[Line]:
        """Return one tree as lines; iterative, because chains can be deeper than the recursion limit."""
        self.shown.add(root)
        yield span_line(*self._described(root))
        path: list[tuple[ObjectName, Iterator[Edge], int]] = [(root, iter(self.edges[root]), len(self.edges[root]))]
        above = {root}
        indent = ""
        while path:
            name, branches, left = path[-1]
            edge = next(branches, None)
            if edge is None:
                path.pop()
                above.discard(name)
                indent = indent[:-4]
                continue
            path[-1] = (name, branches, left - 1)
            target, is_last = edge.depends_on, left == 1
            mark = _CYCLE if target in above else _SHOWN_ABOVE if target in self.shown and self.edges[target] else ""
            stem = Span(f"{indent}{'└──' if is_last else '├──'} ", Role.MUTED)
            yield span_line(
                stem, *self._arrow(edge), *self._described(target), Span(f" {mark}" if mark else "", Role.MUTED)
            )
            if mark:
                self.marks.add(mark)
            elif target not in self.shown:
                self.shown.add(target)
                above.add(target)
                path.append((target, iter(self.edges[target]), len(self.edges[target])))
                indent += "    " if is_last else "│   "

    def _arrow(self, edge: Edge) -> Iterator[Span]:
        if not edge.hard:
            self.marks.add(_SOFT)
            yield Span(f"{_SOFT} ", Role.MUTED)
        if edge.origin is Origin.ERROR:
            yield Span("learned: ", Role.WARNING)

    def _described(self, name: ObjectName) -> Iterator[Span]:
        node = self.nodes[name]
        title = labels.named(name)
        if self.graph.is_lineage and name.kind is not Kind.COLUMN:
            title = f"{self.labels.whole(name)} of {title}"
        if node.change is None:
            yield Span(title)
        else:
            said = labels.change(node.change)
            yield Span(title, said.role)
            yield Span(f" [{said.word}]", said.role)
        if graph_style.is_unmanaged(node):
            yield Span(" (unmanaged)", Role.MUTED)
        if name.kind is Kind.COLUMN and node.sql and "\n" not in node.sql and not node.sql.endswith(_plain(name)):
            yield Span(f" = {node.sql if len(node.sql) <= _LONG else node.sql[:_LONG] + '…'}", Role.MUTED)

    def _footnotes(self) -> Iterator[Line]:
        explained = {
            _SOFT: "not tracked by the server",
            _SHOWN_ABOVE: "dependencies shown above",
            _CYCLE: "part of a dependency cycle",
        }
        for mark, meaning in explained.items():
            if mark in self.marks:
                yield span_line(Span(f"{mark} {meaning}", Role.MUTED))
        for note in self.graph.notes:
            yield span_line(Span(note, Role.WARNING))
        if self.graph.hidden:
            yield span_line(Span(f"… {labels.hidden(self.graph)}", Role.MUTED))


def _plain(name: ObjectName) -> str:
    """Return the end of an expression that only passes on a column of the same name."""
    return f".{spell(name.name)}"
