"""The saved plan inside a report: written into Markdown, and read from Markdown, HTML or JSON (`pgmg verify`)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from pgmg.errors import ConfigError
from pgmg.render.json.documents import dumps, saved_plan_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.plan import Plan

HTML_DATA = '<script type="application/json" id="pgmg-plan">'
"""The start of the element of an HTML report that holds the saved plan."""

_COMMENT = re.compile(r"<!-- pgmg plan data: ([A-Za-z0-9+/=]+) -->")
_MOST = 64 * 1024 * 1024
"""Most bytes of unpacked data: a report comes from elsewhere."""
_BRIEF = ("format", "fingerprint", "database", "options", "basis", "compatibility")
_STEP = ("number", "action", "object")
_RISK = ("step", "kind", "relation", "lock", "bytes", "measured")


def markdown_data(plan: Plan) -> tuple[str, str]:
    """Return two comments for a Markdown report: the digests of a plan, and what they were made from, with its steps.

    The second one may be left out: then a change is noticed, and not named.
    """
    document = json.loads(dumps(saved_plan_document(plan)))
    brief = {key: document[key] for key in _BRIEF} | {"steps": []}
    if "rehearsal" in document:
        brief["rehearsal"] = {key: document["rehearsal"][key] for key in ("fingerprint", "at", "proved")}
    rest = {
        "steps": [{key: step[key] for key in _STEP} for step in document["steps"]],
        "risks": [{key: risk[key] for key in _RISK} for risk in document["risks"]],
        "inputs": document["inputs"],
    }
    return _comment(brief), _comment(rest)


def html_data(plan: Plan) -> str:
    """Return the saved plan as JSON in which no character can end or begin an element."""
    text = dumps(saved_plan_document(plan), indent=None)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def saved_plan_text(text: str) -> str:
    """Return the JSON of the saved plan in a report; a text without one is returned as it is.

    Raises:
        ConfigError: the data of a report is damaged.
    """
    if text.removeprefix("\ufeff").lstrip().startswith("{"):
        return text
    if HTML_DATA in text:
        return text.partition(HTML_DATA)[2].partition("</script>")[0]
    if parts := list(_unpacked(text)):
        found: dict[str, Any] = {}
        for part in parts:
            found |= part
        return json.dumps(found)
    return text


def _comment(document: dict[str, Any]) -> str:
    packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 9)
    return f"<!-- pgmg plan data: {base64.b64encode(packed).decode()} -->\n"


def _unpacked(text: str) -> Iterator[dict[str, Any]]:
    for found in _COMMENT.finditer(text):
        try:
            reader = zlib.decompressobj()
            part = json.loads(reader.decompress(base64.b64decode(found[1], validate=True), _MOST))
        except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
            hint = "Make a new one with `pgmg plan --format markdown`."
            raise ConfigError(f"The data of the report is damaged: {error}", hint=hint) from None
        if isinstance(part, dict):
            yield part
