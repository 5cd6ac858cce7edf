"""Measures what a reader of a notebook waits for, in JupyterLab and Chromium: answers, painting, frames, sizes."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Error, Frame, Locator, Page, expect

from pgmg.catalog.servers import embedded
from tests.bench import workload
from tests.bench.clock import process
from tests.bench.measures import PGMG
from tests.browser.lab import SECONDS, Lab, Notebook

TIMED = """import time; _began = time.process_time(); display(get_ipython().run_line_magic("{magic}", ""))
print(f"{{time.process_time() - _began:.3f}} s of the processor")"""
LISTEN = r"""
const said = (what, at) => console.log(`SPEED ${what} ${at ?? performance.timeOrigin + performance.now()}`);
const painted = (what) => requestAnimationFrame(() => setTimeout(() => said(what)));
if (window === window.top) {
  const Plain = window.WebSocket, words = new TextDecoder("latin1");
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const text = typeof data === "string" ? data : words.decode(data);
        if (/"msg_type": ?"(display_data|execute_result|update_display_data)"/.test(text)) said("answered");
      });
    }
  };
}
const ready = new Set();
new MutationObserver(() => {
  for (const it of document.querySelectorAll(".pgmg-plan[data-ready], html[data-ready]")) {
    if (ready.has(it)) continue;
    ready.add(it);
    painted(it.localName === "html" ? "graph" : "plan");
  }
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] });
"""
"""Runs in every page and frame: says when an output arrives from the kernel, and when a plan or graph is painted."""
FRAMES = """
() => { window.speedGaps = []; window.speedOn = true; let before = performance.now();
  const next = (now) => { window.speedGaps.push(now - before); before = now; if (window.speedOn) requestAnimationFrame(next); };
  requestAnimationFrame(next); }
"""
ENOUGH = 400
"""Milliseconds in which frames are watched after an act."""


@dataclass(frozen=True)
class Figure:
    """One line of the table; `wanted` is the largest value that keeps the promise."""

    what: str
    value: float
    wanted: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.value <= self.wanted

    def __str__(self) -> str:
        return f"{self.what:72} {self.value:8,.0f} {self.wanted:8,.0f} {self.unit:3}{'' if self.kept else ' missed'}"


@dataclass
class Heard:
    """The times that the pages have reported, in milliseconds since the epoch."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def listen(self, message: str) -> None:
        if found := re.match(r"SPEED (\w+) ([\d.]+)", message):
            self.times.setdefault(found[1], []).append(float(found[2]))

    def wait(self, page: Page, what: str) -> float:
        end = time.monotonic() + SECONDS
        while not self.times.get(what):
            assert time.monotonic() < end, f"no {what}"
            page.wait_for_timeout(50)
        return self.times[what][-1]


def figures(browser: Browser, folder: Path, objects: int, runs: int) -> Iterator[Figure]:
    """Yield the figures of one project: a plan in which all is new, and the graph of it."""
    with ExitStack() as stack:
        dsn = stack.enter_context(embedded.acquire(folder / ".pgmg")).dsn
        load = workload.write(folder / "project", objects)
        nothing = folder / "nothing"
        nothing.mkdir()
        tables = [*PGMG, "apply", "--quiet", "--migrations-dir", load.tables.parent, "--code-dir", nothing]
        process(tables, folder, PGMG_CONNECTION_STRING=dsn)
        settings = load.root / "pgmg.toml"
        settings.write_text(f'connection_string = "{dsn}"\n{settings.read_text()}')
        lab = stack.enter_context(_closing(Lab(folder, folder / "lab")))
        yield from _answers(browser, lab, load.root, objects, runs)
        yield from _frames(browser, lab, load.root, objects, runs)


@contextmanager
def _closing(lab: Lab) -> Iterator[Lab]:
    try:
        yield lab
    finally:
        lab.close()


@contextmanager
def _opened(browser: Browser, lab: Lab, path: Path, *cells: str) -> Iterator[tuple[Notebook, Heard]]:
    page, heard = browser.new_page(viewport={"width": 1280, "height": 900}), Heard()
    page.set_default_timeout(SECONDS * 1000)
    page.add_init_script(LISTEN)
    page.on("console", lambda message: heard.listen(message.text))
    notebook = Notebook(lab, page, path)
    try:
        yield notebook.write("%load_ext pgmg", *cells).open(), heard
    finally:
        notebook.shut()


