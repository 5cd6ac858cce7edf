"""CREATE CAST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import arguments, parts, pb, type_name
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_CONTEXTS = {pb.COERCION_IMPLICIT: "implicit", pb.COERCION_ASSIGNMENT: "assignment"}


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a cast."""
    tree = statement.tree
    collector = Collector()
    collector.message(tree.sourcetype)
    collector.message(tree.targettype)
    method = "inout" if tree.inout else "without function"
    if tree.HasField("func"):
        name = parts(tree.func.objname)
        collector.add(RefKind.ROUTINE, name, arguments=arguments(tree.func))
        collector.message(tree.func)
        method = f"function {'.'.join(name)}"
    options = (("context", _CONTEXTS.get(tree.context, "explicit")), ("method", method))
    target = Target(Kind.CAST, (), (type_name(tree.sourcetype), type_name(tree.targettype)))
    yield Declaration(target, DefinitionFacts(options, normal_form(statement.sql)), collector.references)


READERS: Readers = {"create_cast_stmt": read}
