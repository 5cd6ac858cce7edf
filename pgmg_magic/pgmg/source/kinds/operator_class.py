"""CREATE OPERATOR CLASS and CREATE OPERATOR FAMILY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target, TypeName
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import Tree, arguments, parts, type_name, type_text
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_OPERATOR, _FUNCTION, _STORAGE = 1, 2, 3  # OPCLASS_ITEM_… in parsenodes.h


def read_class(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an operator class."""
    tree = statement.tree
    collector = Collector()
    collector.message(tree.datatype)
    if tree.opfamilyname:
        collector.add(RefKind.OPERATOR_CLASS, parts(tree.opfamilyname))
    of = type_name(tree.datatype)
    options = [("default", "true")] if tree.is_default else []
    options.append(("for type", type_text(tree.datatype)))
    options += [_item(node.create_op_class_item, of, collector) for node in tree.items]
    target = Target(Kind.OPERATOR_CLASS, parts(tree.opclassname), detail=tree.amname)
    yield Declaration(target, DefinitionFacts(tuple(sorted(options)), normal_form(statement.sql)), collector.references)


def read_family(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an operator family."""
    tree = statement.tree
    target = Target(Kind.OPERATOR_FAMILY, parts(tree.opfamilyname), detail=tree.amname)
    yield Declaration(target, DefinitionFacts(normal=normal_form(statement.sql)))


READERS: Readers = {"create_op_class_stmt": read_class, "create_op_family_stmt": read_family}


def _item(item: Tree, of: TypeName, collector: Collector) -> tuple[str, str]:
    """Note one line of the class, and return it as an option."""
    if item.itemtype == _STORAGE:
        collector.message(item.storedtype)
        return "storage", type_text(item.storedtype)
    name, types = parts(item.name.objname), arguments(item.name)
    collector.message(item.name)
    if item.itemtype == _OPERATOR:
        collector.add(RefKind.OPERATOR, name, arguments=types or (of, of))
        if item.order_family:
            collector.add(RefKind.OPERATOR_CLASS, parts(item.order_family))
        return f"operator {item.number:02}", ".".join(name)
    collector.add(RefKind.ROUTINE, name, arguments=types)
    return f"function {item.number:02}", ".".join(name)
