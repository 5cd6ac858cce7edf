"""Executes a notebook as a reader would: every cell from top to bottom, in a copy of the folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))
SECONDS = 100
"""How long one cell may take."""
_DISTURBING = ("PGMG_", "PG", "NO_COLOR", "COLUMNS")


def read(name: str) -> nbformat.NotebookNode:
    """Return a notebook as it is saved."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def executed(name: str) -> nbformat.NotebookNode:
    """Return a notebook as it is after running.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    notebook = read(name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="pgmg-notebooks-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "notebooks"
        shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("shop-*", ".*", "__pycache__"))
        with _environment(IPYTHONDIR=str(Path(folder) / "ipython"), PATH=_path()):
            NotebookClient(
                notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(copy)}}
            ).execute()
    return notebook


def _path() -> str:
    """Programs of this interpreter's environment come first, as where it is activated."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


@contextmanager
def _environment(**wanted: str) -> Iterator[None]:
    """Give the kernel an environment in which nothing leads elsewhere."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_DISTURBING):
            del os.environ[name]
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
