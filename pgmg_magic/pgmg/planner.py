"""Feeds planning: reads files and database, asks what planning wants to know, and hands it in."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.config import applied_from
from pgmg.errors import PgmgError, PlanError, SourceError, SourceErrors
from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.database.server_facts import NO_FACTS, ServerFacts
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import DECLARATIVE_KINDS
from pgmg.model.plans.plan import DatabaseInfo, Plan, PlanOptions
from pgmg.model.plans.plan_inputs import PlanInputs
from pgmg.model.results.applied_from import AppliedFrom, Checkout
from pgmg.model.sources.source import Notice
from pgmg.source import SourceFiles, read_files
from pgmg.source.project_files import FileCache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pgmg.catalog.reading.snapshot_reader import SnapshotReader
    from pgmg.catalog.sessions.commit_marker import CommitMarker
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.database.catalog_details import CatalogDetails, WordingQuestion
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Migration, SourceObject
    from pgmg.model.sources.stand_in import StandInQuestion
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison, ComparisonCache
    from pgmg.planning.resolve.column_types import LiveColumns
    from pgmg.source.code_parser import CodeParser


_FOLLOWS_A_COLUMN = re.compile(r"%\s*TYPE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """The parsed files. `code` is None without a code folder; `problems` are the errors of unreadable files.

    `pending` are the migrations to run, up to the first with a problem; `stuck` is why there are no more of them.
    """

    code: tuple[SourceObject, ...] | None
    pending: tuple[Migration, ...]
    problems: tuple[SourceError, ...] = ()
    stuck: SourceErrors | PlanError | None = None


@dataclass(frozen=True, slots=True)
class _DecidedFrom:
    """The inputs of a plan besides the database."""

    files: SourceFiles
    options: PlanOptions
    facts: ServerFacts
    applied_from: AppliedFrom


class Planner:
    """Plans one project, again and again: what has not changed is not read, parsed or asked again."""

    def __init__(self, settings: Settings, connect: Callable[[], Connection] | None = None) -> None:
        self.settings = settings
        self._connect = connect
        self._memory = FileCache()
        self._commit_marker: CommitMarker | None = None
        self._snapshot: Snapshot | None = None
        self._decided: tuple[_DecidedFrom, Plan] | None = None
        """The last plan, until something is committed: an apply that follows need not make it again."""
        self._compared: ComparisonCache | None = None
        self._migrations: dict[tuple[str, str], Migration] = {}

    @cached_property
    def _code(self) -> CodeParser:
        from pgmg.source.code_parser import CodeParser
        from pgmg.source.parse_cache import ParseCache, cache_folder

        return CodeParser(ParseCache(cache_folder()))

    @cached_property
    def _reader(self) -> SnapshotReader:
        from pgmg.catalog.reading.snapshot_reader import SnapshotReader

        return SnapshotReader(self.settings.state_schema)

    @property
    def search_path(self) -> str | None:
        """The configured search_path as PostgreSQL writes it, or None for the connection's own."""
        from pgmg.model.naming.quoting import quote

        path = self.settings.search_path
        return None if path is None else ", ".join(quote(schema) for schema in path)

    @property
    def declared(self) -> Mapping[ObjectName, SourceObject]:
        """The sources of declared objects as the last plan or comparison read them; none before the first."""
        found = {} if self._compared is None else self._compared.resolved.declared
        return {name: one.source for name, one in found.items()}

    @property
    def last_snapshot(self) -> Snapshot | None:
        """Names and state as the last plan found them; None before the first."""
        return self._snapshot

    def files(self) -> SourceFiles:
        """Read the project's files; problems are in the answer, not raised."""
        return read_files(self.settings.root, self.settings.code_dir, self.settings.migrations_dir, self._memory)

    def snapshot(self, conn: Connection, meanwhile: Callable[[], None] | None = None) -> Snapshot:
        """Return names and state as the caller's transaction sees them; the same object while nothing has changed.

        `meanwhile` is called while the server works; not where nothing has to be asked.
        """
        from pgmg.catalog.sessions.commit_marker import read_commit_marker

        before = self._commit_marker
        marker = read_commit_marker(conn, before)
        if self._snapshot is None or marker is None or not marker.is_unchanged(before):
            self._snapshot, self._decided = self._reader.read(conn, meanwhile), None
        self._commit_marker = marker  # taken before reading: a commit in between makes the next marker differ
        return self._snapshot

    def plan(self, conn: Connection, options: PlanOptions, facts: ServerFacts = NO_FACTS) -> tuple[Plan, Snapshot]:
        """Plan inside the caller's transaction.

        Raises:
            SourceErrors: files that cannot be read.
            PlanError: the change cannot be planned.
        """
        read: list[SourceFiles] = []
        snapshot = self.snapshot(conn, lambda: read.append(self.files()))
        files = read[0] if read else self.files()
        quick = self._nothing_to_do(files, snapshot, options) if facts == NO_FACTS else None
        if quick is not None:
            return quick, snapshot
        inputs = _DecidedFrom(files, options, facts, applied_from(self.settings))
        if self._decided is None or self._decided[0] != inputs:
            plan = self.decide(conn, self.comparison(conn, snapshot, files), options, facts)
            self._decided = inputs, plan
        return self._decided[1], snapshot

    def decide(
        self, conn: Connection, comparison: Comparison, options: PlanOptions, facts: ServerFacts = NO_FACTS
    ) -> Plan:
        """Ask what the differences make necessary to know, and return the plan.

        Raises:
            PlanError: the change cannot be planned.
        """
        from pgmg.catalog.reading.catalog_details_reader import read_catalog_details
        from pgmg.planning.compare.resolved import questions, with_unread
        from pgmg.planning.kinds.wording_questions import wording_questions
        from pgmg.planning.schedule.owed_details import with_owed
        from pgmg.planning.steps.plan_builder import build

        resolved = with_unread(comparison.resolved, facts)
        asked = questions(resolved, comparison.differences, facts)
        details = read_catalog_details(conn, resolved.snapshot, asked)
        details = with_owed(details, resolved.snapshot.owed.values())
        views, others = wording_questions(resolved, comparison.differences, details)
        why_not = None
        if views or others:
            same, why_not = self._same_wordings(conn, details, views, others)
            details = replace(details, same_wordings=same)
        plan = build(resolved, comparison.differences, comparison.evidence, details, options, facts)
        if why_not is not None:
            from pgmg.planning.kinds.wording_questions import unasked_notices

            notices = unasked_notices((*views, *others), plan, why_not)
            plan = replace(plan, warnings=(*plan.warnings, *notices))
        return self._with_permissions(conn, plan, resolved.snapshot)

    def _same_wordings(
        self,
        conn: Connection,
        details: CatalogDetails,
        views: tuple[WordingQuestion, ...],
        others: tuple[StandInQuestion, ...],
    ) -> tuple[frozenset[ObjectName], str | None]:
        """Ask on a connection of its own: planning reads only. Return also why some of it could not be asked."""
        from pgmg.catalog.sessions.connection import manner_of, translated_errors
        from pgmg.catalog.wording.stand_in_wordings import read_stand_in_wordings, why_no_stand_in
        from pgmg.catalog.wording.stored_wording import read_same_wordings
        from pgmg.catalog.wording.temporary_objects_reader import why_impossible
        from pgmg.planning.kinds.wording_questions import same_as_stored

        if self._connect is None:
            return frozenset(), "there is no second connection to ask on"
        how = (self.search_path, self.settings.lock_timeout, manner_of(conn).statements)
        try:
            with self._connect() as other, translated_errors(other):
                same = read_same_wordings(other, views, *how) if views else frozenset()
                wordings = read_stand_in_wordings(other, others, *how) if others else {}
                why_not = why_no_stand_in(other) if others else why_impossible(other)
        except PgmgError as error:
            return frozenset(), f"there is no second connection to ask on ({str(error).partition(chr(10))[0]})"
        return same | same_as_stored(others, wordings, details), why_not

    def _with_permissions(self, conn: Connection, plan: Plan, snapshot: Snapshot) -> Plan:
        """Add warnings of what the role may not do; a superuser may do everything, and nothing is asked."""
        if snapshot.server.superuser or plan.is_empty:
            return plan
        from pgmg.catalog.reading.permissions_reader import read_permissions
        from pgmg.planning.permission_notices import needs, permission_notices

        schema = self.settings.state_schema
        wanted = needs(plan, snapshot, schema)
        has = read_permissions(conn, snapshot.server.user, wanted, schema)
        return replace(plan, warnings=(*plan.warnings, *permission_notices(plan, wanted, has, schema)))

    def comparison(
        self, conn: Connection, snapshot: Snapshot, files: SourceFiles, *, only_looks: bool = False
    ) -> Comparison:
        """Name and compare everything.

        Who `only_looks` gets a notice where pending migrations cannot be told from recorded ones.

        Raises:
            SourceErrors: every problem of every file together (rule 1.6).
            RenamedMigration: a migration was applied under another name.
            OtherProject: the database belongs to another project.
        """
        parsed = self.parse(files, snapshot)
        match parsed.stuck:
            case SourceErrors(problems=more):
                raise SourceErrors((*parsed.problems, *more))
            case PlanError() as error if only_looks:
                notice = Notice(error.code, " ".join(filter(None, (error.message, error.hint))))
                files = replace(files, notices=(*files.notices, notice))
            case PlanError() as error:
                raise error
        if parsed.problems:
            raise SourceErrors(parsed.problems)
        return self.compared(conn, snapshot, files, parsed)

    def compared(self, conn: Connection, snapshot: Snapshot, files: SourceFiles, parsed: ParsedFiles) -> Comparison:
        """Name and compare what was parsed.

        Raises:
            SourceErrors: an object is declared twice.
            ConfigError: no schema to create unqualified objects in.
        """
        from pgmg.catalog.reading.drift_evidence import read_drift_evidence
        from pgmg.planning.compare.resolved import Comparison, ComparisonCache, compare, resolve_project

        memory = self._compared
        checkout = self._checkout(files)
        columns = self._columns(conn, snapshot, parsed)
        found = resolve_project(
            parsed.code, files.migrations, parsed.pending, snapshot, files.notices, memory, checkout, columns
        )
        evidence = read_drift_evidence(conn, snapshot, found.drift_checks, self.settings.state_schema)
        comparison = Comparison(found, evidence, self._of_ours(compare(found, evidence, memory), snapshot))
        self._compared = ComparisonCache.of(comparison)
        return comparison

    def _of_ours(self, found: tuple[ObjectComparison, ...], snapshot: Snapshot) -> tuple[ObjectComparison, ...]:
        """Return the comparisons without deletions of what is ignored."""
        from pgmg.model.plans.plan import ChangeKind

        ignored = IgnoredObjects(NamePatterns(self.settings.ignore), snapshot.objects)
        if not ignored:
            return found
        return tuple(d for d in found if d.change is not ChangeKind.DELETED or not ignored.covers(d.name))

    def _checkout(self, files: SourceFiles) -> Checkout:
        return Checkout(applied_from(self.settings), files.empty)

    def _columns(self, conn: Connection, snapshot: Snapshot, parsed: ParsedFiles) -> LiveColumns:
        """Return the columns that `%TYPE` may refer to; nothing refers to any, nothing is asked."""
        from pgmg.catalog.reading.column_lists import read_column_types
        from pgmg.planning.resolve.column_types import column_relations

        return read_column_types(conn, snapshot, column_relations(parsed.code or (), parsed.pending))

    # -- parsing ----------------------------------------------------------------------------------------

    def parse(self, files: SourceFiles, snapshot: Snapshot, without: Collection[str] = ()) -> ParsedFiles:
        """Parse what has changed since the last time; files `without` are passed over."""
        problems: list[SourceError] = list(files.problems)
        objects: list[SourceObject] = []
        for path, found in self._code.parse(files.code or ()).items():
            if path in without:
                continue
            if isinstance(found, SourceErrors):
                problems += self._shown_problems(found)
            else:
                objects += found
        pending, stuck = self._pending(files, snapshot)
        return ParsedFiles(None if files.code is None else tuple(objects), pending, tuple(problems), stuck)

    def _shown_problems(self, errors: SourceErrors) -> tuple[SourceError, ...]:
        from pgmg.source.outside_files import without_quotes

        settings = self.settings
        return without_quotes(errors.problems, settings.root, (settings.code_dir, settings.migrations_dir))

    def _pending(
        self, files: SourceFiles, snapshot: Snapshot
    ) -> tuple[tuple[Migration, ...], SourceErrors | PlanError | None]:
        """Parse the pending migrations; those after a bad one are not run before it."""
        from pgmg.planning.compare.migration_notices import pending_files
        from pgmg.source import parse_migration

        try:
            files_ = pending_files(files.migrations, snapshot)
        except PlanError as error:
            return (), error
        pending: list[Migration] = []
        problems: list[SourceError] = []
        for migration in files_:
            key = (migration.path, migration.hash)
            try:
                known = self._migrations.get(key) or parse_migration(migration)
            except SourceErrors as error:
                problems += self._shown_problems(error)
            else:
                self._migrations[key] = known
                if not problems:
                    pending.append(known)
        return tuple(pending), SourceErrors(tuple(problems)) if problems else None

    # -- the quick answer -------------------------------------------------------------------------------

    def _nothing_to_do(self, files: SourceFiles, snapshot: Snapshot, options: PlanOptions) -> Plan | None:
        """Return the empty plan where hashes alone show that nothing changed; no file is parsed for that.

        Files are the recorded ones, every recorded object stands as it was left, and nothing is recorded that only
        a closer look could compare (comments, grants, signatures with `%TYPE`).
        """
        if files.problems or files.migrations is None or files.code is None or not snapshot.state or snapshot.owed:
            return None
        if any(file.name not in snapshot.migrations for file in files.migrations):
            return None
        if {(row.path, row.file_hash) for row in snapshot.state.values()} != {(f.path, f.hash) for f in files.code}:
            return None
        if any(_FOLLOWS_A_COLUMN.search(file.text) for file in files.code):
            return None
        recorded = snapshot.state
        if any(key.partition(".")[0] in DECLARATIVE_KINDS for key in recorded):
            return None
        live = {key: obj for name, obj in snapshot.objects.items() if (key := str(name)) in recorded}
        if len(live) != len(recorded) or any(row.version != live[key].stamp for key, row in recorded.items()):
            return None
        from pgmg.planning.compare.fingerprint import basis, fingerprint
        from pgmg.planning.compare.migration_notices import migration_notices

        server = snapshot.server
        inputs = PlanInputs(
            sources=[(row.name, row.hash, row.path or "") for row in recorded.values()],
            catalog=[(key, obj.address.objid, obj.version) for key, obj in live.items()],
            state=recorded,
            recorded=snapshot.migrations,
        )
        parts = basis(inputs, server, options)
        return Plan(
            fingerprint=fingerprint(parts),
            database=DatabaseInfo(server.database, server.version, server.version_num),
            warnings=(*files.notices, *migration_notices(files.migrations, snapshot, self._checkout(files))),
            options=options,
            basis=parts,
            inputs=inputs,
        )
