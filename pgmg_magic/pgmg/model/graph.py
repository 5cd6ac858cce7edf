"""A dependency graph as plain data: what renderers draw and `pgmg.graph()` turns into networkx."""

from __future__ import annotations

from dataclasses import dataclass

from pgmg.model.names import ObjectName
from pgmg.model.place import Place
from pgmg.model.plan import ChangeKind, Edge


@dataclass(frozen=True, slots=True)
class Node:
    """One object. `sql` is its source or None for what only the database knows; `change` None where nothing changes."""

    object: ObjectName
    managed: bool = True
    change: ChangeKind | None = None
    place: Place | None = None
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges in a stable order. `hidden` counts nodes that a neighbourhood or filter left out."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    hidden: int = 0
