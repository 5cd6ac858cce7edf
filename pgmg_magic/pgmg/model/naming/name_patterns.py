"""Patterns that choose objects by schema, kind, name or owner: `app.*`, `view.tmp_*`, `owner:etl`."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import ObjectName

OWNER = "owner:"
"""Begins a pattern for the name of the owning role."""


@dataclass(frozen=True)
class NamePatterns:
    """Patterns of which one must match; `*`, `?` and `[…]` mean what they mean in a shell.

    A pattern is compared with `name`, `schema.name`, `kind.name` and `kind.schema.name` of the object, without
    arguments and with them, and with those of the relation that a trigger, rule, policy or index is on. A pattern that
    begins with `owner:` is compared with the owner.
    """

    patterns: tuple[str, ...] = ()

    @cached_property
    def _names(self) -> re.Pattern[str]:
        return _any_of(pattern for pattern in self.patterns if not pattern.startswith(OWNER))

    @cached_property
    def _owners(self) -> re.Pattern[str]:
        return _any_of(p.removeprefix(OWNER) for p in self.patterns if p.startswith(OWNER))

    def match(self, name: ObjectName, owner: str = "") -> bool:
        """Say whether one of the patterns means the object."""
        if not self.patterns:
            return False
        about: ObjectName | None = name
        while about is not None:
            if any(self._names.match(spelling) for spelling in _spellings(about)):
                return True
            about = about.parent
        return bool(owner) and bool(self._owners.match(owner))


def _any_of(patterns: Iterator[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")


def _spellings(name: ObjectName) -> Iterator[str]:
    """Yield the forms of a name, unquoted."""
    bare = [name.name] if name.name else [name.display_name]
    if name.arguments is not None and name.name:
        bare.append(f"{name.name}({', '.join(name.arguments)})")
    for one in bare:
        yield one
        yield f"{name.kind.value}.{one}"
        if name.schema is not None:
            yield f"{name.schema}.{one}"
            yield f"{name.kind.value}.{name.schema}.{one}"
