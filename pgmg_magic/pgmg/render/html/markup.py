"""Fills HTML templates; every value is escaped and sanitized."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from pgmg.render import sanitize
from pgmg.render.text.side_by_side import sides

_TEMPLATES = Path(__file__).with_name("templates")
_SHEETS = ("notebook.css", "data.css", "watch.css")
_CODE = re.compile(r"`([^`\n]+)`")
_SHORTER = (
    (re.compile(r"/\*.*?\*/", re.DOTALL), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r" ?([{};,]) ?"), r"\1"),
    (re.compile(r": "), ":"),
    (re.compile(r";}"), "}"),
)
"""Patterns to shorten style sheets: the spaces that they remove have no meaning in CSS."""


def fill(template: str, **values: Any) -> str:
    """Return a filled template of `templates/`; every value except `Markup` is sanitized and escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    """Return the environment, created once: compiling a template takes longer than filling it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        auto_reload=False,
    )
    environment.filters["sides"] = sides
    environment.filters["prose"] = prose
    return environment


@cache
def asset(name: str) -> Markup:
    """Return a style sheet or script of `templates/`."""
    return trusted((_TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def style_sheet() -> Markup:
    """Return the `<style>` element that all outputs of a page share; the outputs themselves have none."""
    rules = "\n".join(asset(name) for name in _SHEETS)
    for pattern, instead in _SHORTER:
        rules = pattern.sub(instead, rules)
    return trusted(f"<style>{rules.strip()}</style>\n")


def packed(text: str) -> str:
    """Return a text as base64 of its zlib stream, for a script that unpacks it with `DecompressionStream`."""
    return base64.b64encode(zlib.compress(text.encode(errors="replace"), 9)).decode()


def digest(script: str) -> str:
    """Return a script's SHA-256 as a content security policy has it: `'sha256-…'` without prefix and quotes."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def trusted(text: str) -> Markup:
    """Mark a text as HTML: only for output of pgmg or Graphviz in which names and texts are already escaped."""
    return Markup(text)  # noqa: S704 - see above


def prose(text: str) -> Markup:
    """Return a sentence of pgmg's, what stands between backticks in it as code."""
    said = str(escape(sanitize.sanitize_block(text)))
    return trusted(_CODE.sub(r"<code>\1</code>", said))


def _shown(value: object) -> object:
    return sanitize.sanitize_block(value) if type(value) is str else value
