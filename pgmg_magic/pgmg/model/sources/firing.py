"""Says when a trigger, rule or event trigger fires (PostgreSQL: ALTER TABLE, ALTER EVENT TRIGGER)."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class Firing(StrEnum):
    """The values are those of `pg_trigger.tgenabled`, `pg_rewrite.ev_enabled` and `pg_event_trigger.evtenabled`."""

    ORIGIN = "O"
    DISABLED = "D"
    REPLICA = "R"
    ALWAYS = "A"

    @property
    def words(self) -> str:
        """The SQL for this state: `ENABLE REPLICA`."""
        match self:
            case Firing.ORIGIN:
                return "ENABLE"
            case Firing.DISABLED:
                return "DISABLE"
            case Firing.REPLICA:
                return "ENABLE REPLICA"
            case Firing.ALWAYS:
                return "ENABLE ALWAYS"
            case _:
                assert_never(self)
