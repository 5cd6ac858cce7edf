"""The style of graphs: shapes by kind, colours by change, lines by kind of edge."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.plans.plan import ChangeKind, Edge, Origin
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph, GraphNode

INK, PAPER, ASKED = "#1f2933", "#ffffff", "#2563eb"


class Shape(NamedTuple):
    """A family of kinds: its word in the legend, its shape in Graphviz and around a label in Mermaid."""

    word: str
    dot: str
    mermaid: tuple[str, str]


class Colors(NamedTuple):
    """Fill and outline."""

    fill: str
    line: str


def shape(kind: Kind) -> Shape:
    """Return the shape of a kind."""
    match kind:
        case Kind.VIEW:
            return Shape("view", "box", ("[", "]"))
        case Kind.MATERIALIZED_VIEW:
            return Shape("materialized view", "box3d", ("[[", "]]"))
        case Kind.TABLE | Kind.SEQUENCE | Kind.COLUMN | Kind.COLUMN_DEFAULT | Kind.CONSTRAINT:
            return Shape("table", "cylinder", ("[(", ")]"))
        case Kind.FUNCTION | Kind.PROCEDURE | Kind.AGGREGATE | Kind.LANGUAGE:
            return Shape("routine", "ellipse", ("([", "])"))
        case Kind.TYPE | Kind.DOMAIN | Kind.COLLATION:
            return Shape("type", "note", ("{{", "}}"))
        case Kind.OPERATOR | Kind.OPERATOR_CLASS | Kind.OPERATOR_FAMILY | Kind.CAST:
            return Shape("operator, cast", "hexagon", ("{{", "}}"))
        case Kind.TRIGGER | Kind.EVENT_TRIGGER | Kind.RULE:
            return Shape("trigger, rule", "parallelogram", ("[/", "/]"))
        case Kind.POLICY | Kind.GRANT | Kind.OWNER | Kind.DEFAULT_PRIVILEGES | Kind.ROLE:
            return Shape("policy, privilege", "octagon", ("{{", "}}"))
        case Kind.INDEX | Kind.STATISTICS:
            return Shape("index, statistics", "tab", (">", "]"))
        case Kind.MIGRATION:
            return Shape("migration", "folder", ("[\\", "\\]"))
        case _:
            return Shape("other", "component", ("[", "]"))


def colors(change: ChangeKind | None) -> Colors:
    """Return the colours of a change."""
    match change:
        case None:
            return Colors("#f1f4f8", "#7b8794")
        case ChangeKind.NEW:
            return Colors("#d9f4e1", "#2b9350")
        case ChangeKind.MODIFIED:
            return Colors("#fdeec8", "#c98a04")
        case ChangeKind.DELETED:
            return Colors("#fddede", "#cf3f3f")
        case ChangeKind.ADOPTED:
            return Colors("#d8f1f5", "#1a8799")
        case ChangeKind.MISSING:
            return Colors("#ffe3d1", "#d9612a")
        case ChangeKind.DRIFTED:
            return Colors("#eadffb", "#7f4fc4")
        case ChangeKind.FORMATTING:
            return Colors("#f7f7f4", "#a3a38f")
        case _:
            assert_never(change)


def edge_color(origin: Origin) -> str:
    """Return the colour of an edge."""
    match origin:
        case Origin.SOURCE:
            return "#7b8794"
        case Origin.CATALOG:
            return "#3a7bc8"
        case Origin.ERROR:
            return "#d9612a"
        case _:
            assert_never(origin)


def is_dashed(edge: Edge) -> bool:
    """Say whether an edge is dashed: a soft dependency, or a use of a column other than its value."""
    return edge.flow is not Flow.VALUE if isinstance(edge, ColumnEdge) else not edge.hard


def is_unmanaged(node: GraphNode) -> bool:
    """Say whether a node is drawn as unmanaged; columns of tables are not, because tables are never declared."""
    parent = node.object.parent
    is_column = node.object.kind is Kind.COLUMN and parent is not None and parent.kind is Kind.TABLE
    return not node.managed and not is_column


def schema(name: ObjectName) -> str | None:
    """Return the schema of an object, or of its parent."""
    about: ObjectName | None = name
    while about is not None and about.schema is None:
        about = about.parent
    return None if about is None else about.schema


Lines = tuple[str, ...]
"""A label's lines, not yet sanitized."""


class Box(NamedTuple):
    """Nodes that are drawn in one cluster; `label` None means no cluster."""

    label: Lines | None
    nodes: tuple[GraphNode, ...]


def boxes(graph: Graph) -> list[Box]:
    """Return the nodes by cluster: columns by relation, objects by schema if there are several."""
    is_lineage = graph.is_lineage
    groups: dict[Lines | None, list[GraphNode]] = {}
    for node in graph.nodes:
        groups.setdefault((_owner if is_lineage else _space)(node.object), []).append(node)
    if not is_lineage and len(groups.keys() - {None}) <= 1:
        return [Box(None, graph.nodes)]
    return [Box(label, tuple(nodes)) for label, nodes in groups.items()]


def _owner(name: ObjectName) -> Lines:
    relation = name.parent if name.kind is Kind.COLUMN and name.parent is not None else name
    return relation.display_name, relation.kind.sql_keyword


def _space(name: ObjectName) -> Lines | None:
    found = schema(name)
    return None if found is None else (found,)


class Labels:
    """Labels of the nodes of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._columns = graph.is_lineage
        used = (edge for edge in graph.edges if isinstance(edge, ColumnEdge) and edge.flow is Flow.USED)
        self._used = {end for edge in used for end in (edge.object, edge.depends_on)}

    def of(self, node: GraphNode) -> Lines:
        """Return a node's label."""
        if not self._columns:
            kind = () if node.object.kind is Kind.OTHER else (node.object.kind.sql_keyword,)
            return (node.object.display_name, *kind)
        return (spell(node.object.name) if node.object.kind is Kind.COLUMN else self.whole(node.object),)

    def whole(self, name: ObjectName) -> str:
        """Return the label of a relation in a graph of columns."""
        return "all columns" if name in self._used else "rows"
