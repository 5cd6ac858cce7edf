"""Brings a statement into one spelling, so that the catalog's definition and the source's can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.built_in_types import BUILT_IN_TYPES
from pgmg.source.grammar.equal_queries import rename_results, simplify_expression
from pgmg.source.grammar.lexer import significant
from pgmg.source.grammar.operator_classes import state_operator_class, support_functions
from pgmg.source.grammar.parser import GrammarError, Tree, deparse, expression, parse, pb, strings, type_text, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        ("CreateRangeStmt", "type_name"),
        ("AlterTSConfigurationStmt", "cfgname"),
        ("DefineStmt", "defnames"),
        ("ObjectWithArgs", "objname"),
        ("CreateOpClassStmt", "opclassname"),
        ("CreateOpClassStmt", "opfamilyname"),
        ("CreateOpClassItem", "order_family"),
        ("CreateOpFamilyStmt", "opfamilyname"),
        ("CreateDomainStmt", "domainname"),
        ("CreateFunctionStmt", "funcname"),
    }
)
_OPERATOR_CLAUSES = {"procedure": "function"}
_IMPLIED = "?"
_TOO_LARGE = 2**63
_FLAGS = frozenset({"replace", "if_not_exists", "concurrent"})


def normal_form(sql: str) -> str:
    """Return the normal form; a text that does not parse comes back as its tokens with single spaces."""
    try:
        return _normal(sql, only_statement=True).text
    except (GrammarError, TooDeepError):
        return " ".join(token.text for token in significant(sql))


def same_definition(one: str, other: str) -> bool:
    """Tell whether two statements define the same, as far as each of them says; `one` is the catalog's.

    The normal forms must agree, and so must the schemas and the casts of constants wherever both spell them: the
    catalog writes `app.f('x'::text)` where the source may say `f('x')`, but never where it says `web.f('x')`. A number
    without a cast in the catalog has its own type: the catalog never writes `1` where the source says `1::bigint`.
    """
    try:
        first, second = _normal(one), _normal(other, stated=one)
    except (GrammarError, TooDeepError):
        return normal_form(one) == normal_form(other)
    return _agree(first, second)


@dataclass(frozen=True, slots=True)
class _Normal:
    """A normal form, and what was left out of it, place by place; empty where the statement did not say it.

    A number without a cast has the mark `_IMPLIED` and the type that it has by itself.
    """

    text: str
    said: tuple[str, ...]


def same_query(one: str, one_columns: Sequence[str], other: str, other_columns: Sequence[str]) -> bool:
    """Tell whether two queries of views return the same, as `same_definition` does; `columns` name the result's."""
    try:
        first, second = _normal(one, columns=tuple(one_columns)), _normal(other, columns=tuple(other_columns))
    except (GrammarError, TooDeepError):
        return False
    return _agree(first, second)


def _agree(first: _Normal, second: _Normal) -> bool:
    said = zip(first.said, second.said, strict=False)  # equal texts come from equal trees
    return first.text == second.text and all(_agree_on(a, b) for a, b in said)


def _agree_on(shown: str, said: str) -> bool:
    return not said or said.startswith(_IMPLIED) or shown.removeprefix(_IMPLIED) in ("", said)


@deep_recursion(lambda sql, **_: length(sql))
def _normal(sql: str, *, only_statement: bool = False, columns: tuple[str, ...] = (), stated: str = "") -> _Normal:
    """Return the normal form; `only_statement` leaves the expressions of queries as they are.

    `stated` is another text of the same object: it tells the arguments of functions that `sql` names without them.
    """
    result = parse(sql)
    if result.stmts and result.stmts[0].stmt.HasField("create_op_class_stmt"):
        signatures = support_functions(raw.stmt for raw in parse(stated or sql).stmts)
        for raw in result.stmts:
            state_operator_class(raw.stmt.create_op_class_stmt, signatures)
    said: list[str] = []
    for raw in result.stmts:
        if columns and raw.stmt.HasField("select_stmt"):
            rename_results(raw.stmt.select_stmt, columns)
        _simplify(raw.stmt, said, only_statement=only_statement)
    return _Normal("; ".join(deparse(raw.stmt) for raw in result.stmts), tuple(said))


