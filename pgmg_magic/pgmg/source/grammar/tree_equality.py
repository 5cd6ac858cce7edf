"""Compares parse trees without the positions at which their parts were written."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgmg.source.grammar.parser import Tree

_POSITIONS = frozenset(
    {"location", "name_location", "stmt_location", "stmt_len"}
    | {"list_start", "list_end", "rexpr_list_start", "rexpr_list_end"}
)


def same_tree(one: Tree, other: Tree) -> bool:
    """Tell whether two messages say the same; positions do not count. Both lose their positions."""
    clear_positions(one)
    clear_positions(other)
    return bool(one == other)


def clear_positions(message: Tree) -> None:
    """Remove every position from a message and all that is in it; without recursion, for trees can be deep."""
    waiting = [message]
    while waiting:
        current = waiting.pop()
        fields = _fields(current.DESCRIPTOR)
        for field, value in current.ListFields():
            kind = fields[field]
            if kind is None:
                continue
            if kind == "position":
                current.ClearField(field.name)
            elif kind == "many":
                waiting += value
            else:
                waiting.append(value)


@cache
def _fields(descriptor: Any) -> dict[Any, str | None]:
    """Tell for each field whether it is a position, one message, many, or none of these."""
    found: dict[Any, str | None] = {}
    for field in descriptor.fields:
        if field.message_type is not None:
            found[field] = "many" if field.is_repeated else "one"
        else:
            found[field] = "position" if field.name in _POSITIONS else None
    return found
