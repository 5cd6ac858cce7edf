"""The form in which a notebook is saved: what a page without scripts, widgets and a kernel can show."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence

import nbformat

WIDGET = "application/vnd.jupyter.widget-view+json"
HTML, SVG, PLAIN = "text/html", "image/svg+xml", "text/plain"

_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_ACTIVE = re.compile(r"<(script|template)\b.*?</\1>\s*|<div class=\"tools\" hidden>.*?</div>\s*", re.DOTALL)
_SIDES = re.compile(r'<details class="d-sides">.*?</details>\s*', re.DOTALL)
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_SIZE = re.compile(r'<svg width="(\d+)pt" height="\d+pt"')
_LINK = re.compile(r'<a href="(?!https?:|#)[^"]*">(.*?)</a>', re.DOTALL)
_FRAME = re.compile(r'<div class="pgmg-svg"[^>]*>')
_TABLE = re.compile(r"<table aria-label=\"Steps.*?</table>", re.DOTALL)
_FOLD = re.compile(
    r'<details class="sql"><summary>(.*?)</summary>\s*<div class="more">(.*?)</div></details>', re.DOTALL
)
_FEW = 4
_FOLDER = re.compile(r"shop-[a-z0-9_]{8}")


def still(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make an executed notebook's outputs fit for a page that runs nothing, and free of what differs by chance.

    Code hosts take scripts, frames, style sheets, inline SVG and `<details>` out of HTML; images with their data in
    the address stay. So pictures become images, and SQL that would unfold inside a table stands below it, where there
    is not too much of it. Style sheets come once: where they are allowed at all, they hold for the whole page.
    """
    styled = False
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", ()):
            if output.output_type in ("display_data", "execute_result"):
                output.data.pop(WIDGET, None)  # a blank box without a kernel
                if HTML in output.data:
                    output.data.pop(SVG, None)  # the HTML has it
                    output.data[HTML] = _still_html(output.data[HTML], keep_style=not styled)
                    styled = styled or "<style>" in output.data[HTML]
                output.data = {mime: _FOLDER.sub("shop-0a1b2c3d", text) for mime, text in output.data.items()}
            elif output.output_type == "stream":
                output.text = _FOLDER.sub("shop-0a1b2c3d", output.text)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        }
    )
    return notebook


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed in several goes: how many is chance."""
    found: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = found[-1] if found else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            found.append(output)
    return found


def _still_html(text: str, *, keep_style: bool) -> str:
    if not keep_style:
        text = _STYLE.sub("", text)
    text = _SIDES.sub("", _ACTIVE.sub("", text))  # the same difference a second time, as a table in a table
    text = _TABLE.sub(_unfolded, _LINK.sub(r"\1", text))
    return _SVG.sub(_picture, _FRAME.sub("<div>", text))


def _unfolded(table: re.Match[str]) -> str:
    """Take the SQL out of a table of steps; of a short one it comes below."""
    steps = _FOLD.findall(table[0])
    below = [f"<p><strong>{name}</strong></p>{more}" for name, more in steps] if len(steps) <= _FEW else []
    return "\n".join([_FOLD.sub(r"\1", table[0]), *below])


def _picture(found: re.Match[str]) -> str:
    drawn = found[0]
    if "xmlns=" not in drawn:
        drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    drawn = drawn.replace("<svg ", '<svg style="background:#fff" ', 1)  # pages may be dark
    size = _SIZE.search(found[0])
    width = f' width="{round(int(size[1]) * 4 / 3)}"' if size else ""
    data = base64.b64encode(drawn.encode()).decode()
    return f'<img alt="Dependency graph"{width} src="data:image/svg+xml;base64,{data}">'


# --- comparing


_PICTURE = re.compile(r'<img alt="Dependency graph"[^>]*base64,([^"]*)">')
_TAG = re.compile(r"<[^>]*>")
_TITLE = re.compile(r"<title>(.*?)</title>")
_CHANCE = (
    (re.compile(r"(< ?)?\b\d+(\.\d+)? ?(ms|s)\b"), "N ms"),
    (re.compile(r"sha256:[0-9a-f…]+"), "sha256:…"),
    (re.compile(r"(PostgreSQL |server_version\W+)\d+\.\d+"), r"\1N"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+\d\d(:?\d\d)?|Z)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"(duration_ms\W+)[\d.]+"), r"\1N"),
    (re.compile(r"0x[0-9a-f]{8,}"), "0x…"),
)


def comparable(notebook: nbformat.NotebookNode) -> list[tuple[str, list[str]]]:
    """Return each code cell with its outputs as texts without what differs from run to run or by Graphviz's version.

    Of HTML the words are left, and of a picture the names in it, in the order of the alphabet. Of a cell with the tag
    `live`, whose output another thread goes on changing, only its sort is left.
    """
    return [
        (cell.source, [text for output in cell.outputs for text in _texts(output, cell.metadata.get("tags", ()))])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _texts(output: nbformat.NotebookNode, tags: Sequence[str]) -> list[str]:
    if "live" in tags:
        return [output.output_type]
    match output.output_type:
        case "stream":
            found = [output.text]
        case "error":
            found = ["\n".join(output.traceback)]
        case _:
            found = [_read(text) if mime == HTML else text for mime, text in sorted(output.data.items())]
    return [_settled(text) for text in found]


def _read(page: str) -> str:
    """Return what a reader sees of HTML."""
    words = html.unescape(_TAG.sub("\n", _PICTURE.sub(_names, _STYLE.sub("", page))))
    return "\n".join(line.strip() for line in words.splitlines() if line.strip())


def _settled(text: str) -> str:
    for pattern, instead in _CHANCE:
        text = pattern.sub(instead, text)
    return text


def _names(found: re.Match[str]) -> str:
    drawn = base64.b64decode(found[1]).decode()
    return f"[picture of {', '.join(sorted(_TITLE.findall(drawn)))}]"
