"""Puts nodes into the one order that every run repeats (rules 2.5, 7)."""

from __future__ import annotations

import heapq
from collections import defaultdict
from graphlib import CycleError as _Cycle
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from pgmg.errors import CycleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.planning.node import Node

Pair = tuple[int, int]
"""(before, after), by node id."""


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
        circle = error.args[1]
        blame = tuple(dict.fromkeys(nodes[id_].name for id_ in circle))
        raise CycleError(_message(nodes, circle), hint="Take one of these references out.", blame=blame) from None


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


def _message(nodes: Mapping[int, Node], circle: list[int]) -> str:
    names = [str(nodes[id_].name) for id_ in reversed(circle)]
    shown = " → ".join(dict.fromkeys(names)) + f" → {names[0]}"
    places = defaultdict(str)
    for id_ in circle:
        place = nodes[id_].location
        if place is not None:
            places[str(nodes[id_].name)] = f"{place.path}:{place.line}"
    where = ", ".join(f"{name} in {place}" for name, place in sorted(places.items()))
    return f"These depend on each other in a cycle: {shown}" + (f" ({where})" if where else "")
