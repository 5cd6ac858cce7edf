"""CREATE TYPE … AS RANGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import RangeFacts
from pgmg.model.sources.source import Parts, RefKind, Target, TypeName
from pgmg.source.grammar.parser import parts, type_name
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_options
from pgmg.source.references.scopes import Collector
from pgmg.source.refused_statements import refuse_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_NAMES = {
    "canonical": RefKind.ROUTINE,
    "subtype_diff": RefKind.ROUTINE,
    "subtype_opclass": RefKind.OPERATOR_CLASS,
    "collation": RefKind.COLLATION,
}
_LONGEST = 63
_SUFFIX = "_multirange"


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a range type."""
    name = parts(statement.tree.type_name)
    refuse_temporary_name(statement, name, "type")
    options = option_nodes(statement.tree.params)
    collector = Collector()
    subtype = TypeName(())
    if "subtype" in options and options["subtype"].arg.HasField("type_name"):
        subtype = type_name(options["subtype"].arg.type_name)
        collector.message(options["subtype"].arg.type_name)
    for option, kind in _NAMES.items():
        if option in options:
            collector.add(kind, option_parts(options[option]))
    named = options.get("multirange_type_name")
    multirange = multirange_name(name) if named is None else option_parts(named)
    facts = RangeFacts(subtype, read_options(statement.tree.params), multirange)
    yield Declaration(Target(Kind.TYPE, name), facts, collector.references)


READERS: Readers = {"create_range_stmt": read}


def multirange_name(name: Parts) -> Parts:
    """Return the name that the server gives to the multirange type of a range type (makeMultirangeTypeName)."""
    before, found, after = name[-1].partition("range")
    if found:
        whole = f"{before}multirange{after}"
        return (*name[:-1], whole.encode()[:_LONGEST].decode(errors="ignore"))
    short = name[-1].encode()[: _LONGEST - len(_SUFFIX)].decode(errors="ignore")
    return (*name[:-1], short + _SUFFIX)
