"""CREATE FUNCTION and CREATE PROCEDURE."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import Argument, RoutineFacts
from pgmg.model.sources.source import Parts, Reference, RefKind, Target, TypeName
from pgmg.source.grammar.parser import Tree, parts, strings, type_name
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_arguments
from pgmg.source.references.bodies import read_body
from pgmg.source.references.scopes import Collector
from pgmg.source.refused_statements import refuse_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_INPUT = frozenset({"in", "inout", "variadic"})
_TRIGGERS = frozenset({"trigger", "event_trigger"})


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a function or procedure."""
    tree = statement.tree
    name = parts(tree.funcname)
    refuse_temporary_name(statement, name, "routine")
    yield Declaration(*read_routine(tree, name))


def read_routine(tree: Tree, name: Parts) -> tuple[Target, RoutineFacts, tuple[Reference, ...]]:
    """Read the tree of a routine's statement: migrations have them too."""
    collector = Collector()
    arguments = read_arguments(tree.parameters, collector)
    result = None
    if tree.HasField("return_type"):
        result = type_name(tree.return_type)
        collector.message(tree.return_type)
    options = option_nodes(tree.options)
    language = options["language"].arg.string.sval.lower() if "language" in options else "sql"
    body = _body(options.get("as"))
    if tree.HasField("sql_body"):
        collector.visit(tree.sql_body)
    elif body is not None:
        read_body(collector, language, body)
    _read_other_options(options, collector)
    facts = RoutineFacts(
        arguments=arguments,
        result=result,
        language=language,
        is_trigger=result is not None and result.parts[-1] in _TRIGGERS,
        atomic=tree.HasField("sql_body"),
        body=body,
        window="window" in options,
        security_definer="security" in options and options["security"].arg.boolean.boolval,
    )
    target = Target(Kind.PROCEDURE if tree.is_procedure else Kind.FUNCTION, name, input_types(arguments))
    return target, facts, tuple(_softened(collector.references, name))


READERS: Readers = {"create_function_stmt": read}


def input_types(arguments: tuple[Argument, ...]) -> tuple[TypeName, ...]:
    """Return the types that tell overloads apart."""
    return tuple(argument.type for argument in arguments if argument.mode in _INPUT)


def _body(element: Tree | None) -> str | None:
    if element is None:
        return None
    texts = strings(element.arg.list.items)
    return texts[0] if len(texts) == 1 else None  # two: an object file and a symbol in it


def _read_other_options(options: dict[str, Tree], collector: Collector) -> None:
    if "support" in options:
        collector.add(RefKind.ROUTINE, option_parts(options["support"]))
    if "transform" in options:
        collector.visit(options["transform"].arg)


def _softened(references: tuple[Reference, ...], name: Parts) -> Iterator[Reference]:
    """A routine that calls itself must not wait for itself. A namesake of another schema is another routine."""
    for reference in references:
        own = reference.kind is RefKind.ROUTINE and reference.parts[-1] == name[-1]
        is_elsewhere = len(reference.parts) > 1 and len(name) > 1 and reference.parts[-2] != name[-2]
        own = own and not is_elsewhere
        yield dataclasses.replace(reference, hard=False) if own and reference.hard else reference
