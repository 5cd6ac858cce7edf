"""CREATE OPERATOR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target, TypeName
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import Tree, parts, type_name
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_options
from pgmg.source.references.scopes import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

NONE = TypeName(("NONE",))
"""The operand that a prefix operator does not have."""


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an operator.

    Commutator and negator are no references: the server makes an empty shell of one that does not exist yet.
    """
    tree = statement.tree
    options = option_nodes(tree.definition)
    sides = _operand(options.get("leftarg")), _operand(options.get("rightarg"))
    collector = Collector()
    for side in sides:
        if side != NONE:
            collector.add_type(side)
    operands = tuple(side for side in sides if side != NONE)
    for option in ("function", "procedure"):
        if option in options:
            collector.add(RefKind.ROUTINE, option_parts(options[option]), arguments=operands)
    for option in ("restrict", "join"):
        if option in options:
            collector.add(RefKind.ROUTINE, option_parts(options[option]))
    facts = DefinitionFacts(read_options(tree.definition), normal_form(statement.sql))
    yield Declaration(Target(Kind.OPERATOR, parts(tree.defnames), sides), facts, collector.references)


READERS: Readers = {"define_stmt/OBJECT_OPERATOR": read}


def _operand(element: Tree | None) -> TypeName:
    if element is None or not element.arg.HasField("type_name"):
        return NONE
    return type_name(element.arg.type_name)
