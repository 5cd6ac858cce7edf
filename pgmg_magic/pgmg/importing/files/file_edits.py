"""Replaces single statements in the text of a code file; everything else in it stays as it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.sql_tokens import significant
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Target
    from pgmg.source.statement_spans import StatementSpan

    NameOf = Callable[[Target, tuple[str, ...]], ObjectName]

_OR_REPLACE = re.compile(r"CREATE\s+OR\s+REPLACE\b", re.IGNORECASE)


def edited(
    text: str, spans: Sequence[StatementSpan], name_of: NameOf, wanted: Mapping[ObjectName, tuple[str, ...]]
) -> str:
    """Return the text with the statements about `wanted` objects replaced by theirs; by none, they are removed.

    Where several statements are about one object, the first is replaced and the others are removed. A statement about
    several objects is written anew for each of them.
    """
    done: set[ObjectName] = set()
    changes: list[tuple[StatementSpan, list[str]]] = []
    for span in spans:
        named = [(name_of(target, span.settings), sql) for target, sql in span.declared]
        if not any(name in wanted for name, _ in named):
            continue
        written: list[str] = []
        for name, sql in named:
            if name not in wanted:
                written.append(sql)
            elif name not in done:
                written += _like(text[span.start : span.end], wanted[name])
                done.add(name)
        changes.append((span, written))
    for span, written in reversed(changes):
        text = _replaced(text, span, written) if written else _removed(text, span)
    return text


def _like(old: str, statements: Sequence[str]) -> list[str]:
    """Write CREATE OR REPLACE where the statement before did."""
    return [or_replace(one) for one in statements] if _OR_REPLACE.match(old) else list(statements)


def _replaced(text: str, span: StatementSpan, written: Sequence[str]) -> str:
    return text[: span.start] + ";\n".join(written) + text[span.end :]


def _removed(text: str, span: StatementSpan) -> str:
    """Cut a statement out with its semicolon, and with the line where nothing else is in it."""
    start, end = span.start, span.end
    semicolon = next(iter(significant(text[end:])), None)
    if semicolon is not None and semicolon.text == ";":
        end += semicolon.end
    line = text.rfind("\n", 0, start) + 1
    rest = text.find("\n", end)
    rest = len(text) if rest < 0 else rest + 1
    if not text[line:start].strip() and not text[end:rest].strip():
        start, end = line, rest
        if text[:start].endswith("\n\n") and (end == len(text) or text.startswith("\n", end)):
            start -= 1  # one blank line is enough
    return text[:start] + text[end:]
