"""Corrections to the records of migrations: nothing is run for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """Changes of the records, by file name.

    `recorded` migrations count as applied, `renamed` ones are (old, new), `forgotten` ones have no record any more,
    `accepted` ones are recorded with the text that their files have now.
    """

    recorded: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    forgotten: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is changed."""
        return not (self.recorded or self.renamed or self.forgotten or self.accepted)
