"""The meaning of a plan for clients that were written against the present schema (rule 9.9)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName


class Compatibility(StrEnum):
    """How a client gets on, from best to worst."""

    SAFE = "safe"  # it notices nothing
    TRANSIENT = "transient"  # statements prepared before fail once, or `*` returns something else
    UNKNOWN = "unknown"  # a statement that hides what it does
    BREAKING = "breaking"  # what it uses is gone, or has another shape

    @property
    def rank(self) -> int:
        """The position in the order, from 0."""
        return tuple(Compatibility).index(self)


@dataclass(frozen=True, slots=True)
class ClientImpact:
    """The consequence for clients of one object, with the reason; `where` is `path:line` of what causes it."""

    object: ObjectName
    compatibility: Compatibility
    reason: str
    where: str | None = None
