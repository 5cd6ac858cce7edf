"""The graph that orders everything while it is made: nodes, and who has to come before whom (rule 7.1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.catalog_details import Definition
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Learned
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fate import Fates
    from pgmg.planning.node import Node
    from pgmg.planning.order import Pair
    from pgmg.planning.timeline import Timeline


@dataclass(slots=True)
class Fabric:
    """Nodes by id and the pairs (before, after) between them."""

    nodes: dict[int, Node] = field(default_factory=dict)
    hard: set[Pair] = field(default_factory=set)
    soft: set[Pair] = field(default_factory=set)

    def renew(self, node: Node) -> Node:
        """Put a changed node in the place of the one with its number."""
        self.nodes[node.id] = node
        return node


class Woven:
    """What the nodes and the edges are made from, and the nodes by what they drop and make."""

    def __init__(self, resolved: ResolvedProject, fates: Fates, timeline: Timeline, learned: Learned) -> None:
        self.resolved, self.fates, self.timeline, self.learned = resolved, fates, timeline, learned
        self.fabric = Fabric()
        self.definitions: dict[ObjectName, Definition] = {d.name: d for d in fates.web.definitions.values()}
        self.drops: dict[ObjectName, list[Node]] = defaultdict(list)
        self.removals: list[Node] = []
        """Takes away comments and grants that are no longer declared, from what stays or is made again."""
        self.makes: dict[ObjectName, list[Node]] = defaultdict(list)  # the last node of each making
        self._firsts: dict[int, int] = {}  # the first node of each making, by its last
        self.migrations: list[Node] = []
        self.noted: set[ObjectName] = set()
        """What is around them is read right before they are dropped: migrations of the plan may have given it."""
        self.put_aside: dict[ObjectName, list[Node]] = defaultdict(list)
        """Drops and restorations of what pending migrations make."""
