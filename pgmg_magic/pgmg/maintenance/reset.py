"""Drops what is managed, or all that users made, and forgets all state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.maintenance.locked import locked

if TYPE_CHECKING:
    from pgmg.catalog.connection import Connection
    from pgmg.config import Settings
    from pgmg.maintenance.locked import Connect
    from pgmg.planner import Planner


class Reset:
    """Empties the database of a project."""

    def __init__(self, settings: Settings, planner: Planner, connect: Connect) -> None:
        self._settings, self._planner, self._connect = settings, planner, connect

    def statements(self, conn: Connection, *, everything: bool) -> tuple[str, ...]:
        """Return the statements that drop managed objects and pgmg's tables, or all that users made; only reads.

        Raises:
            RefusedChange: something unmanaged depends on a managed object.
        """
        from pgmg.catalog.catalog_details import read_closure
        from pgmg.catalog.snapshot_reader import read_snapshot
        from pgmg.planning.reset_plan import reset_statements

        snapshot = read_snapshot(conn, self._settings.state_schema)
        closure = read_closure(conn, snapshot)
        return reset_statements(snapshot, closure, self._settings.state_schema, everything=everything)

    def run(self, *, everything: bool) -> tuple[str, ...]:
        """Run the statements, all or none."""
        with locked(self._settings, self._planner, self._connect) as conn:
            statements = self.statements(conn, everything=everything)
            for statement in statements:
                conn.execute(statement.encode())
            return statements
