"""Checks corrections to the records of migrations before they are made (rule 3.4)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange, UnknownObjectError
from pgmg.model.results.record_changes import RecordChanges
from pgmg.planning.compare.migration_notices import is_edited, recorded_under_another_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.database.snapshot import MigrationRow
    from pgmg.model.sources.source import MigrationFile


def checked_changes(
    wanted: RecordChanges, files: Sequence[MigrationFile], recorded: Mapping[str, MigrationRow]
) -> RecordChanges:
    """Return what is left to do of the wanted changes.

    Raises:
        UnknownObjectError: no file, or no record, of that name.
        RefusedChange: the record would not say what happened; the hint names the command that is meant.
    """
    check = _Check({file.name: file for file in files}, recorded)
    return RecordChanges(
        recorded=tuple(name for name in wanted.recorded if check.may_record(name)),
        renamed=tuple((old, new) for old, new in wanted.renamed if check.may_rename(old, new)),
        forgotten=tuple(name for name in wanted.forgotten if check.may_forget(name)),
        accepted=tuple(name for name in wanted.accepted if check.may_accept(name)),
    )


class _Check:
    def __init__(self, files: Mapping[str, MigrationFile], recorded: Mapping[str, MigrationRow]) -> None:
        self._files, self._recorded = files, recorded

    def may_record(self, name: str) -> bool:
        """Say whether a pending migration is to be recorded; one that is recorded already is not."""
        file = self._file(name)
        if name in self._recorded:
            return False
        old = recorded_under_another_name(file, self._files, self._recorded)
        if old is not None:
            raise RefusedChange(
                f"{name} is {old} under a new name: that is recorded already.",
                hint=f"Move the record: `pgmg baseline --rename {old} {name}`.",
            )
        return True

    def may_rename(self, old: str, new: str) -> bool:
        """Say whether a record is to be moved."""
        self._file(new)
        if new in self._recorded and old not in self._recorded:
            return False  # done already
        self._record(old)
        if old in self._files:
            raise RefusedChange(
                f"{old} was not renamed: its file is there.",
                hint=f"To count {new} as applied besides it: `pgmg baseline --only {new}`.",
            )
        if new in self._recorded:
            raise RefusedChange(
                f"{new} is recorded already.", hint=f"To retire the record of {old}: `pgmg baseline --forget {old}`."
            )
        return True

    def may_forget(self, name: str) -> bool:
        """Say whether a record is to be removed."""
        self._record(name)
        if name in self._files:
            raise RefusedChange(
                f"The file of {name} is there: without its record it would run again.",
                hint="Remove the file first, if another migration holds what it did.",
            )
        return True

    def may_accept(self, name: str) -> bool:
        """Say whether a record is to take over the text that its file has now."""
        file = self._file(name)
        row = self._record(name)
        return row.hash is None or row.hash != file.hash or is_edited(row, file)

    def _file(self, name: str) -> MigrationFile:
        if name not in self._files:
            raise UnknownObjectError(f"There is no migration {name!r}.", hint=_nearest(name, self._files))
        return self._files[name]

    def _record(self, name: str) -> MigrationRow:
        if name not in self._recorded:
            message = f"No migration {name!r} is recorded as applied."
            raise UnknownObjectError(message, hint=_nearest(name, self._recorded))
        return self._recorded[name]


def _nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"Did you mean {', '.join(near)}?" if near else None
