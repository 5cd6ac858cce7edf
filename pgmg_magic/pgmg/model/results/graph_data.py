"""A dependency graph as plain data: what renderers draw and `pgmg.graph()` turns into networkx."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Edge

if TYPE_CHECKING:
    from pgmg.model.naming.location import SourceLocation


class Flow(StrEnum):
    """The use of a column."""

    VALUE = "value"  # the other column's value is made from it
    CONDITION = "condition"  # it decides which rows there are, or which value: filters, joins, grouping, DISTINCT
    ORDER = "order"  # it decides in which order the rows come
    USED = "used"  # one of these: more is not known
    DEPENDS = "depends"  # the one relation reads the other: the server drops or refuses both


@dataclass(frozen=True, slots=True)
class ColumnEdge(Edge):
    """An edge between columns. The relation itself, as an end, stands for its rows, or for all of its columns.

    `construct` names what keeps more from being known: the function in between, what could not be read.
    """

    flow: Flow = Flow.VALUE
    construct: str | None = None


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One object. `sql` is its source or None for what only the database knows; `change` None where nothing changes.

    Of a column, `sql` is the expression that makes it; location and change are those of its relation.
    """

    object: ObjectName
    managed: bool = True
    change: ChangeKind | None = None
    location: SourceLocation | None = None
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges in a stable order. `hidden` counts nodes that a neighbourhood or filter left out.

    `asked` are the objects that it is drawn around. `notes` say what it cannot show.
    """

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[Edge, ...] = ()
    hidden: int = 0
    asked: tuple[ObjectName, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_lineage(self) -> bool:
        """It shows columns, by the relations that they belong to."""
        return bool(self.asked) and self.asked[0].kind is Kind.COLUMN
