"""Names the places in which a saved plan, as a JSON document, differs from the plan that would run (rule 9.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANY = 3
_SHOWN = 160  # characters of a value
_MAY_DIFFER = frozenset({"inputs", "database.server_version", "risks", "warnings", "bodies", "rehearsal", "readers"})
"""Fields of a saved plan that are not compared: the inputs, which only tell why a plan is stale; the version of the
server; risks and warnings, which depend on sizes and on open sessions; the result of a rehearsal; the statements of
clients."""
_ABSENT = object()


def plan_differences(saved: Any, now: Any) -> str | None:
    """Return the first differences, a place and two values each; None where there are none."""
    found = list(_differences(saved, now, ""))
    if not found:
        return None
    lines = [f"{place}: saved as {_shown(before)}, now {_shown(after)}" for place, before, after in found[:_MANY]]
    more = len(found) - _MANY
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def _differences(saved: Any, now: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if place in _MAY_DIFFER:
        return
    match saved, now:
        case dict(), dict():
            for key in dict.fromkeys((*now, *saved)):
                inner = f"{place}.{key}" if place else str(key)
                yield from _differences(saved.get(key, _ABSENT), now.get(key, _ABSENT), inner)
        case list(), list():
            for number in range(max(len(saved), len(now))):
                before, after = (one[number] if number < len(one) else _ABSENT for one in (saved, now))
                yield from _differences(before, after, f"{place}[{number + 1}]")
        case _ if type(saved) is not type(now) or saved != now:
            yield place, saved, now


def _shown(value: Any) -> str:
    match value:
        case dict() | list():
            text = _short(value)
        case _ if value is _ABSENT:
            text = "absent"
        case _:
            text = mask_secrets(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _short(value: dict[str, Any] | list[Any]) -> str:
    """Name a whole step, migration or notice that only one of the plans has."""
    if isinstance(value, dict):
        named = [str(value[key]) for key in ("action", "object", "name", "code") if key in value]
        return mask_secrets(" ".join(named)) or "an object"
    return f"a list of {len(value)}"
