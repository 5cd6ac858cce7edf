"""How graphs look: a shape for each family of kinds, colours for each change, lines for each kind of edge."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from pgmg.model.graph import Node
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import ChangeKind, Origin

INK, PAPER = "#1f2933", "#ffffff"


class Shape(NamedTuple):
    """A family of kinds: its word in the legend, its shape in Graphviz and around a label in Mermaid."""

    word: str
    dot: str
    mermaid: tuple[str, str]


class Paint(NamedTuple):
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


def paint(change: ChangeKind | None) -> Paint:
    """Return the colours of a change."""
    match change:
        case None:
            return Paint("#f1f4f8", "#7b8794")
        case ChangeKind.NEW:
            return Paint("#d9f4e1", "#2b9350")
        case ChangeKind.MODIFIED:
            return Paint("#fdeec8", "#c98a04")
        case ChangeKind.DELETED:
            return Paint("#fddede", "#cf3f3f")
        case ChangeKind.ADOPTED:
            return Paint("#d8f1f5", "#1a8799")
        case ChangeKind.MISSING:
            return Paint("#ffe3d1", "#d9612a")
        case ChangeKind.DRIFTED:
            return Paint("#eadffb", "#7f4fc4")
        case ChangeKind.FORMATTING:
            return Paint("#f7f7f4", "#a3a38f")
        case _:
            assert_never(change)


def stroke(origin: Origin) -> str:
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


def schema(name: ObjectName) -> str | None:
    """Return the schema that an object, or what it is about, lives in."""
    about: ObjectName | None = name
    while about is not None and about.schema is None:
        about = about.parent
    return None if about is None else about.schema


def by_schema(nodes: tuple[Node, ...]) -> dict[str | None, list[Node]]:
    """Return the nodes by schema; all under None where there is one schema only."""
    groups: dict[str | None, list[Node]] = {}
    for node in nodes:
        groups.setdefault(schema(node.object), []).append(node)
    return groups if len(groups.keys() - {None}) > 1 else {None: list(nodes)}
