"""Tells whether two of the server's own texts of one definition say the same.

The server's text of a definition need not be what the server says once it has read that text, as after dump and
restore: `SELECT 'x'::text` without a name gets one, a cast of an array moves to its elements, `GROUP BY x, x` loses
the second `x`, `a AND (b AND c)` becomes one AND, the roles of a policy come in another order. Both texts are brought
to one form, of which those are parts; everything else must be equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.source.columns.result_names import implied_name
from pgmg.source.grammar.parser import GrammarError, deparse, expression, parse, pb, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

if TYPE_CHECKING:
    from pgmg.source.grammar.parser import Tree


def same_wording(one: str, other: str) -> bool:
    """Tell whether two texts that the server has given differ only in how often it has read them."""
    if one == other:
        return True
    try:
        return _form(one) == _form(other)
    except (GrammarError, TooDeepError):
        return False


@deep_recursion(length)
def _form(sql: str) -> str:
    result = parse(sql)
    for raw in result.stmts:
        _rewrite(raw.stmt)
    return "; ".join(deparse(raw.stmt) for raw in result.stmts)


def _rewrite(message: Tree) -> None:
    """Rewrite a tree in place, inner parts first."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _rewrite(inner)
    match message.DESCRIPTOR.name:
        case "Node" if message.HasField("type_cast"):
            _cast_elements(message)
        case "SelectStmt":
            _leave_out_implied_names(message.target_list)
            _leave_out_repetitions(message.group_clause)
        case "BoolExpr" if message.boolop != pb.NOT_EXPR:
            _flatten(message)
        case "CreatePolicyStmt":  # pg_dump sorts the roles
            _sort_roles(message.roles)
        case _:
            pass


def _cast_elements(node: Tree) -> None:
    """`(ARRAY[a, b])::text[]` is read as `ARRAY[a::text, b::text]` (transformTypeCast in the server)."""
    kind, array = unwrap(node.type_cast.arg)
    if kind != "a_array_expr" or not node.type_cast.type_name.array_bounds:
        return
    type_ = node.type_cast.type_name
    elements = [_cast(element, type_) for element in array.elements]
    node.Clear()
    node.a_array_expr.elements.extend(elements)


def _cast(element: Tree, array_type: Tree) -> Tree:
    cast = pb.Node()
    cast.type_cast.arg.CopyFrom(element)
    cast.type_cast.type_name.CopyFrom(array_type)
    if element.HasField("a_array_expr"):
        _cast_elements(cast)
    else:
        del cast.type_cast.type_name.array_bounds[:]
    return cast


def _flatten(expression: Tree) -> None:
    """`a AND (b AND c)` is worded so where BETWEEN or a comparison of rows stood; laid out for people it is one AND."""
    same = [node.HasField("bool_expr") and node.bool_expr.boolop == expression.boolop for node in expression.args]
    if any(same):
        inner = [
            list(node.bool_expr.args) if is_same else [node]
            for node, is_same in zip(expression.args, same, strict=True)
        ]
        copies = [pb.Node.FromString(node.SerializeToString()) for some in inner for node in some]
        del expression.args[:]
        expression.args.extend(copies)


def _sort_roles(roles: Tree) -> None:
    ordered = sorted(
        (node.SerializeToString() for node in roles), key=lambda node: pb.Node.FromString(node).role_spec.rolename
    )
    del roles[:]
    roles.extend(pb.Node.FromString(node) for node in ordered)


def _leave_out_implied_names(targets: Tree) -> None:
    for node in targets:
        target = node.res_target
        if target.name and target.name == implied_name(target.val):
            target.ClearField("name")


def _leave_out_repetitions(items: Tree) -> None:
    if any(node.HasField("grouping_set") for node in items):
        return
    kept: dict[str, bytes] = {}
    for node in items:
        kept.setdefault(expression(node), node.SerializeToString())
    if len(kept) < len(items):
        del items[:]
        items.extend(pb.Node.FromString(node) for node in kept.values())
