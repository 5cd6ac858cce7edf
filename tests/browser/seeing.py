"""What eyes would find wrong with a page: too little contrast, missing labels, things that stick out."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_STICKING_OUT = """
root => {
  const frame = root.getBoundingClientRect(), found = [];
  const scrolls = (it) => { // within something that can be scrolled, or is cut on purpose
    for (let at = it.parentElement; at && at !== root.parentElement; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  for (const it of root.querySelectorAll(".pgmg *, .pgmg, .widget-hbox *")) {
    if (it.closest("svg") && it.tagName !== "svg") continue;
    const box = it.getBoundingClientRect();
    if (box.width && box.right > frame.right + 1 && !scrolls(it))
      found.push(`${it.tagName}.${it.className} ends ${Math.round(box.right - frame.right)} px too far`);
  }
  return found;
}
"""
_TOO_FAINT = """
root => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const painted = (colours) => { // one over the other, on white
    pen.globalCompositeOperation = "source-over";
    for (const colour of ["white", ...colours]) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((n) => n / 255).map((n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = new Set();
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const it = text.parentElement, style = getComputedStyle(it);
    if (!text.data.trim() || !it.checkVisibility() || it.closest("svg, style, script, template")) continue;
    const behind = [];
    for (let at = it; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const [a, b] = [luminance(painted([...behind, style.color])), luminance(painted(behind))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)}: ${it.tagName}.${it.className} ${text.data.trim().slice(0, 40)}`);
  }
  return [...found];
}
"""
"""axe-core leaves JupyterLab's cells out when it looks at contrast."""


def faint(shown: Locator) -> list[str]:
    """Return the texts whose contrast is less than WCAG 2.2 asks of level AA, 4.5 to 1."""
    return shown.evaluate(_TOO_FAINT)


def problems(page: Page, shown: Locator) -> list[str]:
    """Return what axe finds against WCAG 2.2, levels A and AA, in an element."""
    mark = "data-looked-at"
    shown.evaluate("(it, mark) => it.setAttribute(mark, '')", mark)
    found = Axe().run(page, context={"include": [[f"[{mark}]"]]}, options=_RULES)
    shown.evaluate("(it, mark) => it.removeAttribute(mark)", mark)
    return [
        f"{one['id']}: {node['failureSummary']} {node['html'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def overflowing(shown: Locator) -> list[str]:
    """Return what ends right of an element and cannot be scrolled to."""
    return shown.evaluate(_STICKING_OUT)


_BROKEN_NAMES = r"""
shown => [...shown.querySelectorAll('[aria-label^="Steps"] tbody th[scope=row]')].filter(cell => cell.checkVisibility()).map(cell => {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange();
  let text = texts.nextNode();
  while (text && !text.data.trim()) text = texts.nextNode();
  const word = text.data.search(/\S/);
  range.setStart(text, word);
  range.setEnd(text, word + text.data.slice(word).match(/^\S+/)[0].length);
  return [range.toString(), new Set([...range.getClientRects()].map(box => Math.round(box.top))).size];
}).filter(([name, lines]) => lines > 1 && name.length < 25).map(([name]) => name)
"""


def broken_names(shown: Locator) -> list[str]:
    """Return the names of objects below 25 characters that a plan's table breaks in the middle."""
    return shown.evaluate(_BROKEN_NAMES)


_SPILLED = r"""
shown => [...shown.querySelectorAll('.pgmg td, .pgmg th')].filter(cell => cell.checkVisibility()).flatMap(cell => {
  const edge = cell.getBoundingClientRect().right, range = document.createRange(), found = [];
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.parentElement.closest('.more') || text.parentElement.closest('td, th') !== cell) continue;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width && box.right > edge + 1) found.push(`${text.data.trim().slice(0, 60)}: ${Math.round(box.right - edge)} px`);
  }
  return getComputedStyle(cell).overflowX === 'visible' ? found : [];
})
"""


def spilled(shown: Locator) -> list[str]:
    """Return the texts in cells of tables that end in the next cell, over its text."""
    return shown.evaluate(_SPILLED)
