"""SVG from Graphviz, with a style sheet."""

from __future__ import annotations

from pgmg.render.graph.graphviz_engine import Format, draw

_STYLE = """<style>
.node text { font-weight: 500; }
.node text ~ text { font-weight: 400; font-size: 9px; fill: #616e7c; }
.cluster text ~ text { font-size: 9px; }
.edge path { stroke-opacity: 0.8; }
.node:hover path, .node:hover polygon, .node:hover ellipse { stroke-width: 2; }
</style>"""


def picture(dot: str) -> str:
    """Return DOT source as an SVG document with its own style sheet."""
    drawn = draw(dot, Format.SVG).decode()
    end = drawn.index(">", drawn.index("<svg")) + 1
    return f"{drawn[:end]}\n{_STYLE}{drawn[end:]}"


def element(dot: str) -> str:
    """Return DOT source as an `<svg>` element for a page that has the style sheet."""
    drawn = draw(dot, Format.SVG).decode()
    return drawn[drawn.index("<svg") :].rstrip()
