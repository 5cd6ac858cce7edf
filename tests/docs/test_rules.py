"""docs/rules.md holds each rule that code, tests and pages cite, and nothing cites a rule that it does not hold."""

from __future__ import annotations

import re

import pytest

from tests.docs.reading import ROOT

_CITED = re.compile(r"\brules? (\d+(?:\.\d+)?(?:(?:, | and |; )\d+\.\d+)*)")
_PAGES = ("README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md")))


def _rules() -> set[str]:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    return {*re.findall(r"^## (\d+)\. ", text, re.MULTILINE), *re.findall(r"^- \*\*(\d+\.\d+)", text, re.MULTILINE)}


def _citations():
    for folder in ("pgmg_magic", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql"):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for page in _PAGES:
        yield page, (ROOT / page).read_text(encoding="utf-8")


def test_every_cited_rule_is_in_the_rules():
    rules = _rules()
    unknown = {
        (path, number)
        for path, text in _citations()
        for found in _CITED.finditer(text)
        for number in re.findall(r"\d+(?:\.\d+)?", found[1])
        if number not in rules
    }
    assert not unknown


def test_rules_are_numbered_without_gaps():
    numbers = [tuple(map(int, number.split("."))) for number in _rules() if "." in number]
    for chapter in {chapter for chapter, _ in numbers}:
        own = sorted(rule for about, rule in numbers if about == chapter)
        assert own == list(range(own[0], own[0] + len(own))), chapter


@pytest.mark.parametrize("page", _PAGES)
def test_links_between_pages_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), target
