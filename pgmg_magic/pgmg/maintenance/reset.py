"""Drops what is managed, or all that users made, and forgets all state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.maintenance.locked import locked
from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.maintenance.locked import Connect
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.results.reset_report import ResetReport
    from pgmg.planner import Planner
    from pgmg.planning.reset_plan import ResetScope

_TOLD = "SELECT pg_catalog.pg_notify('pgmg', '{\"reset\": true}')"


class Reset:
    """Empties the database of a project; `including` names the state schemas of others that are meant as well."""

    def __init__(
        self, settings: Settings, planner: Planner, connect: Connect, *, everything: bool, including: tuple[str, ...]
    ) -> None:
        self._settings, self._planner, self._connect = settings, planner, connect
        self._everything, self._including = everything, including

    def plan(self, conn: Connection) -> ResetReport:
        """Return the statements to run and what they leave alone; only reads.

        Raises:
            RefusedChange: something unmanaged, ignored or another project's depends on what would be dropped, or would
                be dropped as well.
            UsageError: an included schema holds no state.
        """
        from pgmg.catalog.reading.catalog_details_reader import read_closure
        from pgmg.catalog.reading.snapshot_reader import read_snapshot
        from pgmg.planning.reset_plan import reset_plan

        snapshot = read_snapshot(conn, self._settings.state_schema)
        scope = self._scope(conn, snapshot)
        seeds = {address for address, live in snapshot.by_address.items() if live.extension is None}
        for one in scope.foundations:
            seeds |= {one.address, *one.members}
        return reset_plan(snapshot, read_closure(conn, snapshot, frozenset(seeds)), scope)

    def _scope(self, conn: Connection, snapshot: Snapshot) -> ResetScope:
        from pgmg.catalog.reading.other_projects import read_foundations, read_other_projects
        from pgmg.planning.reset_plan import ResetScope

        return ResetScope(
            self._settings.state_schema,
            read_other_projects(conn, snapshot, self._settings.state_schema),
            self._including,
            self._everything,
            read_foundations(conn, snapshot, self._created_extensions()) if self._everything else (),
            IgnoredObjects(NamePatterns(self._settings.ignore), snapshot.objects),
            self._sources(conn, snapshot),
        )

    def _sources(self, conn: Connection, snapshot: Snapshot) -> Mapping[str, str]:
        """Return what recorded operator classes were created from: it tells which family came with a class.

        Those are left out for which a migration has created the family.
        """
        from pgmg.catalog.reading.drift_evidence import read_drift_evidence
        from pgmg.model.database.catalog_details import DriftChecks
        from pgmg.planning.demands.implied_families import family_like, is_migrated

        found: dict[str, str] = {}
        files = self._planner.files().migrations or ()
        named = (name for name in snapshot.objects if name.kind is Kind.OPERATOR_CLASS)
        classes = tuple(str(name) for name in named if not is_migrated(family_like(name), files))
        for schema in (self._settings.state_schema, *self._including) if classes else ():
            found |= read_drift_evidence(conn, snapshot, DriftChecks(recorded=classes), schema).recorded
        return found

    def _created_extensions(self) -> frozenset[str]:
        """Return the extensions that migrations of this project create: all others were there before."""
        from pgmg.source.migrations.extensions import created_extensions

        return frozenset().union(*(created_extensions(file.text) for file in self._planner.files().migrations or ()))

    def run(self) -> ResetReport:
        """Run the statements, all or none."""
        from pgmg.applying.lock import refuse_if_locked

        with locked(self._settings, self._planner, self._connect) as conn:
            for schema in self._including:
                refuse_if_locked(conn, schema)
            report = self.plan(conn)
            for statement in report.statements:
                conn.execute(statement.encode())
            conn.execute(_TOLD)
            return report
