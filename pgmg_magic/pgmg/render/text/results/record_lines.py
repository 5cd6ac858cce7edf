"""Corrections of migrations' records in words: before and after they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.record_changes import RecordChanges


def intentions(changes: RecordChanges) -> Iterator[str]:
    """Say what is to be done, a phrase each."""
    yield from (f"record {name} as applied" for name in changes.recorded)
    yield from (f"move the record of {old} to {new}" for old, new in changes.renamed)
    yield from (f"retire the record of {name}" for name in changes.forgotten)
    yield from (f"accept the text of {name} as what was applied" for name in changes.accepted)


def results(changes: RecordChanges) -> Iterator[str]:
    """Say what was done, a line each."""
    yield from (f"✓ Recorded migration: {name}" for name in changes.recorded)
    yield from (f"✓ Moved the record: {old} is {new}" for old, new in changes.renamed)
    yield from (f"✓ Retired the record: {name}" for name in changes.forgotten)
    yield from (f"✓ Accepted the edit: {name}" for name in changes.accepted)
