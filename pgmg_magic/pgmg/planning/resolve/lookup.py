"""Finds objects by what people type: full names, names without kind or schema, names of files."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pgmg.errors import UnknownObjectError
from pgmg.model.naming.names import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.naming.names import ObjectName

_KINDS = frozenset(f"{kind.value}." for kind in Kind)


def find(typed: str, names: Iterable[ObjectName]) -> tuple[ObjectName, ...]:
    """Return every object that `typed` may mean: `view.user_stats`, `user_stats`, `app.f`, `f(integer)`.

    Names are spelled without the schema `public`; it may be typed.

    Raises:
        UnknownObjectError: no object has this name; the hint holds the nearest ones.
    """
    pool = list(names)
    wanted, in_public = typed.lower(), _without_public(typed.lower())
    ways = [(spelled, wanted) for spelled in (str, _bare, _short, _last)]
    ways += [(spelled, in_public) for spelled in (str, _bare, _short) if in_public != wanted]
    for spelled, word in ways:
        found = tuple(name for name in pool if spelled(name).lower() == word)
        if found:
            return found
    known = sorted({spelled(name) for name in pool for spelled in (str, _short)})
    near = difflib.get_close_matches(typed, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "`pgmg graph` lists all objects."
    raise UnknownObjectError(f"No object is named {typed!r}.", hint=hint)


def find_all(typed: Sequence[str], names: Iterable[ObjectName]) -> tuple[ObjectName, ...]:
    """Return all objects meant, each once, in the order typed."""
    pool = list(names)
    return tuple(dict.fromkeys(name for word in typed for name in find(word, pool)))


def _without_public(typed: str) -> str:
    kind, _, rest = typed.partition("public.")
    return kind + rest if not kind or kind in _KINDS else typed


def _bare(name: ObjectName) -> str:
    return name.display_name


def _short(name: ObjectName) -> str:
    return name.short_name


def _last(name: ObjectName) -> str:
    return name.name
