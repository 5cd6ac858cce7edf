"""The result of `pgmg reset`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResetReport:
    """The `statements` that a reset executed or, with `dry_run`, would execute, in order.

    `ignored` are the objects that it leaves alone because the setting `ignore` covers them, as they are named in plans;
    their records stay.
    """

    statements: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
