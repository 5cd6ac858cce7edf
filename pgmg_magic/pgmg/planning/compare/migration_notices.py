"""Which migrations are pending, and what is odd about the recorded ones (rule 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import OtherProject, RenamedMigration
from pgmg.model.results.applied_from import Checkout
from pgmg.model.sources.source import Notice
from pgmg.source import statements_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pgmg.model.database.snapshot import MigrationRow, Snapshot
    from pgmg.model.sources.source import MigrationFile


def pending_files(files: Sequence[MigrationFile] | None, snapshot: Snapshot) -> tuple[MigrationFile, ...]:
    """Return the migrations that are not recorded, in order.

    Raises:
        OtherProject: others are recorded, and none of these: the database belongs to another project (rule 3.7).
        RenamedMigration: one of them is a recorded one under a new name.
    """
    if files is None:
        return ()
    by_name = {file.name: file for file in files}
    pending = tuple(file for file in files if file.name not in snapshot.migrations)
    for file in pending:
        old = recorded_under_another_name(file, by_name, snapshot.migrations)
        if old is not None:
            raise RenamedMigration(
                f"Migration {file.name} is {old} under a new name: it has been applied already.",
                hint=f"Move its record with `pgmg baseline --rename {old} {file.name}`, or give the file its old name.",
            )
    refuse_other_project(files, snapshot)
    return pending


def refuse_other_project(files: Sequence[MigrationFile], snapshot: Snapshot) -> None:
    """Raise if the database has records of migrations, but of none of these.

    Raises:
        OtherProject: it has.
    """
    if not files or not snapshot.migrations or any(file.name in snapshot.migrations for file in files):
        return
    known = sorted(snapshot.migrations)
    last = snapshot.migrations[known[-1]]
    by = f", by {last.applied_from.described()}" if last.applied_from is not None else ""
    raise OtherProject(
        f"None of this project's {len(files)} migrations is recorded in {snapshot.server.database}, but "
        f"{len(known)} of another project are, such as {known[-1]}{by}.",
        hint=(
            "Is it the right database? Two projects in one database need a state_schema each. If it is the same "
            f"project, squashed or renumbered: `pgmg baseline --only {files[0].name}` counts a migration as applied, "
            "`pgmg baseline --rename OLD NEW` moves a record."
        ),
    )


def recorded_under_another_name(
    file: MigrationFile, present: Collection[str], recorded: Mapping[str, MigrationRow]
) -> str | None:
    """Return the recorded migration whose file is gone and whose text this one has; None where there is none."""
    vanished = [row for row in recorded.values() if row.name not in present and row.hash is not None]
    return next((row.name for row in vanished if row.hash == file.hash), None)


def is_edited(row: MigrationRow, file: MigrationFile) -> bool:
    """Say whether a file differs from what was applied in more than comments and white space."""
    if row.hash is None or row.hash == file.hash:
        return False
    return row.statements_hash is None or row.statements_hash != statements_hash(file.text)


def migration_notices(
    files: Sequence[MigrationFile] | None, snapshot: Snapshot, checkout: Checkout = Checkout()
) -> tuple[Notice, ...]:
    """Warn of edited and vanished migrations, of pending ones before applied ones, and of unfinished ones."""
    if files is None:
        return ()
    found = []
    present = {file.name: file for file in files}
    for row in snapshot.migrations.values():
        file = present.get(row.name)
        if file is None:
            found.append(Notice("migration-gone", _gone(row), row.name))
        elif is_edited(row, file):
            found.append(Notice("migration-edited", _edited(row, checkout), file.path))
        elif row.hash is not None and row.hash != file.hash:
            text = f"Only comments or white space of migration {row.name} have changed since it was applied."
            found.append(Notice("migration-formatting", text, file.path))
    applied = [position for position, file in enumerate(files) if file.name in snapshot.migrations]
    for position, file in enumerate(files):
        if file.name not in snapshot.migrations and applied and position < applied[-1]:
            text = (
                f"Migration {file.name} is pending, although {files[applied[-1]].name}, which follows it, was applied."
            )
            found.append(Notice("migration-out-of-order", text, file.path))
    begun = {key.rpartition("@")[0]: 0 for key in snapshot.progress}
    begun |= {key.rpartition("@")[0]: n for key, n in snapshot.progress.items() if not key.endswith(":begun")}
    for name, count in begun.items():
        if name in present and name not in snapshot.migrations:
            found.append(Notice("migration-begun", _begun(name, count), present[name].path))
    return tuple(sorted(found, key=lambda notice: (notice.code, notice.message)))


def _begun(name: str, count: int) -> str:
    done = f"{count} of its statements {'is' if count == 1 else 'are'} committed"
    return (
        f"Migration {name} was begun outside a transaction and not finished: {done if count else 'its first statement'}"
        f"{'.' if count else ' may have been committed.'} The next apply goes on from there."
    )


def _gone(row: MigrationRow) -> str:
    return (
        f"Migration {row.name} was applied{_by(row)}, but its file is gone. Restore it, or merge its branch; if it was "
        f"renamed, `pgmg baseline --rename {row.name} NEW` moves the record; if another migration holds what it did, "
        f"`pgmg baseline --forget {row.name}` retires it."
    )


def _edited(row: MigrationRow, checkout: Checkout) -> str:
    """Tell an edit from another migration of the same name, which another branch has applied."""
    ways_out = f"`pgmg baseline --accept-edit {row.name}` accepts the text of the file as what was applied."
    if checkout.is_elsewhere(row.applied_from):
        return (
            f"Migration {row.name} was applied with another text{_by(row)}; this one is not run. If it is another "
            f"migration, give its file another name. If it is the same one, edited: restore it, or write a new "
            f"migration; {ways_out}"
        )
    return (
        f"Migration {row.name} has been edited since it was applied{_by(row)}; the edit is not run. Restore the file, "
        f"or write a new migration for the change; {ways_out}"
    )


def _by(row: MigrationRow) -> str:
    return "" if row.applied_from is None else f" by {row.applied_from.described()}"
