"""Finds the tests among a project's routines, and the objects that each of them names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.graph_data import GraphNode
    from pgmg.model.results.site_data import SiteData

TESTED = frozenset(
    {
        Kind.TABLE,
        Kind.VIEW,
        Kind.MATERIALIZED_VIEW,
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.AGGREGATE,
        Kind.TYPE,
        Kind.DOMAIN,
    }
)
_RESULT = re.compile(r"\breturns\s+setof\s+(pg_catalog\s*\.\s*)?text\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def tests_by_object(site: SiteData) -> dict[ObjectName, list[ObjectName]]:
    """Return the tests of each object that tests name; the tests themselves have none.

    A test is what pgTAP's `runtests()` runs: a function whose name begins with `test` and that returns `SETOF text`. It
    names an object if it depends on it, or if the object's name is a word of its source: pgTAP's assertions take
    names and queries as strings.
    """
    nodes = {node.object: node for node in site.graph.nodes}
    tests = [name for name, node in nodes.items() if _is_test(node, site)]
    named: dict[ObjectName, list[ObjectName]] = {test: [] for test in tests}
    used: dict[ObjectName, set[ObjectName]] = {test: set() for test in tests}
    for edge in site.graph.edges:
        if edge.object in used:
            used[edge.object].add(edge.depends_on)
    for test in tests:
        words = set(_WORD.findall((nodes[test].sql or "").lower()))
        for name in nodes:
            is_named = name in used[test] or words.issuperset(_WORD.findall(name.name.lower()))
            if name.kind in TESTED and name not in used and is_named:
                named.setdefault(name, []).append(test)
    return named


def _is_test(node: GraphNode, site: SiteData) -> bool:
    name, about = node.object, site.details.get(node.object)
    said = (about.signature if about is not None else None) or node.sql or ""
    return name.kind is Kind.FUNCTION and name.name.startswith("test") and _RESULT.search(said) is not None
