"""Feeds planning: reads files and database, asks what planning wants to know, and hands it in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.config import Settings
from pgmg.errors import SourceError, SourceErrors
from pgmg.model.names import ABOUT_PARENT, Kind
from pgmg.model.plan import Change, DatabaseInfo, Learned, Plan, PlanOptions
from pgmg.model.snapshot import Snapshot
from pgmg.model.source import Migration, SourceObject
from pgmg.source import SourceFiles, read_files

if TYPE_CHECKING:
    from pgmg.catalog.connection import Connection
    from pgmg.planning.survey import Picture

_DESCRIPTIVE = ABOUT_PARENT | {Kind.DEFAULT_PRIVILEGES}


class Planner:
    """Plans one project, again and again; files that have not changed are not parsed again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._parsed: dict[tuple[str, str], tuple[SourceObject, ...]] = {}
        self._migrations: dict[tuple[str, str], Migration] = {}

    @property
    def search_path(self) -> str | None:
        """The configured search_path as PostgreSQL writes it, or None for the connection's own."""
        from pgmg.model.quoting import quote

        path = self.settings.search_path
        return None if path is None else ", ".join(quote(schema) for schema in path)

    def files(self) -> SourceFiles:
        """Read the project's files; problems are in the answer, not raised."""
        return read_files(self.settings.root, self.settings.code_dir, self.settings.migrations_dir)

    def plan(self, conn: Connection, options: PlanOptions, learned: Learned = Learned()) -> tuple[Plan, Snapshot]:
        """Plan inside the caller's transaction.

        Raises:
            SourceErrors: files that cannot be read.
            PlanError: the change cannot be planned.
        """
        from pgmg.catalog.snapshot import read_snapshot

        files = self.files()
        snapshot = read_snapshot(conn, self.settings.state_schema)
        quick = self._nothing_to_do(files, snapshot, options)
        if quick is not None:
            return quick, snapshot
        from pgmg.catalog.answers import read_answers
        from pgmg.planning.build import build
        from pgmg.planning.survey import questions

        picture = self.picture(conn, snapshot, files)
        asked = questions(picture.survey, picture.differences, learned)
        answers = read_answers(conn, snapshot, asked)
        plan = build(picture.survey, picture.differences, picture.evidence, answers, options, learned)
        return replace(plan, changes=self.shown(plan.changes)), snapshot

    def shown(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return changes with paths as people see them: relative to the code folder."""
        folder = self.settings.code_dir
        if folder is None:
            return tuple(changes)
        prefix = os.path.relpath(folder, self.settings.root).replace(os.sep, "/") + "/"
        return tuple(
            change if change.path is None else replace(change, path=change.path.removeprefix(prefix))
            for change in changes
        )

    def picture(self, conn: Connection, snapshot: Snapshot, files: SourceFiles) -> Picture:
        """Name and compare everything."""
        from pgmg.catalog.evidence import read_evidence
        from pgmg.planning.survey import Picture, compare, survey

        objects, pending = self._parse(files, snapshot)
        found = survey(objects, files.migrations, pending, snapshot, files.notices)
        evidence = read_evidence(conn, snapshot, found.doubts, self.settings.state_schema)
        return Picture(found, evidence, compare(found, evidence))

    # -- parsing ----------------------------------------------------------------------------------------

    def _parse(
        self, files: SourceFiles, snapshot: Snapshot
    ) -> tuple[tuple[SourceObject, ...] | None, tuple[Migration, ...]]:
        """Parse what has changed since the last time; report every problem of every file together (rule 1.6)."""
        from pgmg.planning.notices import pending_files
        from pgmg.source import parse_file, parse_migration

        problems: list[SourceError] = list(files.problems)
        objects: list[SourceObject] = []
        parsed: dict[tuple[str, str], tuple[SourceObject, ...]] = {}
        for file in files.code or ():
            key = (file.path, file.hash)
            try:
                parsed[key] = self._parsed[key] if key in self._parsed else parse_file(file)
            except SourceErrors as error:
                problems += error.problems
            else:
                objects += parsed[key]
        self._parsed = parsed
        pending = []
        for migration in pending_files(files.migrations, snapshot):
            key = (migration.path, migration.hash)
            try:
                known = self._migrations.get(key) or parse_migration(migration)
            except SourceErrors as error:
                problems += error.problems
            else:
                self._migrations[key] = known
                pending.append(known)
        if problems:
            raise SourceErrors(tuple(problems))
        return (None if files.code is None else tuple(objects)), tuple(pending)

    # -- the quick answer -------------------------------------------------------------------------------

    def _nothing_to_do(self, files: SourceFiles, snapshot: Snapshot, options: PlanOptions) -> Plan | None:
        """Return the empty plan where hashes alone show that nothing changed; no file is parsed for that.

        Files are the recorded ones, every recorded object stands as it was left, and nothing is recorded that only
        a closer look could compare (comments, grants).
        """
        if files.problems or files.migrations is None or files.code is None or not snapshot.state:
            return None
        if any(file.name not in snapshot.migrations for file in files.migrations):
            return None
        if {(row.path, row.file_hash) for row in snapshot.state.values()} != {(f.path, f.hash) for f in files.code}:
            return None
        recorded = snapshot.state
        if any(key.partition(".")[0] in _DESCRIPTIVE for key in recorded):
            return None
        live = {key: obj for name, obj in snapshot.objects.items() if (key := str(name)) in recorded}
        if len(live) != len(recorded) or any(row.version != live[key].stamp for key, row in recorded.items()):
            return None
        from pgmg.planning.fingerprint import basis, fingerprint
        from pgmg.planning.notices import migration_notices

        parts = basis(
            sources=[(row.name, row.hash) for row in recorded.values()],
            catalog=[(key, obj.address.objid, obj.version) for key, obj in live.items()],
            pending=(),
            snapshot=snapshot,
            options=options,
        )
        server = snapshot.server
        return Plan(
            fingerprint=fingerprint(parts),
            database=DatabaseInfo(server.database, server.version, server.version_num),
            warnings=(*files.notices, *migration_notices(files.migrations, snapshot)),
            options=options,
            basis=parts,
        )
