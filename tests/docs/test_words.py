"""Docstrings say nouns: words that stand for a noun are rare, and none begins with a headless "What"."""

import ast
import re
from pathlib import Path

import pgmg

ROOT = Path(pgmg.__file__).parent
PLACEHOLDERS = re.compile(
    r"\b(what|it|its|them|they|things?|something|anything|everything|nothing|there)\b", re.IGNORECASE
)
MOST = 0.06


def _docstrings():
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", text


def test_the_share_of_words_that_stand_for_a_noun_is_small():
    texts = [text for _, text in _docstrings()]
    words = sum(len(re.findall(r"[A-Za-z']+", text)) for text in texts)
    assert words > 10_000
    assert sum(len(PLACEHOLDERS.findall(text)) for text in texts) <= MOST * words


def test_no_docstring_begins_with_what():
    assert [where for where, text in _docstrings() if text.startswith("What ")] == []
