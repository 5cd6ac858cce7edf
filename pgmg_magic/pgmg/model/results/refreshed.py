"""The result of a refresh of materialized views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One materialized view; `concurrently` is whether it stayed readable, `duration_ms` the time in milliseconds."""

    object: ObjectName
    concurrently: bool
    duration_ms: float
