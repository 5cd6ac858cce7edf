"""Puts nodes into the one order that every run repeats (rules 2.5, 7)."""

from __future__ import annotations

import heapq
from graphlib import CycleError as _Cycle
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from pgmg.errors import CycleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.steps.nodes import Node, Pair


def order(nodes: Mapping[int, Node], hard: Iterable[Pair], soft: Iterable[Pair]) -> tuple[list[Node], set[Pair]]:
    """Return the nodes in order, and the soft pairs that had to be given up because they form cycles.

    Raises:
        CycleError: hard edges form a circle; the message prints it (rule 2.5).
    """
    firm, loose = set(hard), {pair for pair in soft if pair[0] != pair[1]}
    loose -= firm
    try:
        return _sorted(nodes, firm | loose), set()
    except _Cycle:
        kept = _without_cycles(nodes, firm, loose)
    try:
        return _sorted(nodes, firm | kept), loose - kept
    except _Cycle as error:
        circle = [nodes[id_] for id_ in reversed(error.args[1])]
        places = {node.name: node.location for node in circle if node.location is not None}
        raise cycle_error([node.name for node in circle], places) from None


def _sorted(nodes: Mapping[int, Node], pairs: Iterable[Pair]) -> list[Node]:
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(nodes, ()))
    for before, after in pairs:
        sorter.add(after, before)
    sorter.prepare()
    ready: list[tuple[tuple[int, int, str, int, str, int], int]] = []
    found = []
    while sorter.is_active():
        for id_ in sorter.get_ready():
            heapq.heappush(ready, (nodes[id_].key, id_))
        _, chosen = heapq.heappop(ready)
        found.append(nodes[chosen])
        sorter.done(chosen)
    return found


def _without_cycles(nodes: Mapping[int, Node], firm: set[Pair], loose: set[Pair]) -> set[Pair]:
    """Give up as few soft edges as a greedy pass finds, the same ones every time."""
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(firm | loose)
    knot = {id_: number for number, part in enumerate(nx.strongly_connected_components(graph)) for id_ in part}
    tangled = sorted((p for p in loose if knot[p[0]] == knot[p[1]]), key=lambda p: (nodes[p[0]].key, nodes[p[1]].key))
    graph.remove_edges_from(tangled)
    kept = loose - set(tangled)
    for before, after in tangled:
        if not nx.has_path(graph, after, before):
            graph.add_edge(before, after)
            kept.add((before, after))
    return kept


def cycle_error(cycle: Sequence[ObjectName], places: Mapping[ObjectName, SourceLocation]) -> CycleError:
    """Return the error to raise about objects that depend each on the next, and the last on the first."""
    names = tuple(dict.fromkeys(cycle))
    shown = " → ".join(map(str, (*names, names[0])))
    where = ", ".join(
        f"{name} in {place.path}:{place.line}" for name, place in sorted(places.items(), key=lambda item: str(item[0]))
    )
    message = f"These depend on each other in a cycle: {shown}" + (f" ({where})" if where else "")
    return CycleError(message, hint="Take one of these references out.", blame=names)
