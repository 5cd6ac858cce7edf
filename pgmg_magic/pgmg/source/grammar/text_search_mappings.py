"""Reads which dictionaries a text search configuration has for each type of token."""

from __future__ import annotations

from pgmg.source.grammar.parser import parse, parts, pb, strings

_ADDS = frozenset({pb.ALTER_TSCONFIG_ADD_MAPPING, pb.ALTER_TSCONFIG_ALTER_MAPPING_FOR_TOKEN})


def text_search_mappings(sql: str) -> dict[str, tuple[str, ...]] | None:
    """Return the dictionaries by type of token that ALTER TEXT SEARCH CONFIGURATION statements add.

    None where one of them does anything else.

    Raises:
        GrammarError: the text does not parse.
    """
    found: dict[str, tuple[str, ...]] = {}
    for raw in parse(sql).stmts:
        if not raw.stmt.HasField("alter_tsconfiguration_stmt"):
            continue
        statement = raw.stmt.alter_tsconfiguration_stmt
        if statement.kind not in _ADDS:
            return None
        dictionaries = tuple(".".join(parts(node.list.items)) for node in statement.dicts)
        found |= dict.fromkeys(strings(statement.tokentype), dictionaries)
    return found
