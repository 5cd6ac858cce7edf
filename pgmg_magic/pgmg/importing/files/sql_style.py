"""Lays out what the server prints as people keep it in files; only white space outside of literals changes."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.naming.sql_tokens import significant

if TYPE_CHECKING:
    from collections.abc import Collection

_WIDTH = 100
_INDENT = "    "
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_RIVER = re.compile(
    r"^( +)(SELECT|FROM|WHERE|GROUP BY|HAVING|WINDOW|ORDER BY|LIMIT|OFFSET|VALUES|\S* ?JOIN)?", re.MULTILINE
)
_SHIFT = {"FROM": 3, "WHERE": 2, "GROUP BY": 2, "HAVING": 2, "WINDOW": 2, "ORDER BY": 2}
"""Columns by which the server moves a clause to the right, so that key words end in one column."""
_CLAUSES: dict[Kind, tuple[str, ...]] = {
    Kind.TRIGGER: (
        "BEFORE", "AFTER", "INSTEAD", "NOT DEFERRABLE", "DEFERRABLE", "FROM", "REFERENCING", "FOR EACH", "WHEN",
        "EXECUTE",
    ),
    Kind.POLICY: ("AS", "FOR", "TO", "USING", "WITH CHECK"),
    Kind.EVENT_TRIGGER: ("ON", "WHEN", "EXECUTE"),
    Kind.DOMAIN: ("DEFAULT", "CONSTRAINT"),
}  # fmt: skip
_LISTS = frozenset({Kind.TYPE, Kind.AGGREGATE, Kind.OPERATOR, Kind.COLLATION, Kind.TEXT_SEARCH_DICTIONARY})


def view_query(text: str) -> str:
    """Return a query that `pg_get_viewdef` printed with its clauses at the left margin of their level."""
    text = text.strip("\n").rstrip(";")
    if _has_line_end_in_literal(text):
        return text.lstrip(" ")  # a line may begin inside of a literal

    def moved(found: re.Match[str]) -> str:
        spaces, clause = found.group(1), found.group(2) or ""
        if clause.endswith("JOIN"):
            clause = "JOIN"
        shift = _SHIFT.get(clause, 1 if clause or len(spaces) == 1 else 0)
        return found.group()[min(shift, len(spaces)) :]

    return _RIVER.sub(moved, text)


def _has_line_end_in_literal(sql: str) -> bool:
    return any("\n" in found.group() for found in _LITERAL.finditer(sql))


def routine(sql: str) -> str:
    """Return what `pg_get_functiondef` printed, clauses at the left margin, its body between `$$` if possible."""
    sql = sql.rstrip("\n")
    tag = _closing_tag(sql)
    body = sql.find(f"\nAS {tag}") if tag else -1
    if tag is None or body < 0:
        head, rest = _atomic(sql)
        return _left(head) + rest
    inner = sql[body + len("\nAS ") + len(tag) : -len(tag)]
    mark = "$$" if "$$" not in inner and not inner.endswith("$") else tag
    return f"{_left(sql[:body])}\nAS {mark}{inner}{mark}"


def _closing_tag(sql: str) -> str | None:
    found = re.search(r"\$[A-Za-z_]*\$\Z", sql)
    return found.group() if found else None


def _atomic(sql: str) -> tuple[str, str]:
    """Split before the body that is no string: `BEGIN ATOMIC`, `RETURN`."""
    found = re.search(r"^(BEGIN ATOMIC|RETURN |AS ')", sql, re.MULTILINE)
    return (sql, "") if found is None else (sql[: found.start()], sql[found.start() :])


def _left(head: str) -> str:
    """Put `RETURNS`, `LANGUAGE` … at the margin, and the arguments of a long head on lines of their own."""
    if not _has_line_end_in_literal(head):
        head = re.sub(r"^ +", "", head, flags=re.MULTILINE)
    first, newline, rest = head.partition("\n")
    return _listed(first) + newline + rest if len(first) > _WIDTH else head


def statement(kind: Kind, sql: str) -> str:
    """Return any other CREATE statement, broken before its clauses or inside its list where it is long."""
    if kind in _CLAUSES and ("\n" not in sql) and (len(sql) > _WIDTH or kind in (Kind.TRIGGER, Kind.POLICY)):
        return _clauses(sql, _CLAUSES[kind])
    if kind is Kind.OPERATOR_CLASS:
        return _members(sql)
    if kind in _LISTS and len(sql) > _WIDTH:
        return _listed(sql)
    return sql


def composite(sql: str) -> str:
    """Return CREATE TYPE … AS (…) with an attribute a line."""
    return _listed(sql)


def _clauses(sql: str, words: Collection[str]) -> str:
    """Begin a line before each clause outside of parentheses; the name of the object comes before the first."""
    depth, places = 0, []
    tokens = list(significant(sql))
    previous = ""
    for number, token in enumerate(tokens):
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        elif not depth and number > 2:  # noqa: PLR2004 - CREATE, the kind, the name
            following = tokens[number + 1].word if number + 1 < len(tokens) else ""
            pair = f"{token.word} {following}"
            if (pair in words or token.word in words) and previous not in {"NOT", "."}:
                places.append(token.start)
        previous = token.word or token.text
    for place in reversed(places):
        sql = f"{sql[:place].rstrip()}\n{_INDENT}{sql[place:]}"
    return sql


def _members(sql: str) -> str:
    """Begin a line before each member of an operator class."""
    depth, places = 0, []
    before = None
    for token in significant(sql):
        depth += (token.text == "(") - (token.text == ")")
        if not depth and before is not None and (before.text == "," or before.word == "AS"):
            places.append(token.start)
        before = token
    for place in reversed(places):
        sql = f"{sql[:place].rstrip()}\n{_INDENT}{sql[place:]}"
    return sql


def _listed(sql: str) -> str:
    """Put each item of the first list in parentheses on a line of its own."""
    depth, first, last, commas = 0, None, None, []
    for token in significant(sql):
        if token.text in "([":
            depth += 1
            first = token.end if first is None else first
        elif token.text in ")]":
            depth -= 1
            if depth == 0:
                last = token.start
                break
        elif token.text == "," and depth == 1:
            commas.append(token.end)
    if first is None or last is None or first == last:
        return sql
    edges = [first, *commas, last]
    items = [sql[begin:end].strip() for begin, end in pairwise(edges)]
    return f"{sql[:first]}\n{_INDENT}" + f"\n{_INDENT}".join(items) + f"\n{sql[last:]}"
