"""Dependency graphs as DOT, SVG, PNG, HTML, Mermaid or text tree; each renderer is imported on use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.results.graph_data import Graph


def to_dot(graph: Graph) -> str:
    """Return the graph as DOT source."""
    from pgmg.render.graph import dot

    return dot.to_dot(graph)


def to_svg(graph: Graph) -> str:
    """Return the graph as an SVG document.

    Raises:
        GraphError: Graphviz is missing or fails.
    """
    from pgmg.render.graph import dot, svg

    return svg.picture(dot.to_dot(graph))


def to_png(graph: Graph) -> bytes:
    """Return the graph as a PNG.

    Raises:
        GraphError: no Graphviz with PNG support is installed, or it fails.
    """
    from pgmg.render.graph import dot, graphviz_engine

    return graphviz_engine.draw(dot.to_dot(graph), graphviz_engine.Format.PNG)


def to_html(graph: Graph, title: str | None = None) -> str:
    """Return a self-contained page: groups, search, zoom, paths, each object with its file and SQL."""
    from pgmg.render.explorer import explorer_page

    return explorer_page.to_html(graph, title)


def to_mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart."""
    from pgmg.render.graph import mermaid

    return mermaid.to_mermaid(graph)


def to_tree(graph: Graph) -> str:
    """Return the graph as a tree of text."""
    from pgmg.render.graph import tree

    return tree.to_tree(graph)


def file_writer(suffix: str) -> Callable[[Graph], bytes] | None:
    """Return the renderer for files with this suffix (`.svg`); None if the suffix is unknown."""
    match suffix.lower():
        case ".dot" | ".gv":
            return lambda graph: to_dot(graph).encode()
        case ".svg":
            return lambda graph: to_svg(graph).encode()
        case ".png":
            return to_png
        case ".html" | ".htm":
            return lambda graph: to_html(graph).encode()
        case ".mmd":
            return lambda graph: to_mermaid(graph).encode()
        case _:
            return None
