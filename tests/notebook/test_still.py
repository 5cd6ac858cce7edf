"""Notebooks for pages that run nothing: what needs a kernel or a script goes, what is to be read stays."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pytest

from pgmg.model.plans.plan import Action, Change, ChangeKind
from pgmg.notebook.live.approval import HINT
from pgmg.notebook.live.watch_panel import LIVE
from pgmg.notebook.still import HTML, PLAIN, SVG, WIDGET, main, still
from pgmg.render.html.graph_html import graph_bundle
from pgmg.render.html.markup import style_sheet
from pgmg.render.html.plan_html import plan_html
from tests.render import builders as made

ACTIVE = ("<script", "<iframe", "<template", "<svg", "onclick", 'class="tools"')
VIEW = {"model_id": "a" * 32, "version_major": 2, "version_minor": 0}
FOREIGN = "<div><script>theirs()</script></div>"


def display(**data):
    return nbformat.v4.new_output("display_data", data=data)


def plan(steps):
    names = [made.view(f"v{n}") for n in range(steps)]
    changes = (Change(names[0], ChangeKind.MODIFIED, "sql/a.sql", 1, "SELECT 1", "SELECT 2"),)
    return made.plan(
        *(made.step(n, Action.REPLACE, name, f"SELECT {n}", path="sql/a.sql") for n, name in enumerate(names, 1)),
        changes=changes,
    )


@pytest.fixture
def notebook():
    """A notebook as JupyterLab saves it: outputs of pgmg, of others, and the state of widgets."""
    outputs = [
        display(**{HTML: str(style_sheet()) + '<p class="pgmg muted">pgmg</p>', PLAIN: "pgmg"}),
        display(**{HTML: plan_html(plan(2), "."), PLAIN: "PLAN:"}),
        display(**{WIDGET: VIEW, HTML: f'<p class="pgmg muted"><code>{HINT}</code></p>', PLAIN: HINT}),
        display(**{HTML: plan_html(plan(200)), PLAIN: "PLAN:"}),
        display(**graph_bundle(made.shop())),
        display(**{WIDGET: VIEW, HTML: f'<p class="pgmg muted">{LIVE}</p>', PLAIN: LIVE}),
        display(**{HTML: str(style_sheet()) + '<p class="pgmg muted">pgmg</p>', PLAIN: "again"}),
        display(**{HTML: FOREIGN, PLAIN: "theirs"}),
    ]
    cells = [nbformat.v4.new_code_cell("x", outputs=[output], execution_count=n) for n, output in enumerate(outputs, 1)]
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Text"), *cells])
    found.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return json.loads(nbformat.writes(found))


def shown(notebook):
    """The data of all outputs, with lines joined."""
    read = nbformat.reads(json.dumps(notebook), as_version=4)
    return [output["data"] for cell in read.cells for output in cell.get("outputs", ())]


def test_nothing_of_pgmg_needs_a_kernel_or_a_script_afterwards(notebook):
    text = still(notebook)
    nbformat.validate(nbformat.from_dict(text))
    ours = [data for data in shown(text) if data[PLAIN] != "theirs"]
    assert len(ours) == 5  # the buttons and the live panel are gone
    for data in ours:
        assert WIDGET not in data
        assert SVG not in data
        assert not [mark for mark in ACTIVE if mark in data[HTML]]
    assert sum("<style>" in data[HTML] for data in ours) == 1
    assert "widgets" not in text["metadata"]


def test_what_is_to_be_read_stays(notebook):
    _, short, long, graph, *_ = shown(still(notebook))
    for said in ("1 modified", 'SELECT</span> <span class="n">1', "d-removed", "sql/<wbr>a.sql:1"):
        assert said in short[HTML]
    assert '<details class="sql"' not in short[HTML]
    assert "pgmg plan --verbose" in long[HTML]
    assert graph[HTML].count('<img alt="Dependency graph: 10 objects"') == 1


def test_a_second_time_changes_nothing(notebook):
    once = json.dumps(still(notebook))
    assert json.dumps(still(json.loads(once))) == once


def test_outputs_of_others_stay_as_they_are(notebook):
    notebook["cells"][-1]["outputs"].append(display(**{WIDGET: VIEW, PLAIN: "a slider"}))
    text = still(notebook)
    assert shown(text)[-2][HTML] == FOREIGN
    assert WIDGET in shown(text)[-1]
    assert "widgets" in text["metadata"]


def test_files_are_rewritten_in_place_or_elsewhere(notebook, tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    main([str(path), "--output", str(tmp_path / "b.ipynb")])
    assert json.loads(path.read_text()) == notebook
    done = subprocess.run(
        [sys.executable, "-m", "pgmg.notebook.still", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert path.read_text() == (tmp_path / "b.ipynb").read_text()
    assert WIDGET not in path.read_text()
    for words in (["nowhere.ipynb"], [str(tmp_path)], [str(path), str(path), "--output", "c"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    (tmp_path / "old.ipynb").write_text('{"nbformat": 3}')
    with pytest.raises(SystemExit):
        main([str(tmp_path / "old.ipynb")])
    assert "not a notebook of format 4" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_nbconvert_takes_it_as_a_preprocessor(notebook, tmp_path):
    exporter = pytest.importorskip(
        "nbconvert", reason="not installed: nbconvert (pip install 'pgmg[browser]')"
    ).HTMLExporter
    from traitlets.config import Config

    config = Config({"HTMLExporter": {"preprocessors": ["pgmg.notebook.still.StillPreprocessor"]}})
    read = nbformat.reads(json.dumps(notebook), as_version=4)
    page, _ = exporter(config=config).from_notebook_node(read)
    assert "widget-view+json" not in page
    assert 'class="page"' not in page
    assert "Dependency graph: 10 objects" in page