def _simplify(message: Tree, said: list[str], *, only_statement: bool) -> None:
    """Rewrite a tree in place, leaves last, so that both trees are gone through in the same order."""
    name = message.DESCRIPTOR.name
    if not only_statement:
        simplify_expression(name, message, said)
    _before(name, message, said)
    for field, value in message.ListFields():
        if field.name in _FLAGS:
            message.ClearField(field.name)
        elif (name, field.name) in _QUALIFIED:
            said.append(".".join(strings(value)[:-1]))
            del value[:-1]
        elif field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _simplify(inner, said, only_statement=only_statement)
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
        case "TypeName":
            _state_array(message)
        case "AlterTableStmt":  # it may name a view
            message.objtype = pb.OBJECT_TABLE
        case "IndexElem" if message.ordering == pb.SORTBY_ASC:
            message.ordering = pb.SORTBY_DEFAULT
        case _:
            if (rewrite := _STATEMENTS.get(name)) is not None:
                rewrite(message)


def _state_array(type_: Tree) -> None:
    """`_int4` is the name of the type `integer[]`, as the server shows it."""
    name = type_.names[-1].string.sval if type_.names else ""
    if name[:1] == "_" and name[1:] in BUILT_IN_TYPES:
        type_.names[-1].string.sval = name[1:]
        type_.array_bounds.add().integer.ival = -1


def _without_modifiers(*types: Tree) -> None:
    """Casts, operators and operator classes are about types without modifiers."""
    for type_ in types:
        type_.ClearField("typmods")


def _plain_constant(node: Tree, said: list[str]) -> None:
    """`'new'::text` is how the catalog writes `'new'`."""
    if node.HasField("type_cast") and node.type_cast.arg.HasField("a_const"):
        said.append(type_text(node.type_cast.type_name))
        constant = pb.A_Const()
        constant.CopyFrom(node.type_cast.arg.a_const)
        node.a_const.CopyFrom(constant)
    elif node.HasField("a_const"):
        said.append(_type_of_number(node.a_const))


def _type_of_number(constant: Tree) -> str:
    """Return the type that a number has by itself (PostgreSQL manual, 4.1.2.6), marked; empty for other constants."""
    if constant.HasField("ival"):
        return f"{_IMPLIED}int4"
    if not constant.HasField("fval"):
        return ""
    text = constant.fval.fval
    return f"{_IMPLIED}int8" if text.isdecimal() and int(text) < _TOO_LARGE else f"{_IMPLIED}numeric"


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


_OUTPUT = frozenset({pb.FUNC_PARAM_OUT, pb.FUNC_PARAM_INOUT})


def _state_result(function: Tree) -> None:
    """A function with OUT parameters returns the type of the only one, or a record."""
    output = [node.function_parameter for node in function.parameters if node.function_parameter.mode in _OUTPUT]
    if function.is_procedure or function.HasField("return_type") or not output:
        return
    if len(output) == 1:
        function.return_type.CopyFrom(output[0].arg_type)
    else:
        function.return_type.names.add().string.sval = "record"


def _definition(message: Tree) -> None:
    if message.kind == pb.OBJECT_OPERATOR:
        _without_modifiers(*(node.def_elem.arg.type_name for node in message.definition))
    for node in message.definition:
        word = node.def_elem.defname.lower()
        node.def_elem.defname = _OPERATOR_CLAUSES.get(word, word)
    _sort_clauses(message.definition)


def _function(message: Tree) -> None:
    _sort_clauses(message.options)
    _state_result(message)


def _cast(message: Tree) -> None:
    _without_modifiers(message.sourcetype, message.targettype)


def _event_trigger(message: Tree) -> None:
    """Command tags are kept in upper case."""
    for clause in message.whenclause:
        for node in clause.def_elem.arg.list.items:
            node.string.sval = node.string.sval.upper()


def _sort_clauses(nodes: Tree) -> None:
    """Put clauses that may stand in any order into that of their names."""
    ordered = sorted(nodes, key=lambda node: str(node.def_elem.defname))
    copies = [pb.Node.FromString(node.SerializeToString()) for node in ordered]
    del nodes[:]
    nodes.extend(copies)


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


_STATEMENTS: dict[str, Callable[[Tree], None]] = {
    "DefineStmt": _definition,
    "CreateFunctionStmt": _function,
    "CreateCastStmt": _cast,
    "CreateEventTrigStmt": _event_trigger,
}
"""Rewrites of whole statements."""
