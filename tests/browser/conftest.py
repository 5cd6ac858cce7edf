"""JupyterLab and Chromium for these tests, a notebook in a project's folder, and pictures of what is seen."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (pip install 'pgmg[browser]')")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed (pip install 'pgmg[browser]')")

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.lab import SECONDS, Lab, Notebook

WIDTH, HEIGHT, TALL = 1280, 900, 3000


def pytest_collection_modifyitems(items):
    """One server and one browser serve them all: with `--dist loadgroup` they stay together."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What the page looked like when a test failed says more than its locators."""
    report = yield
    notebook = getattr(item, "funcargs", {}).get("notebook")
    if call.when == "call" and report.failed and notebook is not None:
        kept = _folder(item.funcargs["tmp_path"]) / f"failed-{item.name}.png"
        notebook.page.screenshot(path=kept)
        report.sections.append(("Screenshot", str(kept)))
        report.sections.append(("Troubles of the page", str(notebook.troubles)))
    return report


def _folder(tmp_path: Path) -> Path:
    found = Path(os.environ.get("PGMG_SCREENSHOTS") or tmp_path / "screenshots")
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture(scope="package")
def chromium():
    """The browser; only while these tests run, as it keeps an event loop of its own."""
    program = os.environ.get("PGMG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no browser: neither chromium nor google-chrome is installed, nor named by PGMG_CHROMIUM")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def root(tmp_path_factory):
    """The folder that holds every test's own."""
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="package")
def lab(root, tmp_path_factory):
    made = Lab(root, tmp_path_factory.mktemp("lab") / "home")
    yield made
    made.close()


@pytest.fixture
def context(chromium, lab):
    """A browser window that knows no other server than ours."""
    made = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
    made.set_default_timeout(SECONDS * 1000)
    made.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    yield made
    made.close()


@pytest.fixture
def notebook(lab, context, project):
    """A notebook in the project's folder; its kernel uses the test's database."""
    settings = (project.root / "pgmg.toml").read_text(encoding="utf-8")
    project.write("pgmg.toml", f'connection_string = "{project.dsn}"\n{settings}')
    lab.dress("JupyterLab Light")
    made = Notebook(lab, context.new_page(), project.root / "notebook.ipynb")
    yield made
    made.shut()


@pytest.fixture
def picture(tmp_path):
    """Keep a picture of an element or a page, by name: below PGMG_SCREENSHOTS, else with the test's other files."""
    folder = _folder(tmp_path)

    def keep(seen, name):
        if isinstance(seen, Page):
            seen.screenshot(path=folder / f"{name}.png", animations="disabled")
            return
        page, size = seen.page, seen.page.viewport_size
        page.set_viewport_size({**size, "height": TALL})  # what is scrolled away is not in a picture
        seen.screenshot(path=folder / f"{name}.png", animations="disabled")
        page.set_viewport_size(size)

    return keep
