"""CREATE TYPE … AS RANGE."""

from __future__ import annotations

from collections.abc import Iterator

from pgmg.model.facts import RangeFacts
from pgmg.model.names import Kind
from pgmg.model.source import RefKind, Target, TypeName
from pgmg.source.grammar import parts, type_name
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_options
from pgmg.source.references import Collector
from pgmg.source.refusals import refuse_temporary_name
from pgmg.source.statements import Parsed

_NAMES = {
    "canonical": RefKind.ROUTINE,
    "subtype_diff": RefKind.ROUTINE,
    "subtype_opclass": RefKind.OPERATOR_CLASS,
    "collation": RefKind.COLLATION,
}


def read(statement: Parsed) -> Iterator[Declaration]:
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
    facts = RangeFacts(subtype, read_options(statement.tree.params))
    yield Declaration(Target(Kind.TYPE, name), facts, collector.references)


READERS: Readers = {"create_range_stmt": read}
