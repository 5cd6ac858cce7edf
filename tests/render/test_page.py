import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from pgmg.model.graph_data import Graph
from pgmg.render.graph.formats import to_html
from pgmg.render.html import graph_page, markup
from tests.render import builders as made

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Elements(HTMLParser):
    """What a page is made of: start tags with their attributes, and the text within scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._inside = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.scripts.append(data)


def in_browser(text, folder, probe=""):
    """The page as a browser has it after its scripts ran; `probe` is a script of the test's own."""
    file = folder / "page.html"
    if probe:
        text = text.replace("</body>", f"<script>{probe}</script></body>")
        text = re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", text)
    file.write_text(text, encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=3000", "--window-size=1200,800", "--dump-dom",
        file.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_a_page_needs_nothing_from_anywhere_else():
    elements = Elements(to_html(made.shop()))
    loaded = [attrs for _, attrs in elements.tags if attrs.keys() & {"src", "href", "xlink:href", "action", "data"}]
    assert loaded == []


def test_a_page_lets_no_script_run_but_its_own():
    text = to_html(made.shop())
    elements = Elements(text)
    data, own = [attrs for tag, attrs in elements.tags if tag == "script"]
    assert (data, own) == ({"type": "application/json", "id": "data"}, {})
    (policy,) = [attrs["content"] for tag, attrs in elements.tags if tag == "meta" and "http-equiv" in attrs]
    assert re.search(r"default-src 'none'.*script-src 'sha256-[\w+/=]+'", policy)
    assert not [attrs for _, attrs in elements.tags if any(name.startswith("on") for name in attrs)]


def test_the_data_of_a_page_is_what_the_graph_says():
    data = json.loads(Elements(to_html(made.shop())).scripts[0])
    assert data["nodes"][2] == {
        "name": "view.active_users", "kind": "view", "change": "new", "why": "", "managed": True,
        "place": "sql/a b#1?.sql:1:1", "sql": 'SELECT 1 < 2 AS "</script>"',
    }  # fmt: skip
    assert data["edges"][0] == {"from": 2, "to": 0, "why": "read in the source"}
    assert len(data["edges"]) == 9


def test_no_password_and_nothing_unprintable_is_in_a_page():
    text = to_html(made.shop(), title=f"postgresql://u:{made.PASSWORD}@h/d \x1b[31m")
    assert made.PASSWORD not in text
    assert not {char for char in text if not char.isprintable()} - {"\n"}


def test_a_title_is_only_a_title():
    text = to_html(made.shop(), title="</title><script>alert(1)</script>")
    assert "<script>alert" not in text
    assert html.escape("</title><script>alert(1)</script>") in text


def test_an_empty_graph_has_a_page():
    assert "No objects." in to_html(Graph())


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_hostile_names_do_not_run_in_a_browser(tmp_path):
    shown = in_browser(to_html(made.shop(), title="Shop"), tmp_path)
    assert "<title>Shop</title>" in shown
    assert shown.count('role="button"') == len(made.shop().nodes)  # our own script did run


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_click_tells_all_about_a_node_and_search_finds_it(tmp_path):
    probe = """
        document.querySelector("#n9 path").dispatchEvent(new MouseEvent("click", {bubbles: true}));
        const told = [...document.querySelectorAll("#name, #facts, #needs li, #sql")].map((e) => e.textContent);
        const lit = document.querySelectorAll(".node.lit").length;
        const search = document.getElementById("search");
        search.value = "REPORTING dai";
        search.dispatchEvent(new Event("input"));
        const found = [...document.querySelectorAll(".node.lit")].map((e) => e.id);
        const report = document.createElement("pre");
        report.id = "report";
        report.textContent = JSON.stringify({told, lit, found, hidden: document.getElementById("panel").hidden});
        document.body.append(report);
    """
    shown = in_browser(to_html(made.shop()), tmp_path, probe)
    report = json.loads(html.unescape(re.search(r'<pre id="report">(.*?)</pre>', shown, re.DOTALL)[1]))
    name, facts, needs, sql = report["told"]
    assert name.startswith('view."we""ird</script><script>')
    assert facts == "view · deleted"
    assert needs == "view.user_stats"
    assert "</script>" in sql
    assert (report["lit"], report["found"], report["hidden"]) == (5, ["n5"], False)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_neighbourhood_can_stand_alone_and_says_what_is_hidden(tmp_path):
    probe = """
        const seen = () => [...document.querySelectorAll(".node")].filter((e) => getComputedStyle(e).display !== "none").length;
        const count = document.querySelector(".count"), only = document.getElementById("only"), told = [];
        const tell = () => told.push([count.textContent, seen(), only.getAttribute("aria-pressed")]);
        document.querySelector("#n9 path").dispatchEvent(new MouseEvent("click", {bubbles: true}));
        only.click(); tell();
        only.click(); tell();
        only.click(); document.getElementById("close").click(); tell();
        const report = document.createElement("pre");
        report.id = "report";
        report.textContent = JSON.stringify(told);
        document.body.append(report);
    """
    shown = in_browser(to_html(made.shop()), tmp_path, probe)
    report = json.loads(html.unescape(re.search(r'<pre id="report">(.*?)</pre>', shown, re.DOTALL)[1]))
    whole = ["10 objects · 3 more objects not shown", 10, "false"]
    assert report == [["5 shown, 5 hidden", 5, "true"], whole, whole]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_page_in_a_frame_takes_the_theme_that_its_holder_tells(tmp_path):
    probe = """
        const frame = document.querySelector("iframe"), report = document.createElement("pre");
        report.id = "report";
        document.body.append(report);
        const tell = (dark, source) => {
          frame.contentWindow.dispatchEvent(new MessageEvent("message", { data: { dark }, source }));
          report.textContent += frame.contentWindow.getComputedStyle(frame.contentDocument.body).backgroundColor + ";";
        };
        const begin = () => { tell(false, window); tell(true, window); tell(false, frame.contentWindow); };
        if (frame.contentDocument.querySelector("#data")) begin();
        else frame.addEventListener("load", begin);
    """
    # in a notebook the frame is a world of its own; here the test looks into it
    held = f'<!DOCTYPE html><body><iframe srcdoc="{html.escape(to_html(made.shop()))}"></iframe></body>'
    shown = in_browser(held, tmp_path, probe)
    told = re.search(r'<pre id="report">(.*?);</pre>', shown)[1].split(";")
    assert told == ["rgb(247, 249, 251)", "rgb(15, 19, 25)", "rgb(15, 19, 25)"]  # nobody but the holder may


def test_templates_refuse_what_they_were_not_given():
    with pytest.raises(Exception, match="is undefined"):
        markup.fill("graph.html.j2")


def test_scripts_and_styles_cannot_end_their_elements_early():
    assert "</" not in markup.asset("graph.css")
    assert "</" not in markup.asset("graph.js")
    assert graph_page.to_html(made.shop()).count("</script>") == 2
