"""Spells out what CREATE OPERATOR CLASS leaves to the server: families, operand types, and the order of the members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.built_in_types import BUILT_IN_TYPES
from pgmg.source.grammar.parser import Tree, parse, pb, strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Signatures = Mapping[str, Sequence[Tree]]
    """The arguments of support functions by the functions' names, without schemas."""

_OPERATOR, _FUNCTION, _STORAGE = 1, 2, 3
"""`CreateOpClassItem.itemtype` (OPCLASS_ITEM_… in parsenodes.h)."""
_OF_ARGUMENTS = {
    ("btree", 1): (0, 1),
    ("btree", 3): (0, 2),
    ("hash", 1): (0, 0),
    ("hash", 2): (0, 0),
}
"""Support functions whose operand types are those of their arguments, by number (assignProcTypes in opclasscmds.c)."""


def support_functions(statements: Iterable[Tree]) -> Signatures:
    """Return the arguments of support functions, as far as an operator class states them."""
    return {strings(item.name.objname)[-1]: list(item.name.objargs) for item in _functions(statements)}


def state_operator_class(message: Tree, signatures: Signatures) -> None:
    """Rewrite CREATE OPERATOR CLASS so that nothing in it is implied (PostgreSQL manual, CREATE OPERATOR CLASS).

    `signatures` tells the arguments of functions that are named without them.
    """
    if not message.opfamilyname:  # the family has the name of the class
        message.opfamilyname.extend(message.opclassname)
    message.datatype.ClearField("typmods")
    for node in message.items:
        _state(node.create_op_class_item, message, signatures)
    kept = [node for node in message.items if not _is_no_storage(node.create_op_class_item, message.datatype)]
    members = [pb.Node.FromString(node.SerializeToString()) for node in sorted(kept, key=_place)]
    del message.items[:]
    message.items.extend(members)


def stated_members(sql: str, catalog: str, added: Sequence[str]) -> tuple[str, ...]:
    """Return those of `added`, statements that add a member to a family, that the class in `sql` states.

    `catalog` is the server's definition of the class. A member is known by its number and its types' names.
    """
    class_ = parse(sql).stmts[0].stmt.create_op_class_stmt
    signatures = support_functions(raw.stmt for raw in parse(with_members(catalog, added)).stmts)
    state_operator_class(class_, signatures)
    stated = [_place(node) for node in class_.items]
    return tuple(statement for statement in added if _place(_added(statement)) in stated)


def with_members(catalog: str, added: Sequence[str]) -> str:
    """Return CREATE OPERATOR CLASS, as the server words it, with members that statements add to its family."""
    return ", ".join((catalog, *(statement.partition(" ADD ")[2] for statement in added)))


def count_members(sql: str) -> int | None:
    """Return how many members CREATE OPERATOR CLASS puts into a family of its own; None where it names one."""
    class_ = parse(sql).stmts[0].stmt.create_op_class_stmt
    if class_.opfamilyname:
        return None
    return sum(node.create_op_class_item.itemtype in (_OPERATOR, _FUNCTION) for node in class_.items)


def _added(statement: str) -> Tree:
    (item,) = parse(statement).stmts[0].stmt.alter_op_family_stmt.items
    return item


def _functions(statements: Iterable[Tree]) -> Iterator[Tree]:
    for statement in statements:
        if statement.HasField("create_op_class_stmt"):
            items = (node.create_op_class_item for node in statement.create_op_class_stmt.items)
            yield from (item for item in items if item.itemtype == _FUNCTION and item.name.objargs)


def _state(item: Tree, class_: Tree, signatures: Signatures) -> None:
    own = pb.Node(type_name=class_.datatype)
    arguments = item.name.objargs
    item.name.ClearField("objfuncargs")  # with names, which are no part of what a function is
    if item.itemtype == _OPERATOR:
        if not arguments:
            arguments.extend([own, own])
    elif item.itemtype == _FUNCTION:
        if item.name.args_unspecified:
            arguments.extend(signatures.get(strings(item.name.objname)[-1], ()))
        if len(item.class_args) == 1:
            item.class_args.extend(list(item.class_args))
        if not item.class_args:
            places = _OF_ARGUMENTS.get((class_.amname, item.number), ())
            known = bool(places) and max(places) < len(arguments)
            item.class_args.extend([arguments[place] for place in places] if known else [own, own])
    item.name.args_unspecified = False


def _is_no_storage(item: Tree, own: Tree) -> bool:
    """Tell whether a STORAGE clause names the class's own type, which the server does not keep."""
    if item.itemtype != _STORAGE:
        return False
    (*schema, name), (*own_schema, own_name) = strings(item.storedtype.names), strings(own.names)
    is_same = name == own_name and len(item.storedtype.array_bounds) == len(own.array_bounds)
    return is_same and (not schema or not own_schema or schema == own_schema)


def _place(node: Tree) -> tuple[int, int, list[str]]:
    item = node.create_op_class_item
    types = item.class_args if item.itemtype == _FUNCTION else item.name.objargs
    return item.itemtype, item.number, [_type(node.type_name) for node in types]


def _type(type_: Tree) -> str:
    """Return the name of a type without its schema; `_int4` is an array, as the server shows it."""
    name = strings(type_.names)[-1]
    is_named_array = name.startswith("_") and name[1:] in BUILT_IN_TYPES
    return f"{name[1:] if is_named_array else name}{'[]' if is_named_array or type_.array_bounds else ''}"
