"""Reads the documentation: sections, tables, fenced blocks, and what is said of pgmg in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`+([^`]+)`+")
_FLAG = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


@dataclass(frozen=True)
class Page:
    """A text with headings."""

    text: str

    def section(self, title: str) -> Page:
        """What stands below a heading, up to the next of the same level."""
        found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#+ |\Z)", self._bare(), re.MULTILINE | re.DOTALL)
        assert found, f"no section {title!r}"
        return Page(self.text[found.start(2) : found.end(2)])

    def _bare(self) -> str:
        """The text with fenced lines made harmless: a comment there is no heading."""
        return _FENCE.sub(lambda block: block[0].replace("#", "."), self.text)

    def blocks(self) -> list[tuple[str, str]]:
        """The fenced blocks: language and text."""
        return [(block[1], block[2]) for block in _FENCE.finditer(self.text)]

    def table(self, first: str) -> list[list[str]]:
        """The rows of the table whose first column is headed so."""
        lines = self.text.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
        rows = []
        for line in lines[at + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        return rows

    def codes(self) -> list[str]:
        """What stands between backquotes."""
        return _CODE.findall(_FENCE.sub("", self.text))


def readme() -> Page:
    return Page((ROOT / "README.md").read_text(encoding="utf-8"))


def codes(cell: str) -> list[str]:
    """What stands between backquotes in a cell."""
    return _CODE.findall(cell)


def flags(text: str) -> set[str]:
    """The options that a text names between backquotes."""
    return {flag for code in _CODE.findall(text) for flag in _FLAG.findall(code)}


def sayings() -> list[tuple[str, str]]:
    """Each line of code in README, CONTRIBUTING and the notebooks that calls pgmg: its file and itself."""
    found = []
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        page = Page(path.read_text(encoding="utf-8"))
        lines = [line for _, text in page.blocks() for line in text.splitlines()]
        found += [(path.name, line) for line in (*lines, *page.codes())]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            page = Page(cell.source)
            lines = (
                cell.source.splitlines()
                if cell.cell_type == "code"
                else [*(line for _, text in page.blocks() for line in text.splitlines()), *page.codes()]
            )
            found += [(path.name, line) for line in lines]
    return [(name, line.strip()) for name, line in found if "pgmg" in line]


def words(line: str) -> list[str]:
    """Split a call as a shell would, without what follows `#`, `>`, `|` or `&&`."""
    return shlex.split(re.split(r"\s(?:#|\d?>|\||&&)", line)[0])
