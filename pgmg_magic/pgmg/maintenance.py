"""What `baseline` and `reset` do: state without work, and the way back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg.config import applied_from
from pgmg.errors import ConfigError, UnknownObjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgmg.catalog.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.snapshot import Snapshot
    from pgmg.model.source import MigrationFile
    from pgmg.planner import Planner


class Maintenance:
    """Changes state without applying a plan."""

    def __init__(self, settings: Settings, planner: Planner, connect: Callable[[], Connection]) -> None:
        self._settings = settings
        self._planner = planner
        self._connect = connect

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        """One transaction under the lock that applies take."""
        from pgmg.applying.limits import Limits
        from pgmg.applying.transaction import writing

        limits = Limits(self._settings.lock_timeout, self._settings.statement_timeout)
        with (
            self._connect() as conn,
            writing(conn, limits, self._settings.state_schema, self._planner.search_path),
        ):
            yield conn

    def pending(self, conn: Connection, upto: str | None) -> tuple[str, ...]:
        """Return the names that `baseline` would record; only reads.

        Raises:
            ConfigError: no migrations folder is configured.
            UnknownObjectError: no migration bears the name.
        """
        return tuple(file.name for file in self._pending(conn, upto)[0])

    def baseline(self, upto: str | None) -> tuple[str, ...]:
        """Record them."""
        from pgmg.applying.record import done_migration
        from pgmg.catalog.state_tables import StateTables

        with self._locked() as conn:
            files, snapshot = self._pending(conn, upto)
            state = StateTables(conn, self._settings.state_schema, applied_from(self._settings))
            if files:
                state.prepare(snapshot.server)
                state.record_migrations([done_migration(file.name, file.hash, file.text) for file in files])
            return tuple(file.name for file in files)

    def _pending(self, conn: Connection, upto: str | None) -> tuple[list[MigrationFile], Snapshot]:
        from pgmg.catalog.snapshot_reader import read_snapshot

        files = self._planner.files().migrations
        if files is None:
            raise ConfigError("No migrations folder is configured.", hint="Set migrations_dir in pgmg.toml.")
        snapshot = read_snapshot(conn, self._settings.state_schema)
        names = [file.name for file in files]
        if upto is not None and upto not in names:
            import difflib

            near = difflib.get_close_matches(upto, names, n=3, cutoff=0.4)
            raise UnknownObjectError(
                f"There is no migration {upto!r}.", hint=f"Did you mean {', '.join(near)}?" if near else None
            )
        chosen = files if upto is None else files[: names.index(upto) + 1]
        return [file for file in chosen if file.name not in snapshot.migrations], snapshot

    def reset_statements(self, conn: Connection, *, everything: bool) -> tuple[str, ...]:
        """Return the statements that drop managed objects and pgmg's tables, or all that users made; only reads.

        Raises:
            RefusedChange: something that nobody declared depends on a managed object.
        """
        from pgmg.catalog.catalog_details import read_closure
        from pgmg.catalog.snapshot_reader import read_snapshot
        from pgmg.planning.reset_plan import reset_statements

        snapshot = read_snapshot(conn, self._settings.state_schema)
        closure = read_closure(conn, snapshot)
        return reset_statements(snapshot, closure, self._settings.state_schema, everything=everything)

    def reset(self, *, everything: bool) -> tuple[str, ...]:
        """Run them, all or none."""
        with self._locked() as conn:
            statements = self.reset_statements(conn, everything=everything)
            for statement in statements:
                conn.execute(statement.encode())
            return statements
