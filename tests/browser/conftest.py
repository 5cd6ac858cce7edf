"""JupyterLab and Chromium for these tests, a notebook in a project's folder, and pictures of what is seen."""

from __future__ import annotations

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

WIDTH, HEIGHT, TALL = 1280, 900, 3000
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PACKAGES = ("axe_playwright_python", "jupyterlab", "nbconvert", "notebook", "playwright")


def _lacking() -> str | None:
    """Say what these tests need and this machine does not have."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (pip install 'pgmg[browser]')"
    return None if _program() else "no browser: neither chromium nor google-chrome, nor one named by PGMG_CHROMIUM"


def _program() -> str | None:
    return os.environ.get("PGMG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def pytest_pycollect_makemodule(module_path, parent):
    """Skip a module before it is imported, where it could not be."""
    lacking = _lacking()
    if lacking is None:
        return None

    class Skipped(pytest.Module):
        def collect(self):
            pytest.skip(lacking, allow_module_level=True)

    return Skipped.from_parent(parent, path=module_path)


def pytest_collection_modifyitems(items):
    """One server and one browser serve them all: with `--dist loadgroup` they stay together."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(300))  # a browser on a busy machine is slow, not stuck


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
    from playwright.sync_api import expect, sync_playwright

    from tests.browser.lab import SECONDS

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def root(tmp_path_factory):
    """The folder that holds every test's own."""
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="package")
def lab(root, tmp_path_factory):
    from tests.browser.lab import Lab

    made = Lab(root, tmp_path_factory.mktemp("lab") / "home")
    yield made
    made.close()


@pytest.fixture
def context(chromium, lab):
    """A browser window that knows no other server than ours."""
    from tests.browser.lab import SECONDS

    made = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
    made.set_default_timeout(SECONDS * 1000)
    made.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    yield made
    made.close()


@pytest.fixture
def notebook(lab, context, project):
    """A notebook in the project's folder; its kernel uses the test's database."""
    from tests.browser.lab import Notebook

    settings = (project.root / "pgmg.toml").read_text(encoding="utf-8")
    project.write("pgmg.toml", f'connection_string = "{project.dsn}"\n{settings}')
    lab.dress("JupyterLab Light")
    made = Notebook(lab, context.new_page(), project.root / "notebook.ipynb")
    yield made
    made.shut()


@pytest.fixture
def picture(tmp_path):
    """Keep a picture of an element or a page, by name: below PGMG_SCREENSHOTS, else with the test's other files."""
    from playwright.sync_api import Page

    folder = _folder(tmp_path)

    def keep(seen, name):
        if isinstance(seen, Page):
            seen.screenshot(path=folder / f"{name}.png", animations="disabled")
            return
        page, size = seen.page, seen.page.viewport_size
        page.set_viewport_size({**size, "height": TALL})  # what is scrolled away is not in a picture
        for frame in seen.locator("iframe").all():  # what is in a frame is not drawn before it has been seen
            frame.scroll_into_view_if_needed()
            inner = frame.element_handle().content_frame()
            if inner is not None:
                inner.evaluate(PAINTED)
        seen.screenshot(path=folder / f"{name}.png", animations="disabled")
        page.set_viewport_size(size)

    return keep
