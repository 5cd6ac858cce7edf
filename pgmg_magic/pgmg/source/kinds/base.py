"""The interface of a kind's module: a reader for each node of the grammar that declares such an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.sources.facts import Argument, Facts, Options
from pgmg.source.grammar.parser import Tree, expression, option_text, pb, type_name, unwrap
from pgmg.source.grammar.statements import ParsedStatement

if TYPE_CHECKING:
    from pgmg.model.sources.source import Reference, Target
    from pgmg.source.references.scopes import Collector


@dataclass(frozen=True, slots=True)
class Declaration:
    """One object that a statement declares. `sql` is set where the statement declares several."""

    target: Target
    facts: Facts | None = None
    references: tuple[Reference, ...] = ()
    sql: str | None = None


DeclarationReader = Callable[[ParsedStatement], Iterable[Declaration]]
"""Reads a statement; raises RefusedStatement for what its kind does not allow in a code folder."""

Readers = Mapping[str, DeclarationReader]
"""Readers by `key_of` of the statements they understand."""

_BY_OBJECT = {"define_stmt": "kind", "create_table_as_stmt": "objtype"}


def key_of(node: str, tree: Tree) -> str:
    """Return under which key a statement's reader is registered: its node, with the kind of object where it has one."""
    field = _BY_OBJECT.get(node)
    return node if field is None else f"{node}/{pb.ObjectType.Name(getattr(tree, field))}"


_MODES = {
    pb.FUNC_PARAM_OUT: "out",
    pb.FUNC_PARAM_INOUT: "inout",
    pb.FUNC_PARAM_VARIADIC: "variadic",
    pb.FUNC_PARAM_TABLE: "table",
}


def read_arguments(nodes: Iterable[Tree], collector: Collector) -> tuple[Argument, ...]:
    """Read the parameters of a routine or an aggregate, and note what they refer to."""
    found: list[Argument] = []
    for node in nodes:
        parameter = node.function_parameter
        collector.message(parameter)
        default = expression(parameter.defexpr) if parameter.HasField("defexpr") else None
        mode = _MODES.get(parameter.mode, "in")
        found.append(Argument(mode, parameter.name or None, type_name(parameter.arg_type), default))
    return tuple(found)


def read_options(elements: Iterable[Tree], absent: str = "true") -> Options:
    """Read `name = value` clauses: names in lower case, sorted."""
    found: list[tuple[str, str]] = []
    for node in elements:
        element = node.def_elem
        space = f"{element.defnamespace}." if element.defnamespace else ""
        found.append(((space + element.defname).lower(), option_text(element, absent)))
    return tuple(sorted(found))


def option_nodes(elements: Sequence[Tree]) -> dict[str, Tree]:
    """Index the clauses of a definition by lower case name; the values are `DefElem` messages."""
    return {node.def_elem.defname.lower(): node.def_elem for node in elements}


def option_parts(element: Tree) -> tuple[str, ...]:
    """Return the name that is a clause's value, however the grammar took it."""
    kind, inner = unwrap(element.arg)
    match kind:
        case "type_name":
            return tuple(node.string.sval for node in inner.names)[-2:]
        case "list":
            return tuple(node.string.sval for node in inner.items)[-2:]
        case "string":
            return (inner.sval,)
        case _:
            return ()
