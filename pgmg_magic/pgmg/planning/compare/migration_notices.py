"""Which migrations are pending, and what is odd about the recorded ones (rule 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import PlanError
from pgmg.model.source import MigrationFile, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.snapshot import Snapshot


def pending_files(files: Sequence[MigrationFile] | None, snapshot: Snapshot) -> tuple[MigrationFile, ...]:
    """Return the migrations that are not recorded, in order.

    Raises:
        PlanError: one of them is a recorded one under a new name (rule 3.4).
    """
    if files is None:
        return ()
    present = {file.name for file in files}
    vanished = {
        row.hash: row.name for row in snapshot.migrations.values() if row.name not in present and row.hash is not None
    }
    pending = tuple(file for file in files if file.name not in snapshot.migrations)
    for file in pending:
        if file.hash in vanished:
            raise PlanError(
                f"Migration {file.name} is {vanished[file.hash]} under a new name: it has been applied already.",
                hint=f"Record the new name with `pgmg baseline {file.name}`, or give the file its old name back.",
            )
    return pending


def migration_notices(files: Sequence[MigrationFile] | None, snapshot: Snapshot) -> tuple[Notice, ...]:
    """Warn of edited and vanished migrations, and of pending ones before applied ones (rule 3.4)."""
    if files is None:
        return ()
    found = []
    present = {file.name: file for file in files}
    for row in snapshot.migrations.values():
        file = present.get(row.name)
        if file is None:
            found.append(Notice("migration-gone", f"Migration {row.name} was applied, but its file is gone.", row.name))
        elif row.hash is not None and row.hash != file.hash:
            text = f"Migration {row.name} has been edited since it was applied; the edit is not run."
            found.append(Notice("migration-edited", text, file.path))
    applied = [position for position, file in enumerate(files) if file.name in snapshot.migrations]
    for position, file in enumerate(files):
        if file.name not in snapshot.migrations and applied and position < applied[-1]:
            text = (
                f"Migration {file.name} is pending, although {files[applied[-1]].name}, which follows it, was applied."
            )
            found.append(Notice("migration-out-of-order", text, file.path))
    return tuple(sorted(found, key=lambda notice: (notice.code, notice.message)))
