"""Brings a statement into one spelling, so that the catalog's definition and the source's can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from pgmg.source.grammar.lexer import significant
from pgmg.source.grammar.parser import GrammarError, Tree, deparse, expression, parse, pb, strings, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

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
_OPERATOR_CLAUSES = {"procedure": "function"}
_FLAGS = frozenset({"replace", "if_not_exists", "concurrent"})


def normal_form(sql: str) -> str:
    """Return the normal form; a text that does not parse comes back as its tokens with single spaces."""
    try:
        return _normal(sql).text
    except (GrammarError, TooDeepError):
        return " ".join(token.text for token in significant(sql))


def same_definition(one: str, other: str) -> bool:
    """Tell whether two statements define the same, as far as each of them says.

    The normal forms must agree, and so must the schemas and the casts of constants wherever both spell them: the
    catalog writes `app.f('x'::text)` where the source may say `f('x')`, but never where it says `web.f('x')`.
    """
    try:
        first, second = _normal(one), _normal(other)
    except (GrammarError, TooDeepError):
        return normal_form(one) == normal_form(other)
    said = zip(first.said, second.said, strict=False)  # equal texts come from equal trees
    return first.text == second.text and all(a == b or not a or not b for a, b in said)


@dataclass(frozen=True, slots=True)
class _Normal:
    """A normal form, and what was left out of it, place by place; empty where the statement did not say it."""

    text: str
    said: tuple[str, ...]


@deep_recursion(length)
def _normal(sql: str) -> _Normal:
    result = parse(sql)
    said: list[str] = []
    for raw in result.stmts:
        _simplify(raw.stmt, said)
    return _Normal("; ".join(deparse(raw.stmt) for raw in result.stmts), tuple(said))


def _simplify(message: Tree, said: list[str]) -> None:
    """Rewrite a tree in place, leaves last, so that both trees are gone through in the same order."""
    name = message.DESCRIPTOR.name
    _before(name, message, said)
    for field, value in message.ListFields():
        if field.name in _FLAGS:
            message.ClearField(field.name)
        elif (name, field.name) in _QUALIFIED:
            said.append(".".join(strings(value)[:-1]))
            del value[:-1]
        elif field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _simplify(inner, said)
    if name == "CreateStatsStmt":  # the server sorts what they are about
        _sort(message.stat_types)
        _sort(message.exprs)


def _before(name: str, message: Tree, said: list[str]) -> None:
    match name:
        case "Node":
            _plain_constant(message, said)
        case "DefElem":
            _text_value(message)
        case "RangeVar":
            said.append(message.schemaname)
            message.ClearField("schemaname")
            message.ClearField("catalogname")
            message.inh = True
        case "AlterTableStmt":  # it may name a view
            message.objtype = pb.OBJECT_TABLE
        case "IndexElem" if message.ordering == pb.SORTBY_ASC:
            message.ordering = pb.SORTBY_DEFAULT
        case "DefineStmt" if message.kind == pb.OBJECT_OPERATOR:
            for node in message.definition:
                node.def_elem.defname = _OPERATOR_CLAUSES.get(node.def_elem.defname, node.def_elem.defname)
        case _:
            pass


def _plain_constant(node: Tree, said: list[str]) -> None:
    """`'new'::text` is how the catalog writes `'new'`."""
    if node.HasField("type_cast") and node.type_cast.arg.HasField("a_const"):
        said.append(".".join(strings(node.type_cast.type_name.names)))
        constant = pb.A_Const()
        constant.CopyFrom(node.type_cast.arg.a_const)
        node.a_const.CopyFrom(constant)
    elif node.HasField("a_const"):
        said.append("")


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
