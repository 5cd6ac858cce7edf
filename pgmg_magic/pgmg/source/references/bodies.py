"""Reads the bodies of routines for what they refer to (rule 2.2). What stands in a string is a soft dependency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.source.grammar.parser import GrammarError, Tree, parse
from pgmg.source.references.plpgsql import fragments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.source.references.scopes import Collector


def read_body(collector: Collector, language: str, body: str) -> None:
    """Add what a string body refers to; bodies in other languages, or that do not parse, add nothing."""
    hard, collector.hard = collector.hard, False
    match language:
        case "sql":
            read_statements(collector, [body])
        case "plpgsql":
            found = fragments(body)
            sql = [*found.statements, *(f"SELECT {text}" for text in found.expressions)]
            read_statements(collector, sql)
            read_types(collector, found.types)
        case _:
            pass
    collector.hard = hard


def read_statements(collector: Collector, statements: Sequence[str]) -> None:
    """Parse statements in one go, or one by one where one of them does not parse."""
    if not statements:
        return
    try:
        result = parse(";\n".join(statements))
    except GrammarError:
        if len(statements) > 1:
            for statement in statements:
                read_statements(collector, [statement])
        return
    for raw in result.stmts:
        read_tree(collector, raw.stmt)


def read_tree(collector: Collector, node: Tree) -> None:
    """Add what a statement inside a body refers to."""
    collector.visit(node)


def read_types(collector: Collector, types: Sequence[str]) -> None:
    """Add the types of variables: `app.kind[]`, `t%ROWTYPE`, `t.c%TYPE`."""
    casts: list[str] = []
    for type_ in types:
        row, percent, _ = type_.rpartition("%")
        word = type_[len(row) + 1 :].strip().upper()
        if not percent:
            casts.append(f"SELECT NULL::{type_}")
        elif word.startswith("ROWTYPE"):
            casts.append(f"TABLE {row}")
        elif word.startswith("TYPE") and "." in row:  # without a dot it is another variable's type
            casts.append(f"SELECT FROM {row.rpartition('.')[0]}")
    read_statements(collector, [cast for cast in casts if cast])
