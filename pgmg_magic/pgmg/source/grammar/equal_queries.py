"""Rewrites queries as the server prints them, as far as that can be told without knowing what their names mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.source.columns.result_names import implied_name
from pgmg.source.grammar.parser import Tree, pb, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNKNOWN = "?column?"
_BOUNDS = {
    pb.AEXPR_BETWEEN: (">=", "<=", pb.AND_EXPR),
    pb.AEXPR_NOT_BETWEEN: ("<", ">", pb.OR_EXPR),
}
_PATTERNS = frozenset({pb.AEXPR_LIKE, pb.AEXPR_ILIKE})


def rename_results(select: Tree, columns: Sequence[str]) -> None:
    """Give the columns of a query the names that a view's column list gives them."""
    while select.HasField("larg"):
        select = select.larg
    for node, name in zip(select.target_list, columns, strict=False):
        node.res_target.name = name


def simplify_expression(name: str, message: Tree, said: list[str]) -> None:
    """Rewrite one message of a tree; which relation a column is qualified with is added to `said`."""
    match name:
        case "SelectStmt":
            for node in message.target_list:
                _name_result(node.res_target)
        case "ColumnRef":
            said.append(".".join(strings(list(message.fields)[:-1])))
            del message.fields[:-1]
        case "Node" if message.HasField("a_expr"):
            _rewrite_operation(message)
        case "BoolExpr" if message.boolop != pb.NOT_EXPR:
            _flatten(message)
        case _:
            pass


def _name_result(target: Tree) -> None:
    if not target.name and (name := implied_name(target.val) or _UNKNOWN) != "*":
        target.name = name


def _rewrite_operation(node: Tree) -> None:
    """Spell BETWEEN, IN and LIKE by the operators that the server keeps of them."""
    operation = node.a_expr
    if operation.kind in _PATTERNS and not operation.rexpr.HasField("func_call"):  # a call holds the ESCAPE
        operation.kind = pb.AEXPR_OP
    elif operation.kind in _BOUNDS:
        lower, upper, connective = _BOUNDS[operation.kind]
        low, high = operation.rexpr.list.items
        bounds = [_comparison(lower, operation.lexpr, low), _comparison(upper, operation.lexpr, high)]
        node.Clear()
        node.bool_expr.boolop = connective
        node.bool_expr.args.extend(bounds)
    elif operation.kind == pb.AEXPR_IN:
        _rewrite_list(node)


def _flatten(expression: Tree) -> None:
    """`a AND (b AND c)` is kept as one AND of three."""
    arguments: list[Tree] = []
    waiting = list(reversed(expression.args))
    while waiting:
        node = waiting.pop()
        if node.HasField("a_expr"):
            _rewrite_operation(node)
        if node.HasField("bool_expr") and node.bool_expr.boolop == expression.boolop:
            waiting.extend(reversed(node.bool_expr.args))
        else:
            arguments.append(node)
    copies = [pb.Node.FromString(node.SerializeToString()) for node in arguments]
    del expression.args[:]
    expression.args.extend(copies)


def _rewrite_list(node: Tree) -> None:
    """`x IN (a, b)` is kept as `x = ANY (ARRAY[a, b])`, and `x IN (a)` as `x = a`."""
    operation = node.a_expr
    items = list(operation.rexpr.list.items)
    operator = operation.name[-1].string.sval
    if len(items) == 1:
        single = _comparison(operator, operation.lexpr, items[0])
        node.CopyFrom(single)
        return
    array = pb.Node()
    array.a_array_expr.elements.extend(items)
    rewritten = _comparison(operator, operation.lexpr, array)
    rewritten.a_expr.kind = pb.AEXPR_OP_ANY if operator == "=" else pb.AEXPR_OP_ALL
    node.CopyFrom(rewritten)


def _comparison(operator: str, left: Tree, right: Tree) -> Tree:
    made = pb.Node()
    made.a_expr.kind = pb.AEXPR_OP
    made.a_expr.name.add().string.sval = operator
    made.a_expr.lexpr.CopyFrom(left)
    made.a_expr.rexpr.CopyFrom(right)
    return made
