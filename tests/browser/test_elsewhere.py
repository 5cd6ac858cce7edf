"""The same outputs where no kernel runs, where no script runs, and in Notebook 7."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser import shop
from tests.browser.lab import Lab, Notebook, Troubles
from tests.browser.seeing import faint, overflowing

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
WIDE = {"width": 1280, "height": 3000}


@pytest.fixture
def saved(project):
    """A notebook that was executed and saved as a page, as `jupyter nbconvert` does it."""
    project.write("pgmg.toml", f'connection_string = "{project.dsn}"\n{(project.root / "pgmg.toml").read_text()}')
    shop.begin(project)
    shop.change(project)
    notebook = Notebook.file(
        project.root / "saved.ipynb", "%load_ext pgmg", "plan = %pgmg_plan", "%pgmg_graph", "%pgmg_diff"
    )
    home = {f"JUPYTER_{name}_DIR": str(project.root / ".jupyter") for name in ("CONFIG", "DATA", "RUNTIME")}
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "JUPYTER_", "IPYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", notebook.name],
        cwd=project.root,
        env=own | home | {"IPYTHONDIR": str(project.root / ".ipython")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return notebook.with_suffix(".html")


@pytest.fixture
def reader(chromium):
    """Opens a file in a window that reaches no network; `scripts` says whether they run."""
    opened = []

    def read(path, *, scripts, **more):
        context = chromium.new_context(viewport=WIDE, java_script_enabled=scripts, **more)
        context.route(re.compile("^https?:"), lambda route: route.abort())
        opened.append(context)
        page = context.new_page()
        troubles = Troubles()
        troubles.watch(page)
        page.goto(path.as_uri())
        return page, troubles

    yield read
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_of_nbconvert_folds_and_filters_without_a_kernel(saved, reader, picture, scheme):
    page, troubles = reader(saved, scripts=True, color_scheme=scheme)
    plan = page.locator(".pgmg-plan")
    rows, total = plan.locator(".steps .batch > table > tbody > tr:visible"), plan.locator("details.sql").count()
    plan.get_by_label("Filter").fill("discount")
    expect(rows).to_have_count(1)
    plan.locator("details.sql > summary").filter(visible=True).click()
    expect(plan.get_by_label("SQL of function.discount(numeric)")).to_be_visible()
    plan.get_by_label("Filter").fill("")
    expect(plan.locator("details.sql > summary").filter(visible=True)).to_have_count(total)
    expect(page.frame_locator(".pgmg-graph iframe").locator("svg .node")).not_to_have_count(0)
    picture(page, f"nbconvert-{scheme}")
    assert (faint(plan), overflowing(plan)) == ([], [])
    ours = [error for error in troubles.errors if "require" not in error and "MathJax" not in error]
    assert (troubles.dialogs, ours) == ([], [])  # the page's own scripts miss what they would load from elsewhere


def test_without_scripts_everything_is_there(saved, reader, picture):
    page, _ = reader(saved, scripts=False)
    plan = page.locator(".pgmg-plan")
    expect(plan.locator(".tools")).to_be_hidden()  # what would not work is not offered
    expect(plan.locator(".summary")).to_contain_text("1 migration")
    step = plan.locator(".steps .batch > table > tbody > tr").filter(has_text="discount").first
    step.locator("summary").first.click()
    expect(step.get_by_label("SQL of function.discount(numeric)")).to_be_visible()
    for figure in (plan.locator("figure"), page.locator(".pgmg-graph figure")):
        expect(figure.locator("img")).to_be_visible()
        assert figure.locator("img").evaluate("it => it.naturalWidth") > 100
    picture(page, "no-scripts")


def test_without_scripts_and_styles_it_still_reads_from_top_to_bottom(saved, reader, picture):
    bare = saved.with_name("bare.html")  # as strict viewers leave it
    text = re.sub(r"<(style|script)\b.*?</\1>", "", saved.read_text(encoding="utf-8"), flags=re.DOTALL)
    bare.write_text(re.sub(r' (style|class)="[^"]*"', "", text), encoding="utf-8")
    page, _ = reader(bare, scripts=False)
    expect(page.get_by_text("Deleted:").first).to_be_visible()
    expect(page.get_by_role("cell", name="migration", exact=True)).to_be_visible()
    expect(page.locator("input[type=search]").first).to_be_hidden()
    picture(page, "no-styles")


def test_notebook_7_shows_a_plan_and_applies_it(root, context, project, tmp_path_factory, picture):
    settings = (project.root / "pgmg.toml").read_text(encoding="utf-8")
    project.write("pgmg.toml", f'connection_string = "{project.dsn}"\n{settings}')
    project.write("sql/views/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    app = Lab(root, tmp_path_factory.mktemp("notebook") / "home", "notebook")
    try:
        notebook = Notebook(app, context.new_page(), project.root / "notebook.ipynb")
        notebook.write("%load_ext pgmg", "plan = %pgmg_plan").open()
        notebook.run(0)
        shown = notebook.run(1)
        expect(shown.locator(".pgmg-plan .steps .batch > table > tbody > tr")).to_have_count(1)
        picture(notebook.page, "notebook-7")
        notebook.button("Apply").click()
        expect(shown.locator(".pgmg-result")).to_contain_text("applied successfully")
        assert project.value("SELECT n FROM one") == 1
        ours = [error for error in notebook.troubles.errors if "reading 'schema'" not in error]  # Notebook's own
        assert (notebook.troubles.dialogs, ours) == ([], [])
        notebook.shut()
    finally:
        app.close()
