"""SVG from Graphviz: as a document, and as a small `<img>` element that holds the picture in its address."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from pgmg.render.graph.graphviz_engine import Format, draw

if TYPE_CHECKING:
    from collections.abc import Iterable

_STYLE = """<style>
.node text { font-weight: 500; }
.node text ~ text { font-weight: 400; font-size: 9px; fill: #616e7c; }
.cluster text ~ text { font-size: 9px; }
.edge path { stroke-opacity: 0.8; }
.node:hover path, .node:hover polygon, .node:hover ellipse { stroke-width: 2; }
</style>"""
_IMAGE_STYLE = (
    "<style>svg{background:#fff}text{font:12px Helvetica,Arial,sans-serif;text-anchor:middle;fill:#1f2933}"
    ".node text~text{font-size:9px;fill:#616e7c}.edge path{stroke-opacity:.8}</style>"
)
_SIZE = re.compile(r'<svg width="(\d+)pt" height="(\d+)pt"')
_SHORTER: Iterable[tuple[re.Pattern[str], str]] = (
    (re.compile(r"<!--.*?-->|<title>.*?</title>", re.DOTALL), ""),
    (re.compile(r'<g id="a_[^>]*><a [^>]*>'), ""),
    (re.compile(r"</a>\s*</g>"), ""),
    (re.compile(r' (?:id|font-family|font-size|font-weight|text-anchor|xlink:title|xml:space)="[^"]*"'), ""),
    (re.compile(r' class="(node|edge|cluster|graph)[^"]*"'), r' class="\1"'),
    (re.compile(r' fill="#1f2933"'), ""),
    (re.compile(r">\s+<"), "><"),
    (re.compile(r"\s*\n\s*"), " "),
)
"""Patterns that remove what an image does not show: comments, titles, links, ids, and styles that are said once."""
_TAG = re.compile(r"<[^>]*>")
_DECIMALS = re.compile(r"(\d\.\d)\d+")


def picture(dot: str) -> str:
    """Return DOT source as an SVG document with its own style sheet."""
    drawn = draw(dot, Format.SVG).decode()
    end = drawn.index(">", drawn.index("<svg")) + 1
    return f"{drawn[:end]}\n{_STYLE}{drawn[end:]}"


def image(dot: str, alternative: str) -> Markup:
    """Return DOT source as an `<img>` element; `alternative` is its text for those who do not see it.

    Pages that allow neither scripts nor inline SVG, such as code hosts, show it.

    Raises:
        GraphError: Graphviz is missing or fails.
    """
    drawn = draw(dot, Format.SVG).decode()
    drawn = drawn[drawn.index("<svg") :].rstrip()
    size = _SIZE.search(drawn)
    width = f' width="{round(int(size[1]) * 4 / 3)}"' if size else ""
    for pattern, instead in _SHORTER:
        drawn = pattern.sub(instead, drawn)
    drawn = _TAG.sub(lambda tag: _DECIMALS.sub(r"\1", tag[0]), drawn)
    end = drawn.index(">") + 1
    data = base64.b64encode(f"{drawn[:end]}{_IMAGE_STYLE}{drawn[end:]}".encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return Markup(f'<img alt="{escape(alternative)}"{width} src="{source}">')  # noqa: S704 - the alternative is escaped
