"""The one door to postgast: parses SQL with PostgreSQL's own grammar and reads the small things of its trees.

Trees are protobuf messages (`libpg_query`); their positions are offsets in UTF-8 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from pgmg.model.sources.source import Parts, TypeName
from pgmg.source.grammar.lexer import flat_comments
from pgmg.source.grammar.older_names import renamed, restore
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, is_too_deep, length

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    postgast: Any  # its stubs have syntax errors, which a type checker would report to users of pgmg
    pb: Any
else:
    import postgast
    from postgast import pg_query_pb2 as pb

Tree = Any
"""A message of the parse tree: `SelectStmt`, `TypeName`, … (the generated stubs do not pass a type checker)."""

SYSTEM = "pg_catalog"

__all__ = [
    "SYSTEM",
    "GrammarError",
    "Tree",
    "arguments",
    "deparse",
    "expression",
    "name_parts",
    "option_text",
    "parse",
    "parts",
    "pb",
    "relation_parts",
    "role",
    "strings",
    "type_name",
    "type_text",
    "unwrap",
    "wrap",
]


def _read_deep_trees() -> None:
    """Lift protobuf's limit of 100 levels: some sixty `||` or UNION ALL in a row are as deep."""
    from google.protobuf.internal import api_implementation

    if api_implementation.Type() == "upb":  # the others have a limit of their own, and an error for it
        from google._upb import _message

        _message.SetAllowOversizeProtos(True)  # noqa: FBT003 - it has no other


_read_deep_trees()


_COMMENTS = 200
"""Comments that may be nested: what the scanner takes for each grows with what is around it."""


