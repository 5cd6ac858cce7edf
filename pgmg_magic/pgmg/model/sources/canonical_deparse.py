"""Two wordings that the server has for one expression, made one: the first, and that of what it has read again."""

from __future__ import annotations

import re
from dataclasses import field

from pgmg.model.lazy_dataclass import dataclass

_MARK = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()\[\]]|, | (?:AND|OR) """)
_DOUBTFUL = re.compile(r"\(ARRAY\[| (AND|OR) .*\) \1 ", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "": ""}


@dataclass(slots=True)
class _Group:
    """The contents of a pair of brackets: words, separators and further groups."""

    bracket: str
    parts: list[str | _Group] = field(default_factory=list)


def canonical_deparse(definition: str) -> str:
    """Return a definition as the server words it once it has read its own words, as after dump and restore.

    - `state IN ('a', 'b')` on a `varchar` is worded `(ARRAY['a'::character varying, …])::text[]` at first; read from
      there, the cast belongs to each element (PostgreSQL's `transformTypeCast`).
    - `id NOT IN (a, b, c)` and `x BETWEEN a AND b AND c` are worded `((… AND …) AND …)` at first; read from there,
      it is one AND of three (`makeAndExpr`, `makeOrExpr`).

    So a restored database, or an index that ALTER TABLE builds again, would differ from what was applied.
    """
    if not _DOUBTFUL.search(definition):
        return definition
    whole = _groups(definition)
    return definition if whole is None else _said(whole.parts)


def _groups(definition: str) -> _Group | None:
    """Return a definition by its brackets, or None where they do not match, as in the body of a function."""
    whole = _Group("")
    opened = [whole]
    at = 0
    for mark in _MARK.finditer(definition):
        word = mark[0]
        if word[0] in "'\"":
            continue
        parts = opened[-1].parts
        if mark.start() > at:
            parts.append(definition[at : mark.start()])
        at = mark.end()
        if word in ("(", "["):
            opened.append(_Group(word))
            parts.append(opened[-1])
        elif word in (")", "]"):
            if _CLOSING[opened.pop().bracket] != word:
                return None
        else:
            parts.append(word)
    opened[-1].parts.append(definition[at:])
    return whole if len(opened) == 1 else None


def _said(parts: list[str | _Group]) -> str:
    said: list[str] = []
    at = 0
    while at < len(parts):
        match parts[at : at + 4]:
            case [_Group("(", ["ARRAY", _Group("[") as array]), str(type_), _Group("[", []), *_]:
                said.append(_cast_each(array, type_))
                at += 3
            case [_Group("(", ["ARRAY", _Group("[") as array]), str(type_), _Group("(") as size, _Group("[", [])]:
                said.append(_cast_each(array, type_ + _bracketed(size)))
                at += 4
            case [_Group() as group, *_]:
                said.append(_bracketed(group))
                at += 1
            case [str(words), *_]:
                said.append(words)
                at += 1
    return "".join(said)


def _cast_each(array: _Group, type_: str) -> str:
    elements: list[list[str | _Group]] = [[]]
    for part in array.parts:
        if part == ", ":
            elements.append([])
        else:
            elements[-1].append(part)
    said = []
    for element in elements:
        match element:
            case ["ARRAY", _Group("[") as inner]:
                said.append(_cast_each(inner, type_))
            case _:
                said.append(f"({_said(element)}){type_}")
    return f"ARRAY[{', '.join(said)}]"


def _bracketed(group: _Group) -> str:
    """Return a group with its brackets; the first operand of AND or OR, if it is one of those too, is part of it."""
    parts = group.parts
    while True:
        match parts:
            case [_Group("(") as first, (" AND " | " OR ") as word, *_] if word in first.parts:
                parts = [*first.parts, *parts[1:]]
            case _:
                return f"{group.bracket}{_said(parts)}{_CLOSING[group.bracket]}"
