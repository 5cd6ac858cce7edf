"""Compares routines whose signature follows a column: `%TYPE` is looked up once, when the routine is created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.model.naming.names import ROUTINES
from pgmg.model.naming.type_identity import TypeIdentity, formatted_type, type_of
from pgmg.model.sources.facts import AggregateFacts, RoutineFacts
from pgmg.planning.resolve.column_types import may_follow_a_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import SourceObject, TypeName
    from pgmg.planning.resolve.declared import Declared

Signature = tuple[TypeIdentity, ...]
"""The types of all parameters, then that of the result where the source spells it, or of an aggregate's state."""


def following_signatures(
    declared: Iterable[Declared], argument_type: Callable[[TypeName, tuple[str, ...]], str]
) -> dict[ObjectName, Signature]:
    """Return the signatures that declared routines with `%TYPE` have, if they are created now."""
    found = {}
    for one in declared:
        if not may_follow_a_column(one.source):
            continue
        types = _types(one.source)
        if any(type_.relative for type_ in types):
            found[one.name] = tuple(type_of(argument_type(type_, one.source.settings)) for type_ in types)
    return found


def has_signature(values: Mapping[str, Any], source: SourceObject, signature: Signature) -> bool:
    """Say whether the catalog's facts of a routine (`queries/facts.sql`) show a signature."""
    last = []
    match source.facts:
        case RoutineFacts(result=result) if result is not None:
            last = [values["result"]]
        case AggregateFacts(state_type=state) if state is not None:
            last = [values["state_type"]]
        case _:
            pass
    return tuple(formatted_type(text) for text in (*values["types"], *last)) == signature


def _types(source: SourceObject) -> list[TypeName]:
    match source.facts if source.target.kind in ROUTINES else None:
        case RoutineFacts(arguments=arguments, result=last) | AggregateFacts(arguments=arguments, state_type=last):
            return [*(argument.type for argument in arguments), *([last] if last is not None else [])]
        case _:
            return []