class GrammarError(Exception):
    """The grammar does not accept the text. `offset` counts characters from 0; None where it is not known."""

    def __init__(self, message: str, offset: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def parse(sql: str) -> Tree:
    """Return the `ParseResult` of a text of any number of statements.

    Raises:
        GrammarError: with the message that the server would give.
    """
    try:
        return _parse(sql)
    except postgast.PgQueryError as error:
        if (result := _parse_older(sql)) is not None:
            return result
        offset = error.cursorpos - 1 if error.cursorpos > 0 else None  # characters, unlike positions in trees
        raise GrammarError(error.message, offset) from None
    except (DecodeError, TooDeepError):
        raise GrammarError(str(TooDeepError()), None) from None


@deep_recursion(length)
def _parse(sql: str) -> Tree:
    if is_too_deep(sql):
        raise TooDeepError
    return postgast.parse(flat_comments(sql) if sql.count("/*") > _COMMENTS else sql)


def _parse_older(sql: str) -> Tree | None:
    """Return the tree of a text whose names are key words only for newer servers; None where that is not it."""
    found = renamed(sql)
    if found is None:
        return None
    text, names = found
    try:
        result = _parse(text)
    except postgast.PgQueryError:
        return None
    restore(result, names)
    return result


def deparse(statement: Tree) -> str:
    """Return a statement (the `Node` or the message in it) as the grammar would write it, on one line."""
    node = statement if isinstance(statement, pb.Node) else wrap(statement)
    result: str = postgast.deparse(pb.ParseResult(stmts=[pb.RawStmt(stmt=node)]))
    return result


def wrap(message: Tree) -> Tree:
    """Return a message as the `Node` that holds it."""
    node = pb.Node()
    getattr(node, _field_of(message)).CopyFrom(message)
    return node


def _field_of(message: Tree) -> str:
    name = message.DESCRIPTOR.name
    return str(next(f.name for f in pb.Node.DESCRIPTOR.fields if f.message_type.name == name))


def unwrap(node: Tree) -> tuple[str, Tree]:
    """Return the name of what a `Node` holds (`select_stmt`) and the message itself; an empty name for nothing."""
    name = node.WhichOneof("node")
    return ("", None) if name is None else (name, getattr(node, name))


def expression(node: Tree) -> str:
    """Return an expression as text."""
    target = pb.Node(res_target=pb.ResTarget(val=node))
    select = pb.SelectStmt(
        target_list=[target], limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE
    )  # fmt: skip
    return deparse(select).removeprefix("SELECT ")


def strings(nodes: Iterable[Tree]) -> Parts:
    """Return the values of a list of `String` nodes."""
    return tuple([node.string.sval for node in nodes])


def parts(nodes: Sequence[Tree]) -> Parts:
    """Return a possibly qualified name from a list of `String` nodes; a database's name is left out."""
    return strings(nodes)[-2:]


def name_parts(node: Tree) -> Parts:
    """Return a name from whatever the grammar made of it: a list, a type name, a string, a typed argument list."""
    kind, inner = unwrap(node)
    match kind:
        case "list":
            return strings(inner.items)[-2:]
        case "type_name":
            return strings(inner.names)[-2:]
        case "string":
            return (inner.sval,)
        case "object_with_args":
            return parts(inner.objname)
        case "range_var":
            return relation_parts(inner)
        case _:
            return ()


def relation_parts(relation: Tree) -> Parts:
    """Return the name in a `RangeVar`."""
    schema = relation.schemaname
    return (schema, relation.relname) if schema else (relation.relname,)


def type_name(tree: Tree) -> TypeName:
    """Return a `TypeName` of the grammar as ours."""
    modifiers = ",".join(_modifier(node) for node in tree.typmods)
    names = strings(tree.names)
    return TypeName(names, modifiers, len(tree.array_bounds), tree.setof, tree.pct_type)


def _modifier(node: Tree) -> str:
    if node.HasField("a_const") and node.a_const.HasField("ival"):
        return str(node.a_const.ival.ival)
    return expression(node)


def arguments(routine: Tree) -> tuple[TypeName, ...] | None:
    """Return the input types of an `ObjectWithArgs`; None where it has no list of them. `NONE` is an absent operand."""
    if routine.args_unspecified:
        return None
    return tuple(_argument(node) for node in routine.objargs)


def _argument(node: Tree) -> TypeName:
    return type_name(node.type_name) if node.HasField("type_name") else TypeName(("NONE",))


def role(spec: Tree) -> str:
    """Return the role of a `RoleSpec`: its name, `public`, or `CURRENT_USER` and its like."""
    match spec.roletype:
        case pb.ROLESPEC_CSTRING:
            return str(spec.rolename)
        case pb.ROLESPEC_CURRENT_ROLE:
            return "CURRENT_ROLE"
        case pb.ROLESPEC_CURRENT_USER:
            return "CURRENT_USER"
        case pb.ROLESPEC_SESSION_USER:
            return "SESSION_USER"
        case _:
            return "public"


def option_text(element: Tree, absent: str = "true") -> str:
    """Return the value of a `DefElem` as text; `absent` where it has none (`WITH (security_barrier)`)."""
    if not element.HasField("arg"):
        return absent
    kind, inner = unwrap(element.arg)
    match kind:
        case "string":
            return str(inner.sval)
        case "integer":
            return str(inner.ival)
        case "float":
            return str(inner.fval)
        case "boolean":
            return "true" if inner.boolval else "false"
        case "type_name":
            return type_text(inner)
        case "list":
            return ".".join(_option_item(item) for item in inner.items)
        case "a_star":
            return "*"
        case _:
            return expression(element.arg)


def _option_item(node: Tree) -> str:
    kind, inner = unwrap(node)
    return str(inner.sval) if kind == "string" else expression(node)


def type_text(tree: Tree) -> str:
    """Return a type as it is spelled, without `pg_catalog`."""
    type_ = type_name(tree)
    names = type_.parts[1:] if type_.parts[:1] == (SYSTEM,) else type_.parts
    inside = f"({type_.modifiers})" if type_.modifiers else ""
    return f"{'SETOF ' if type_.setof else ''}{'.'.join(names)}{inside}{'[]' * type_.dimensions}"
