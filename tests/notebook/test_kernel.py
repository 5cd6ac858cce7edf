"""A notebook in a real kernel, from load to result."""

from __future__ import annotations

import json

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import pgmg
from pgmg.notebook.still import still
from tests.bench import workload

QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")

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


@QUIET
def test_run_all_shows_every_form_and_applies_once(notebook, project):
    forms = [[set(output.get("data", ())) for output in cell.outputs] for cell in notebook.cells]
    assert [cell.outputs[0].output_type for cell in notebook.cells[:2]] == ["display_data", "stream"]
    shown, buttons = forms[1][1:]
    assert shown == {"text/html", "text/plain"}
    assert buttons == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "2"
    assert "All changes applied successfully." in notebook.cells[3].outputs[0]["data"]["text/plain"]
    assert forms[4][0] == {"text/html", "text/plain", "image/svg+xml"}
    assert len(forms[5]) == 1  # an empty plan: no buttons, and nothing twice
    pages = [
        output["data"].get("text/html", "") for cell in notebook.cells for output in cell.outputs if "data" in output
    ]
    assert ["<style>" in page for page in pages] == [True] + [False] * (len(pages) - 1)
    small = [notebook.cells[n].outputs[-1] for n in (3, 5)]
    assert all(len(json.dumps(output)) <= 5_000 for output in small), [len(json.dumps(output)) for output in small]
    project.settled()


@QUIET
def test_a_plan_and_a_graph_of_a_thousand_objects_make_a_small_file(project, tmp_path, monkeypatch):
    load = workload.write(tmp_path / "large", 1000)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(project.root / ".ipython"))
    (tmp_path / "none").mkdir()
    with pgmg.Project.open(load.root, connection_string=project.dsn, code_dir=str(tmp_path / "none")) as tables:
        tables.apply()
    sources = (
        "%load_ext pgmg",
        "plan = %pgmg_plan",
        "%pgmg_graph",
        "%pgmg_status",
        "%pgmg_query SELECT 1 AS n",
        "%pgmg_docs site",
    )
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    resources = {"metadata": {"path": str(load.root)}}
    NotebookClient(made, resources=resources, timeout=100, kernel_name="python3").execute()
    sizes = [sum(len(json.dumps(output)) for output in cell.outputs) for cell in made.cells]
    assert "1,000 created" in str(made.cells[1].outputs)
    assert sum(sizes) <= 600_000, sizes
    assert sizes[3] <= 20_000, sizes  # status lists the changes
    assert max(sizes[4:]) <= 5_000, sizes
    site = [path.stat().st_size for path in (load.root / "site").iterdir()]
    assert len(site) == 2
    assert sum(site) <= 20_000_000
    unmoving = nbformat.writes(still(made))
    assert len(unmoving) <= 600_000


@pytest.fixture
def kernel(project, monkeypatch):
    """A kernel as JupyterLab uses it: gives a function that executes a cell of a given id and returns its pages."""
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(project.root / ".ipython"))
    manager, client = start_new_kernel(cwd=str(project.root))

    def run(source, cell, deleted=()):
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        metadata = {"cellId": cell, "deletedCells": list(deleted)}
        message = client.session.msg("execute_request", content, metadata=metadata)
        client.shell_channel.send(message)
        pages = []
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if answer["msg_type"] in ("display_data", "execute_result"):
                pages.append(answer["content"]["data"].get("text/html", ""))
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return pages

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@QUIET
def test_the_style_sheet_is_shown_again_if_its_cell_runs_again_or_is_deleted(kernel):
    def styled(pages):
        return sum("<style>" in page for page in pages)

    assert styled(kernel("%load_ext pgmg", "a")) == 1
    assert styled(kernel("%pgmg_status", "b")) == 0
    assert styled(kernel("%load_ext pgmg", "a")) == 1  # already loaded, but its output was cleared
    assert styled(kernel("%pgmg_status", "c")) == 0
    assert styled(kernel("%pgmg_status", "d", deleted=["x", "a"])) == 1
    assert styled(kernel("%pgmg_status", "e")) == 0
