"""`{{name}}` in a query: a value bound as a parameter, or within double quotes an identifier; never pasted as SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.model.naming.sql_tokens import Sort, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.naming.sql_tokens import Token

_MARK = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query with `$1`, `$2`, … and the values that belong to them, in order."""

    text: str
    values: tuple[Any, ...] = ()


def bind(text: str, variables: Mapping[str, Any]) -> BoundQuery:
    """Replace each `{{name}}` by a parameter, and each `"{{name}}"` by the quoted identifier.

    In comments they are left alone. The same name is the same parameter.

    Raises:
        UsageError: no variable has the name, an identifier is not a text, or the mark is within a string.
    """
    if "{{" not in text:
        return BoundQuery(text)
    inside = [token for token in tokens(text) if "{{" in token.text]
    numbers: dict[str, int] = {}

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        around = next((token for token in inside if token.start <= found.start() < token.end), None)
        if around is not None and around.sort is Sort.COMMENT:
            return found[0]
        if around is not None and around.sort is Sort.STRING:
            hint = f"Write {{{{{name}}}}} without quotes: it is bound as a value."
            raise UsageError(f"{{{{{name}}}}} is within a string", hint=hint)
        if name not in variables:
            raise UsageError(f"No variable is named {name!r}", hint=f"Assign it first: {name} = …")
        if _is_identifier(around):
            return _identifier(name, variables[name])
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    bound = _MARK.sub(replaced, text)
    return BoundQuery(bound, tuple(variables[name] for name in numbers))


def _is_identifier(around: Token | None) -> bool:
    return around is not None and around.text.startswith(('"', 'U&"', 'u&"'))


def _identifier(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise UsageError(f'"{{{{{name}}}}}" is an identifier, and the value of {name} is not a text')
    return value.replace('"', '""')
