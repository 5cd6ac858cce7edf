"""Takes the README's picture, the plan of a tutorial in JupyterLab: `python -m tests.notebooks.picture`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import SECONDS, Lab, Notebook
from tests.notebooks.running import FOLDER, read

TUTORIAL, CELL = "04_change_a_table", "plan = %pgmg_plan"
TARGET = FOLDER.parent / ".github" / "plan.png"
MARGIN = {"left": 24, "right": 10}
"""Pixels of the notebook's own beside the output."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pgmg-picture-", ignore_cleanup_errors=True) as name:
        root = Path(name) / "notebooks"
        shutil.copytree(FOLDER, root, ignore=shutil.ignore_patterns("shop-*", ".*", "__pycache__"))
        path = root / "picture.ipynb"
        last = _copy(path)
        lab = Lab(root, Path(name) / "home")
        try:
            _take(lab, path, last)
        finally:
            lab.close()
    print(f"{TARGET.name}: {TARGET.stat().st_size // 1024} KB")


def _copy(path: Path) -> int:
    """Write the tutorial's code, up to the plan; return which cell that is."""
    sources = [cell.source for cell in read(TUTORIAL).cells if cell.cell_type == "code"]
    last = sources.index(CELL)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources[: last + 1]])
    made.metadata = read(TUTORIAL).metadata
    nbformat.write(made, path)
    return last


def _take(lab: Lab, path: Path, cell: int) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1150, "height": 2600}, device_scale_factor=1.5)
        page.set_default_timeout(SECONDS * 1000)
        notebook = Notebook(lab, page, path).open()
        notebook.fold_sidebar()
        notebook.run_all()
        notebook.wait(cell)
        shown = notebook.cells.nth(cell)
        shown.scroll_into_view_if_needed()
        shown.get_by_role("button", name="Discard").wait_for()
        page.mouse.move(2, 2)
        page.keyboard.press("Escape")
        box = shown.bounding_box()
        assert box is not None
        left, width = box["x"] + MARGIN["left"], box["width"] - sum(MARGIN.values())
        page.screenshot(path=TARGET, clip={**box, "x": left, "width": width}, animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
