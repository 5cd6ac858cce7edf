"""How patient an apply is, and what it asks."""

from __future__ import annotations

from pgmg.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts as PostgreSQL writes them (`500ms`, `2s`); `retries` counts whole runs after the first.

    `advisory_wait` is in seconds: how long another apply may take before this one gives up. `session` are statements
    that put the configured settings and role in force for a transaction. Without `asks_assertions`, what migrations
    require and ensure is taken to hold: on copies without rows it cannot.
    """

    lock_timeout: str = "500ms"
    statement_timeout: str | None = None
    retries: int = 5
    advisory_wait: float = 600.0
    session: tuple[str, ...] = ()
    asks_assertions: bool = True

    @property
    def lock_seconds(self) -> float:
        """`lock_timeout` in seconds."""
        return seconds(self.lock_timeout)


def retry_delay(attempt: int) -> float:
    """Return how many seconds to wait after an attempt, from 1 on, that met a lock."""
    return min(0.1 * 2.0**attempt, 5.0)


_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "": 1e-3}


def seconds(duration: str) -> float:
    """Read a duration as the server does: a number with a unit, milliseconds without one."""
    text = duration.strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    return float(number or 0) * _UNITS.get(text[len(number) :].strip(), 1e-3)
