"""CREATE TEXT SEARCH PARSER, TEMPLATE, DICTIONARY and CONFIGURATION, and the mappings of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import parts
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_options
from pgmg.source.references.scopes import Collector
from pgmg.source.references.statement_targets import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_FUNCTIONS = ("start", "gettoken", "end", "headline", "lextypes", "init", "lexize")
_OTHERS = ("template", "parser", "copy")


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a text search object."""
    tree = statement.tree
    options = option_nodes(tree.definition)
    kind = KINDS[tree.kind]
    collector = Collector()
    if kind in (Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE):
        for option in _FUNCTIONS:
            if option in options:
                collector.add(RefKind.ROUTINE, option_parts(options[option]))
    else:
        for option in _OTHERS:
            if option in options:
                collector.add(RefKind.TEXT_SEARCH, option_parts(options[option]))
    facts = DefinitionFacts(read_options(tree.definition), normal_form(statement.sql))
    yield Declaration(Target(kind, parts(tree.defnames)), facts, collector.references)


def read_mapping(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read `ALTER TEXT SEARCH CONFIGURATION … MAPPING`: it belongs to the configuration that the file creates."""
    tree = statement.tree
    collector = Collector()
    dictionaries = [parts(node.list.items) for node in tree.dicts]
    for name in dictionaries:
        collector.add(RefKind.TEXT_SEARCH, name)
    normal = normal_form(statement.sql)
    facts = DefinitionFacts(((f"mapping {normal}", ""),), normal)
    yield Declaration(Target(Kind.TEXT_SEARCH_CONFIGURATION, parts(tree.cfgname)), facts, collector.references)


READERS: Readers = {
    "define_stmt/OBJECT_TSPARSER": read,
    "define_stmt/OBJECT_TSTEMPLATE": read,
    "define_stmt/OBJECT_TSDICTIONARY": read,
    "define_stmt/OBJECT_TSCONFIGURATION": read,
    "alter_tsconfiguration_stmt": read_mapping,
}
