"""Brings a statement into one spelling, so that the catalog's definition and the source's can be compared."""

from __future__ import annotations

from pgmg.source.grammar import GrammarError, Tree, deparse, expression, parse, pb, unwrap
from pgmg.source.lexer import significant

_QUALIFIED = frozenset(  # lists of strings that are names: (message, field)
    {
        ("FuncCall", "funcname"),
        ("TypeName", "names"),
        ("A_Expr", "name"),
        ("SubLink", "oper_name"),
        ("SortBy", "use_op"),
        ("CollateClause", "collname"),
        ("IndexElem", "opclass"),
        ("IndexElem", "collation"),
        ("CreateTrigStmt", "funcname"),
        ("CreateEventTrigStmt", "funcname"),
        ("CreateStatsStmt", "defnames"),
        ("DefineStmt", "defnames"),
        ("ObjectWithArgs", "objname"),
        ("CreateOpClassStmt", "opclassname"),
        ("CreateOpClassStmt", "opfamilyname"),
        ("CreateOpFamilyStmt", "opfamilyname"),
        ("CreateDomainStmt", "domainname"),
    }
)
_FLAGS = frozenset({"replace", "if_not_exists", "concurrent"})


def normal_form(sql: str) -> str:
    """Return the normal form; a text that does not parse comes back as its tokens with single spaces."""
    try:
        result = parse(sql)
        for raw in result.stmts:
            _simplify(raw.stmt)
        return "; ".join(deparse(raw.stmt) for raw in result.stmts)
    except GrammarError:
        return " ".join(token.text for token in significant(sql))


def _simplify(message: Tree) -> None:
    """Rewrite a tree in place, leaves first."""
    name = message.DESCRIPTOR.name
    for field, value in message.ListFields():
        if field.name in _FLAGS or field.name in ("schemaname", "catalogname"):
            message.ClearField(field.name)
        elif (name, field.name) in _QUALIFIED and len(value) > 1:
            del value[:-1]
        elif field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _simplify(inner)
    match name:
        case "Node":
            _plain_constant(message)
        case "DefElem":
            _text_value(message)
        case "RangeVar":
            message.inh = True
        case "IndexElem" if message.ordering == pb.SORTBY_ASC:
            message.ordering = pb.SORTBY_DEFAULT
        case "CreateStatsStmt":
            _sort(message.stat_types)
            _sort(message.exprs)
        case _:
            pass


def _plain_constant(node: Tree) -> None:
    """`'new'::text` is how the catalog writes `'new'`."""
    if node.HasField("type_cast") and node.type_cast.arg.HasField("a_const"):
        constant = pb.A_Const()
        constant.CopyFrom(node.type_cast.arg.a_const)
        node.a_const.CopyFrom(constant)


def _text_value(element: Tree) -> None:
    """`fillfactor = 70` is stored, and shown by the catalog, as `'70'`."""
    if not element.HasField("arg"):
        return
    kind, inner = unwrap(element.arg)
    match kind:
        case "integer":
            text = str(inner.ival)
        case "float":
            text = inner.fval
        case _:
            return
    element.arg.Clear()
    element.arg.string.sval = text


def _sort(nodes: Tree) -> None:
    ordered = sorted(nodes, key=_sort_key)
    copies = [pb.Node.FromString(node.SerializeToString()) for node in ordered]
    del nodes[:]
    nodes.extend(copies)


def _sort_key(node: Tree) -> str:
    kind, inner = unwrap(node)
    if kind == "string":
        return str(inner.sval)
    return inner.name or expression(inner.expr)
