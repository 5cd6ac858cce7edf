"""Fills HTML templates; every value is escaped and sanitized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pgmg.render import sanitize
from pgmg.render.text.side_by_side import sides

_TEMPLATES = Path(__file__).with_name("templates")


def fill(template: str, **values: Any) -> str:
    """Return a filled template of `templates/`; every value except `Markup` is sanitized and escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["sides"] = sides
    return environment.get_template(template).render(**values)


def asset(name: str) -> Markup:
    """Return a style sheet or script of `templates/`."""
    return trusted((_TEMPLATES / name).read_text(encoding="utf-8"))


def trusted(text: str) -> Markup:
    """Mark a text as HTML: only for output of pgmg or Graphviz in which names and texts are already escaped."""
    return Markup(text)  # noqa: S704 - see above


def _shown(value: object) -> object:
    return sanitize.sanitize_block(value) if type(value) is str else value
