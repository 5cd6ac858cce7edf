"""The notes on how many statements of a migration outside a transaction are done (rule 9.2).

A note holds that number and a hash of the statements' text, so that a migration whose later statements were corrected
goes on behind them. Before a statement that cannot share a transaction with such a note, another one says that it
begins.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.sources.source import Migration, Statement

BEGUN = ":begun"


def note_of(statements: Sequence[Statement], count: int) -> str:
    """Return the hash under which it is noted that the first `count` statements are done."""
    text = "\x00".join(f"{one.sql}\x00{one.data or ''}" for one in statements[:count])
    return hashlib.sha256(f"{count}\x00{text}".encode()).hexdigest()


def begun_note(statements: Sequence[Statement], number: int) -> str:
    """Return the hash under which it is noted that the statement at `number` begins."""
    return note_of(statements, number + 1) + BEGUN


def notes_on(migration: Migration, notes: Mapping[str, int]) -> dict[str, int]:
    """Return the notes on one migration: numbers of statements by hash, of all notes (`name@hash`)."""
    return {key.rpartition("@")[2]: n for key, n in notes.items() if key.rpartition("@")[0] == migration.name}


def statements_done(migration: Migration, notes: Mapping[str, int]) -> int | None:
    """Return how many statements need not run again; None where those that are done have another text."""
    counts = {hash_: count for hash_, count in notes_on(migration, notes).items() if not hash_.endswith(BEGUN)}
    known = [
        count
        for hash_, count in counts.items()
        if count <= len(migration.sent) and hash_ in (migration.hash, note_of(migration.sent, count))
    ]
    if not known and any(counts.values()):
        return None
    return max(known, default=0)
