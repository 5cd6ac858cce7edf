"""The columns of a relation before and after a plan, and the ways in which routines can be called."""

from __future__ import annotations

from pgmg.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RelationShape:
    """A relation. `columns` are those after the plan, None where nobody knows; `lost` those that it has before only.

    `is_gone` says that after the plan there is no relation of the name.
    """

    columns: frozenset[str] | None
    lost: frozenset[str] = frozenset()
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class MissingName:
    """A name in a query that means nothing after a plan; `offset` counts characters from 0."""

    message: str
    offset: int
