"""The form in which a tutorial is saved: fit for pages that run nothing, and without what differs by chance."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Sequence

import nbformat

from pgmg.notebook.still import HTML, PLAIN, SVG, WIDGET
from pgmg.notebook.still import still as made_still

__all__ = ["HTML", "PLAIN", "SVG", "WIDGET", "comparable", "still"]
_MACHINE = (
    (re.compile(r"(/[^\s<>\"]*)?/notebooks/shop-[a-z0-9_]{8}"), "notebooks/shop-0a1b2c3d"),
    (re.compile(r"shop-[a-z0-9_]{8}"), "shop-0a1b2c3d"),
    (re.compile(r"(applied by )[^\s@]+@[^\s<>]+ in "), r"\1you@host in "),
    (re.compile(r"[\w.-]+@[\w.-]+ in notebooks/shop"), "you@host in notebooks/shop"),
)


def still(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make an executed tutorial fit to be saved."""
    notebook = nbformat.reads(json.dumps(made_still(json.loads(nbformat.writes(notebook)))), as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", ()):
            if output.output_type in ("display_data", "execute_result"):
                output.data = {mime: _anywhere(text) for mime, text in output.data.items()}
            elif output.output_type == "stream":
                output.text = _anywhere(output.text)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        }
    )
    return notebook


def _anywhere(value: str | list[str]) -> str:
    """Return a text without the names of a machine, of its user and of a temporary folder."""
    text = _text(value)
    for pattern, instead in _MACHINE:
        text = pattern.sub(instead, text)
    return text


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed in several goes: how many is chance."""
    found: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = found[-1] if found else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text = _text(last.text) + _text(output.text)
        else:
            found.append(output)
    return found


# --- comparing


_PICTURE = re.compile(r'<img alt="(?:Dependency graph|Column lineage)[^>]*base64,([^"]*)">')
_TAG = re.compile(r"<[^>]*>")
_LABEL = re.compile(r"<text[^>]*>(.*?)</text>")
_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_CHANCE = (
    (re.compile(r"\bpgmg \d+\.\d+[\w.+]*"), "pgmg VERSION"),  # the one of the git tag, or of a checkout behind it
    (re.compile(r"(< ?)?\b\d+(\.\d+)? ?(ms|s)\b"), "N ms"),
    (re.compile(r"sha256:[0-9a-f…]+"), "sha256:…"),
    (re.compile(r"(PostgreSQL |server_version\W+)\d+\.\d+"), r"\1N"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(\+\d\d(:?\d\d)?|Z| UTC)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"(duration_ms\W+)[\d.]+"), r"\1N"),
    (re.compile(r"0x[0-9a-f]{8,}"), "0x…"),
    (re.compile(r"\bjust now\b|\b(\d+|an?) (seconds?|minutes?) ago\b"), "just now"),
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
    return f"[picture of {', '.join(sorted(_LABEL.findall(drawn)))}]"
