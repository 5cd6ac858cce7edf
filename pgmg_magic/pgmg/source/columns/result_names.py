"""PostgreSQL's names for columns that a query does not name itself (FigureColname in the parser)."""

from __future__ import annotations

from pgmg.source.grammar.parser import GrammarError, Tree, parse, pb, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

_UNKNOWN = "?column?"
_FIXED = {
    "a_array_expr": "array",
    "coalesce_expr": "coalesce",
    "grouping_func": "grouping",
    "row_expr": "row",
    "xml_serialize": "xmlserialize",
    "json_parse_expr": "json",
    "json_scalar_expr": "json_scalar",
    "json_serialize_expr": "json_serialize",
    "json_object_constructor": "json_object",
    "json_array_constructor": "json_array",
    "json_array_query_constructor": "json_array",
    "json_object_agg": "json_objectagg",
    "json_array_agg": "json_arrayagg",
}


def result_names(query: str) -> tuple[str, ...] | None:
    """Return the names of a query's columns as it says them, `*` among them; None where the text is no query."""
    try:
        return _names(query)
    except (GrammarError, TooDeepError):
        return None


@deep_recursion(length)
def _names(query: str) -> tuple[str, ...] | None:
    statements = parse(query).stmts
    if len(statements) != 1 or not statements[0].stmt.HasField("select_stmt"):
        return None
    return _of_select(statements[0].stmt.select_stmt)


def implied_name(expression: Tree) -> str | None:
    """Return the name of a result column that has no AS; None for `?column?`."""
    return _figured(expression)[0]


def _of_select(select: Tree) -> tuple[str, ...]:
    while select.HasField("larg"):
        select = select.larg
    if select.values_lists:
        return tuple(f"column{n}" for n in range(1, len(select.values_lists[0].list.items) + 1))
    targets = [node.res_target for node in select.target_list]
    return tuple(target.name or _figured(target.val)[0] or _UNKNOWN for target in targets)


def figured_name(node: Tree) -> str:
    """Return what PostgreSQL calls a column of this expression that has no name of its own."""
    return _figured(node)[0] or _UNKNOWN


def _figured(node: Tree) -> tuple[str | None, bool]:
    """Return the name of an expression, and whether it is a good one: a cast gives its own only where it is not."""
    kind, tree = unwrap(node)
    match kind:
        case "column_ref":
            return ("*" if tree.fields[-1].HasField("a_star") else tree.fields[-1].string.sval), True
        case "a_indirection":
            if tree.indirection[-1].HasField("a_star"):
                return "*", True
            names = [part.string.sval for part in tree.indirection if part.HasField("string")]
            return (names[-1], True) if names else _figured(tree.arg)
        case "func_call":
            return tree.funcname[-1].string.sval, True
        case "type_cast":
            name, good = _figured(tree.arg)
            return (name, True) if good else (tree.type_name.names[-1].string.sval, False)
        case "collate_clause":
            return _figured(tree.arg)
        case "case_expr":
            name, good = _figured(tree.defresult) if tree.HasField("defresult") else (None, False)
            return (name, True) if good else ("case", False)
        case "sub_link":
            return _of_subquery(tree)
        case _:
            name = _FIXED.get(kind) or _by_operation(kind, tree)
            return name, name is not None


def _by_operation(kind: str, tree: Tree) -> str | None:
    match kind:
        case "a_expr":
            return "nullif" if tree.kind == pb.AEXPR_NULLIF else None
        case "min_max_expr":
            return "greatest" if tree.op == pb.IS_GREATEST else "least"
        case "sqlvalue_function":
            return str(pb.SQLValueFunctionOp.Name(tree.op)).removeprefix("SVFOP_").removesuffix("_N").lower()
        case "xml_expr":
            return "xml" + str(pb.XmlExprOp.Name(tree.op)).removeprefix("IS_XML").lower()
        case "json_func_expr":
            return str(pb.JsonExprOp.Name(tree.op)).removesuffix("_OP").lower()
        case _:
            return None


def _of_subquery(link: Tree) -> tuple[str | None, bool]:
    match link.sub_link_type:
        case pb.EXISTS_SUBLINK:
            return "exists", True
        case pb.ARRAY_SUBLINK:
            return "array", True
        case pb.EXPR_SUBLINK:
            names = _of_select(link.subselect.select_stmt)
            return (names[0], True) if names and names[0] != _UNKNOWN else (None, False)
        case _:
            return None, False