def _answers(browser: Browser, lab: Lab, root: Path, objects: int, runs: int) -> Iterator[Figure]:
    """From the magic to the picture: the kernel's part, then the page's; the last run's file is saved."""
    found: dict[tuple[str, str], list[float]] = {}
    saved = 0
    for _ in range(runs):
        cells = [TIMED.format(magic=magic) for magic in ("pgmg_plan", "pgmg_graph")]
        with _opened(browser, lab, root / "speed.ipynb", "%%capture\n%pgmg_plan", *cells) as (notebook, heard):
            notebook.run(0)
            notebook.run(1)  # parses the files
            for number, name in enumerate(("plan", "graph"), start=2):
                heard.times.clear()
                output = notebook.run(number)
                took = re.search(r"([\d.]+) s of the processor", output.inner_text())
                assert took is not None, output.inner_text()
                found.setdefault((name, "answered"), []).append(float(took[1]) * 1000)
                painted = heard.wait(notebook.page, name)
                found.setdefault((name, "painted"), []).append(painted - heard.times["answered"][0])
            notebook.save()
            saved = (root / "speed.ipynb").stat().st_size
    for (name, what), values in found.items():
        if what == "answered":
            title, wanted = f"%pgmg_{name} of {objects:,} objects, files parsed: processor time of the answer", 1000
        else:
            title, wanted = f"{name} of {objects:,} objects: from the kernel's answer until it is painted", 1500
        yield Figure(title, statistics.median(values), wanted, "ms")
    yield Figure(f"file of a notebook with one plan and one graph of {objects:,} objects", saved / 1000, 600, "KB")


def _frames(browser: Browser, lab: Lab, root: Path, objects: int, runs: int) -> Iterator[Figure]:
    """The longest time without a frame while the reader does something."""
    with _opened(browser, lab, root / "frames.ipynb", "plan = %pgmg_plan", "%pgmg_graph") as (notebook, heard):
        notebook.run_all()
        notebook.wait(2)
        heard.wait(notebook.page, "graph")
        plan = notebook.output(1).locator(".pgmg-plan")
        graph = notebook.output(2)
        for what, act in _acts(notebook.page, plan, graph):
            frame = _frame(graph) if what.startswith("graph") else notebook.page.main_frame
            gaps, spent = zip(*(_longest(notebook.page, frame, act) for _ in range(runs)), strict=True)
            yield Figure(f"{what}: longest frame", statistics.median(gaps), 100, "ms")
            yield Figure(f"{what}: processor, two acts", statistics.median(spent), 200, "ms")


def _acts(page: Page, plan: Locator, graph: Locator) -> Iterator[tuple[str, Callable[[], object]]]:
    def twice(*names: str) -> Callable[[], object]:
        return lambda: [
            (plan.get_by_role("button", name=name, exact=True).click(), page.wait_for_timeout(60)) for name in names
        ]

    field_, hidden = plan.get_by_label("Filter"), expect(graph.frame_locator("iframe").locator("#panel"))
    inside = graph.frame_locator("iframe")
    yield "plan: all steps unfolded and folded", twice("Unfold all", "Fold all")
    plan.get_by_role("button", name="Unfold all", exact=True).click()
    yield (
        "plan: a letter of the filter, all steps unfolded",
        lambda: (field_.fill(""), field_.type("v"), field_.type("i")),
    )
    field_.fill("")
    plan.get_by_role("button", name="Fold all", exact=True).click()
    yield (
        "plan: a letter of the filter, all steps folded",
        lambda: (field_.fill(""), field_.type("v"), field_.type("i")),
    )
    field_.fill("")
    page.wait_for_timeout(300)
    found = inside.get_by_label("Search objects")
    yield "graph: a letter of the search", lambda: (found.fill(""), found.type("v"), found.type("i"))
    found.press("Escape")
    buttons = [inside.locator(name) for name in ("#zoom-in", "#zoom-out")]
    yield "graph: zoomed in and out", lambda: [(one.click(), page.wait_for_timeout(60)) for one in buttons]
    hidden.to_be_hidden()


def _frame(output: Locator) -> Frame:
    held = output.locator("iframe").element_handle()
    found = held.content_frame()
    assert found is not None
    return found


def _longest(page: Page, frame: Frame, act: Callable[[], object]) -> tuple[float, float]:
    """Return the longest time between two frames, and the processor time of the page's main thread, in milliseconds."""
    metrics = page.context.new_cdp_session(frame if frame is not page.main_frame and _is_apart(frame) else page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    frame.evaluate(FRAMES)
    page.wait_for_timeout(100)
    before = _busy(metrics)
    act()
    page.wait_for_timeout(ENOUGH)
    gaps = frame.evaluate("() => { window.speedOn = false; return window.speedGaps.slice(2); }")
    spent = _busy(metrics) - before
    metrics.detach()
    return max(gaps), spent


def _is_apart(frame: Frame) -> bool:
    """Whether a frame has a process, and so a target, of its own."""
    try:
        frame.page.context.new_cdp_session(frame).detach()
    except Error:
        return False
    return True


def _busy(metrics: CDPSession) -> float:
    found = {one["name"]: one["value"] for one in metrics.send("Performance.getMetrics")["metrics"]}
    return found["TaskDuration"] * 1000
