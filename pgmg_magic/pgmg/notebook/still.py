"""Makes executed notebooks fit for pages that run nothing: code hosts, mail, archives.

`python -m pgmg.notebook.still NOTEBOOK…` rewrites files in place. For nbconvert there is a preprocessor:
`jupyter nbconvert --to html --Exporter.preprocessors=pgmg.notebook.still.StillPreprocessor NOTEBOOK`.

Code hosts take scripts, frames, style sheets, inline SVG and `<details>` out of HTML; images with their data in the
address stay. So only outputs of pgmg are changed: what needs a kernel or a script is removed, SQL that would unfold
inside a table is put below it if it is short, and the style sheet is kept once.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDGET = "application/vnd.jupyter.widget-view+json"
HTML, SVG, PLAIN = "text/html", "image/svg+xml", "text/plain"
Notebook = dict[str, Any]
"""A notebook of format 4, as its JSON is read."""

_OURS = re.compile(r'class="pgmg\b')
_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_ACTIVE = re.compile(
    r"<(script|template|iframe)\b.*?</\1>\s*"
    r"|<div class=\"tools\" hidden>.*?</div>\s*"
    r"|<details class=\"d-sides\">.*?</details>\s*",  # the same difference a second time
    re.DOTALL,
)
_LINK = re.compile(r'<a href="(?!https?:|#)[^"]*">(.*?)</a>', re.DOTALL)
_TABLE = re.compile(r"<table aria-label=\"Steps.*?</table>", re.DOTALL)
_FOLD = re.compile(
    r'<details class="sql"><summary>(.*?)</summary>\s*<div class="more">(.*?)</div></details>', re.DOTALL
)
_FEW = 4
"""Most steps of a table whose SQL is put below it."""


def still(notebook: Notebook) -> Notebook:
    """Change the outputs of pgmg in a notebook, in place, and return it; other outputs stay as they are."""
    has_style = False
    for cell in notebook.get("cells", ()):
        outputs = cell.get("outputs")
        if outputs is None:
            continue
        cell["outputs"] = [output for output in outputs if not (_is_widget_alone(output) or _is_empty(output))]
        for output in cell["outputs"]:
            data = output.get("data", {})
            page = _text(data.get(HTML, ""))
            if not _OURS.search(page):
                continue
            data.pop(WIDGET, None)
            data.pop(SVG, None)  # the HTML has it as an image
            data[HTML] = _still_html(page, keep_style=not has_style)
            has_style = has_style or "<style>" in data[HTML]
    if not any(WIDGET in output.get("data", {}) for output in _outputs(notebook)):
        notebook.get("metadata", {}).pop("widgets", None)
    return notebook


def _outputs(notebook: Notebook) -> Iterator[dict[str, Any]]:
    for cell in notebook.get("cells", ()):
        yield from cell.get("outputs", ())


def _is_widget_alone(output: dict[str, Any]) -> bool:
    """Say whether an output of pgmg is nothing but buttons: it says so itself, and has nothing to show without them."""
    data = output.get("data", {})
    return WIDGET in data and 'class="pgmg muted"' in _text(data.get(HTML, ""))


def _is_empty(output: dict[str, Any]) -> bool:
    """Say whether an output is a display that was reserved and never filled."""
    data = output.get("data", {})
    return bool(data) and all(mime in (HTML, PLAIN) and not _text(text).strip() for mime, text in data.items())


def _text(value: str | Sequence[str]) -> str:
    """Return a text that a notebook file may hold as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _still_html(text: str, *, keep_style: bool) -> str:
    if not keep_style:
        text = _STYLE.sub("", text)
    return _TABLE.sub(_unfolded, _LINK.sub(r"\1", _ACTIVE.sub("", text)))


def _unfolded(table: re.Match[str]) -> str:
    """Take the SQL out of a table of steps; of a short one it comes below."""
    steps = _FOLD.findall(table[0])
    below = [f"<p><strong>{name}</strong></p>{more}" for name, more in steps] if len(steps) <= _FEW else []
    return "\n".join([_FOLD.sub(r"\1", table[0]), *below])


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrite the notebooks named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pgmg.notebook.still", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK", help="an executed .ipynb file")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write this file instead; for one notebook")
    options = parser.parse_args(arguments)
    if options.output is not None and len(options.notebooks) > 1:
        parser.error("--output is for one notebook")
    for path in options.notebooks:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            parser.error(f"{path}: {error}")
        if not isinstance(document, dict) or document.get("nbformat") != 4:  # noqa: PLR2004 - the format in use since 2014
            parser.error(f"{path} is not a notebook of format 4")
        text = json.dumps(still(document), ensure_ascii=False, indent=1)
        (options.output or path).write_text(f"{text}\n", encoding="utf-8")


def __getattr__(name: str) -> Any:
    """Define the preprocessor on first use: nbconvert need not be installed."""
    if name != "StillPreprocessor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import nbformat
    from nbconvert.preprocessors import Preprocessor

    class StillPreprocessor(Preprocessor):  # type: ignore[misc,unused-ignore] # untyped if nbconvert is missing
        """Applies `still` to a notebook that nbconvert converts."""

        def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
            """Return the changed notebook."""
            changed = still(json.loads(nbformat.writes(nb)))  # type: ignore[no-untyped-call]
            return nbformat.reads(json.dumps(changed), as_version=4), resources  # type: ignore[no-untyped-call]

    return StillPreprocessor


if __name__ == "__main__":
    main(sys.argv[1:])
