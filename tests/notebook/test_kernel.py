"""A notebook in a real kernel, from load to result."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    "%load_ext pgmg",
    "plan = %pgmg_plan",
    "len(plan.steps)",
    "%pgmg_apply",
    "%pgmg_graph",
    "%pgmg_plan",
)


@pytest.fixture
def notebook(project, monkeypatch):
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(project.root / ".ipython"))
    project.write("migrations/001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);")
    project.write("sql/views/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    client = NotebookClient(
        made, resources={"metadata": {"path": str(project.root)}}, timeout=60, kernel_name="python3"
    )
    client.execute()
    return made


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
def test_run_all_shows_every_form_and_applies_once(notebook, project):
    forms = [[set(output.get("data", ())) for output in cell.outputs] for cell in notebook.cells]
    shown, buttons = forms[1][1:]
    assert shown == {"text/html", "text/plain"}
    assert buttons == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "2"
    assert "All changes applied successfully." in notebook.cells[3].outputs[1]["data"]["text/plain"]
    assert forms[4][1] == {"text/html", "text/plain", "image/svg+xml"}
    assert len(forms[5]) == 2  # the server, and an empty plan: no buttons, and nothing twice
    project.settled()
