"""Reads how far migrations outside a transaction have come, and settles what their notes leave open (rule 9.2)."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from pgmg.applying.outside.second_try import SecondTry, second_try
from pgmg.errors import UnknownOutcomeError, UsageError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import migration_name
from pgmg.model.plans.resume import Resume
from pgmg.model.secrets import mask_secrets
from pgmg.model.sources.source import StatementKind
from pgmg.source.migrations.progress_notes import BEGUN, begun_note, note_of, notes_on, statements_done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.catalog.state.state_tables import StateTables
    from pgmg.model.plans.plan import Plan
    from pgmg.model.sources.source import Migration, Statement

_SHOWN = 200  # characters of a statement in a message


class OutcomeDoubt(Enum):
    """Why it is not known where to go on."""

    INTERRUPTED = auto()
    """The statement at `number` was begun; whether it came to its end is not known."""

    EDITED = auto()
    """`number` statements are done, but of another text."""


@dataclass(frozen=True, slots=True)
class MigrationProgress:
    """`done` statements need not run again; `begun` is the number of one that was begun after them."""

    done: int = 0
    begun: int | None = None
    doubt: OutcomeDoubt | None = None
    number: int = 0


def progress_of(migration: Migration, notes: Mapping[str, int]) -> MigrationProgress:
    """Return what `notes` (`name@hash`: a number of statements) say of a migration outside a transaction."""
    mine = notes_on(migration, notes)
    done = statements_done(migration, notes)
    if done is None:
        counts = [count for hash_, count in mine.items() if not hash_.endswith(BEGUN)]
        return MigrationProgress(0, None, OutcomeDoubt.EDITED, max(counts))
    begun = next((count for hash_, count in mine.items() if hash_.endswith(BEGUN)), None)
    if begun is None or begun != done or begun >= len(migration.sent):
        return MigrationProgress(done)
    same = mine.keys() & {begun_note(migration.sent, begun), migration.hash + BEGUN}
    if not same or _is_unknown(migration.sent[begun]):
        return MigrationProgress(done, begun, OutcomeDoubt.INTERRUPTED, begun)
    return MigrationProgress(done, begun)


def _is_unknown(statement: Statement) -> bool:
    return statement.kind is not StatementKind.OUTSIDE or second_try(statement.sql) is SecondTry.UNKNOWN


def settle(plan: Plan, notes: Mapping[str, int], resume: Resume | None, state: StateTables) -> Mapping[str, int]:
    """Write down what `resume` says about the uncertain statements of a plan; return the notes as they are then.

    Raises:
        UnknownOutcomeError: something is uncertain, and nobody has said how to go on.
        UsageError: somebody has, and nothing is uncertain.
    """
    migrations = {m.name: m for step in plan.steps if not step.transactional and (m := step.migration) is not None}
    found = [(migration, progress_of(migration, notes)) for migration in migrations.values()]
    doubtful = [(migration, progress) for migration, progress in found if progress.doubt is not None]
    if not doubtful:
        if resume is not None:
            message = "--resume is for a migration that was interrupted, and it is known how far each one has come."
            raise UsageError(message, hint="Leave it out.")
        return notes
    settled = dict(notes)
    for migration, progress in doubtful:
        if resume is None:
            raise _unknown(migration, progress)
        statements = migration.sent
        count = _count(progress, resume)
        state.clear_progress(migration.name)
        settled = {key: n for key, n in settled.items() if key.rpartition("@")[0] != migration.name}
        if count:
            state.record_progress(migration.name, note_of(statements, count), count)
            settled[f"{migration.name}@{note_of(statements, count)}"] = count
    return settled


def _count(progress: MigrationProgress, resume: Resume) -> int:
    """Return how many statements are done, now that somebody has looked."""
    is_edited = progress.doubt is OutcomeDoubt.EDITED
    match resume:
        case Resume.DONE:
            return progress.number if is_edited else progress.number + 1
        case Resume.AGAIN:
            return 0 if is_edited else progress.done


def _unknown(migration: Migration, progress: MigrationProgress) -> UnknownOutcomeError:
    statements, name = migration.sent, str(migration_name(migration.name))
    if progress.doubt is OutcomeDoubt.EDITED:
        many = "The first statement" if progress.number == 1 else f"The first {progress.number} statements"
        return UnknownOutcomeError(
            f"{migration.name} was changed after a part of it had been run outside a transaction. {many} of its "
            "earlier text had been committed.",
            where=SourceLocation(migration.path),
            hint=f"Look at what is there. Then `pgmg apply --resume done` goes on after as many statements of the new "
            f"text ({progress.number}), and `pgmg apply --resume again` runs it from its beginning. Nothing has been "
            "changed by this apply.",
            object=name,
        )
    statement = statements[progress.number]
    shown = mask_secrets(" ".join(statement.sql.split()))
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return UnknownOutcomeError(
        f"{migration.name} was interrupted, and whether this statement had come to its end is not known: {shown}",
        where=statement.location,
        hint=f"{_look(statement)} Then `pgmg apply --resume done` goes on after it, and `pgmg apply --resume again` "
        "runs it once more. Nothing has been changed by this apply.",
        object=name,
    )


def _look(statement: Statement) -> str:
    words = statement.sql.upper().split()
    if "INDEX" in words[:3]:
        return (
            "Look at the indexes of the table (\\d in psql): one that is INVALID was not finished, and is to be "
            "dropped before the statement is run again; one that is valid says that it is done."
        )
    return "It commits by itself, and ran outside a transaction: look at what it does to see whether that was done."
