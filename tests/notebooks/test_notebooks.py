"""Each tutorial runs from top to bottom, prints what is saved, and is saved so that every page can show it."""

import re
from difflib import unified_diff
from itertools import pairwise

import nbformat
import pytest

from tests.notebooks.running import NOTEBOOKS, executed, read
from tests.notebooks.saved import HTML, PLAIN, WIDGET, comparable, still

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"
)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def lines(notebook):
    return [line for source, texts in comparable(notebook) for text in (source, *texts) for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(300)  # a server is made, and cells may wait
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_prints_what_is_saved(name):
    saved, now = read(name), still(executed(name))
    if comparable(saved) != comparable(now):
        difference = "\n".join(unified_diff(lines(saved), lines(now), "saved", "now", lineterm="", n=1))
        pytest.fail(f"`python -m tests.notebooks --write` saves what is printed now:\n{difference[:4000]}")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_saved_notebook_shows_itself_where_nothing_runs(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for output in outputs(notebook):
        data = output.get("data", {})
        assert WIDGET not in data
        assert not re.search(r"<(script|iframe|template|svg|object|embed)\b", data.get(HTML, ""))
        assert not re.search(r"<table\b((?!</table>).)*<(details|table)\b", data.get(HTML, ""), re.DOTALL)
        assert data.get(PLAIN, "-").strip()
    assert sum("<style>" in output.get("data", {}).get(HTML, "") for output in outputs(notebook)) <= 1


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_begins_with_its_title_and_every_cell_was_run_in_order(name):
    notebook = read(name)
    assert re.match(r"# \w", notebook.cells[0].source)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_notebooks_come_in_order_and_lead_to_each_other():
    assert [name[:2] for name in NOTEBOOKS] == [f"{number:02}" for number in range(1, len(NOTEBOOKS) + 1)]
    for name, following in pairwise(NOTEBOOKS):
        assert f"({following}.ipynb)" in read(name).cells[-1].source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_saved_notebook_knows_no_machine(name):
    text = nbformat.writes(read(name))
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
