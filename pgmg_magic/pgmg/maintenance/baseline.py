"""Records migrations as applied without running them, and corrects single records (rules 1.1, 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.config import applied_from
from pgmg.errors import ConfigError, SourceErrors, UnknownObjectError
from pgmg.maintenance.locked import locked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.maintenance.locked import Connect
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.results.record_changes import RecordChanges
    from pgmg.model.sources.source import MigrationFile
    from pgmg.planner import Planner


class Baseline:
    """Changes the records of a project's migrations."""

    def __init__(self, settings: Settings, planner: Planner, connect: Connect) -> None:
        self._settings, self._planner, self._connect = settings, planner, connect

    def pending(self, conn: Connection, upto: str | None) -> tuple[str, ...]:
        """Return the names that `record` would record; only reads.

        Raises:
            ConfigError: no migrations folder is configured.
            SourceErrors: a migration, or the folder, cannot be read.
            UnknownObjectError: there is no migration of the name.
            OtherProject: the database has records of another project's migrations.
        """
        return tuple(file.name for file in self._pending(conn, upto)[0])

    def record(self, upto: str | None) -> tuple[str, ...]:
        """Record the pending migrations, up to and with `upto` if it is given; return their names."""
        from pgmg.applying.record import done_migration
        from pgmg.catalog.state.state_tables import StateTables

        with locked(self._settings, self._planner, self._connect) as conn:
            files, snapshot = self._pending(conn, upto)
            if files:
                state = StateTables(conn, self._settings.state_schema, applied_from(self._settings))
                state.prepare(snapshot)
                state.record_migrations([done_migration(file.name, file.hash, file.text) for file in files])
            return tuple(file.name for file in files)

    def _pending(self, conn: Connection, upto: str | None) -> tuple[list[MigrationFile], Snapshot]:
        from pgmg.planning.compare.migration_notices import refuse_other_project

        files, snapshot = self._files(), self._snapshot(conn)
        names = [file.name for file in files]
        if upto is not None and upto not in names:
            import difflib

            near = difflib.get_close_matches(upto, names, n=3, cutoff=0.4)
            raise UnknownObjectError(
                f"There is no migration {upto!r}.", hint=f"Did you mean {', '.join(near)}?" if near else None
            )
        refuse_other_project(files, snapshot)
        chosen = files if upto is None else files[: names.index(upto) + 1]
        return [file for file in chosen if file.name not in snapshot.migrations], snapshot

    # -- single records -----------------------------------------------------------------------------------

    def checked(self, conn: Connection, wanted: RecordChanges) -> RecordChanges:
        """Return what is left to do of the wanted changes; only reads.

        Raises:
            UnknownObjectError: no file, or no record, of a name.
            RefusedChange: the records would not say what happened.
        """
        from pgmg.planning.compare.migration_records import checked_changes

        return checked_changes(wanted, self._files(), self._snapshot(conn).migrations)

    def change(self, wanted: RecordChanges) -> RecordChanges:
        """Make the wanted changes, all or none, and return what was left to do of them."""
        from pgmg.applying.record import done_migration
        from pgmg.catalog.state.state_tables import StateTables

        with locked(self._settings, self._planner, self._connect) as conn:
            changes = self.checked(conn, wanted)
            if changes.is_empty:
                return changes
            state = StateTables(conn, self._settings.state_schema, applied_from(self._settings))
            state.prepare(self._snapshot(conn))
            by_name = {file.name: file for file in self._files()}
            done = {name: done_migration(name, file.hash, file.text) for name, file in by_name.items()}
            state.rename_migrations(changes.renamed)
            state.forget_migrations(changes.forgotten)
            state.accept_migrations([done[name] for name in changes.accepted])
            state.record_migrations([done[name] for name in changes.recorded])
            return changes

    # -- reading ------------------------------------------------------------------------------------------

    def _files(self) -> Sequence[MigrationFile]:
        read = self._planner.files()
        if read.migrations is None:
            raise ConfigError("No migrations folder is configured.", hint="Set migrations_dir in pgmg.toml.")
        if read.migration_problems:
            raise SourceErrors(read.migration_problems)
        return read.migrations

    def _snapshot(self, conn: Connection) -> Snapshot:
        from pgmg.catalog.reading.snapshot_reader import read_snapshot

        return read_snapshot(conn, self._settings.state_schema)
