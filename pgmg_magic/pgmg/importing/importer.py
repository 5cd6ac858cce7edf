"""Imports: reads the database, makes files, records them as applied, checks that nothing is left to do."""

from __future__ import annotations

import json
import os
import time
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgmg.catalog.reading.import_facts import (
    ImportFacts,
    read_belongings,
    read_given_path,
    read_import_facts,
    read_unreadable_tables,
)
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.servers.dump_archive import connection_string
from pgmg.catalog.sessions.connection import reading
from pgmg.errors import ConfigError, ImportRefused, SourceErrors
from pgmg.importing.adoption import Adopter, Adoption
from pgmg.importing.baseline_migration import (
    BASELINE,
    DETAILS,
    BaselineScope,
    BaselineText,
    baseline_text,
    details_text,
)
from pgmg.importing.files.code_files import ImportedCode, code_files, with_privileges
from pgmg.importing.files.drafted_files import DraftedFiles
from pgmg.importing.files.file_names import FileNames
from pgmg.importing.files.file_set import FileSet
from pgmg.importing.files.spelling import Spelling
from pgmg.importing.foreign import ignored_patterns, is_ignored_default, needed, read_foreign
from pgmg.importing.kept_versions import NOTHING_KEPT, KeptVersions, keep_database_versions, kept_texts
from pgmg.importing.proof import prove
from pgmg.importing.python_entities import read_python_entities
from pgmg.importing.selection import Selection, importable, select
from pgmg.importing.takeover import record_equal, take_over
from pgmg.maintenance.locked import locked
from pgmg.model.database.state_layout import OWN_TABLES
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.text_hash import text_hash
from pgmg.model.results.import_report import ImportedFile, ImportReport, LeftOut, Proof
from pgmg.model.sources.source import MigrationFile
from pgmg.planning.resolve.lookup import find_all
from pgmg.source.code_folder import CodeFolder
from pgmg.source.migrations import numbering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.importing.declared_text import Unstated
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.name_patterns import NamePatterns
    from pgmg.model.results.import_report import ImportOptions
    from pgmg.source import SourceFiles


@dataclass(frozen=True, slots=True)
class _Draft:
    """Files and records to write, before they are checked."""

    code: ImportedCode
    files: DraftedFiles
    migrations: tuple[MigrationFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    kept: KeptVersions = NOTHING_KEPT
    is_partial: bool = False
    """Something of the database was not chosen, or may not be read: the dumps are not to be compared."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Schema and name of tables that the role may not read."""
    needs: Mapping[str, str] = field(default_factory=dict)


class Importer:
    """Takes what one project's database holds into its files. `progress` gets lines to show."""

    def __init__(
        self, settings: Settings, connect: Callable[[], Connection], progress: Callable[[str], None] = lambda _: None
    ) -> None:
        from pgmg.planner import Planner

        self._settings, self._connect, self._progress = settings, connect, progress
        self._planner = Planner(settings, connect)

    def run(self, options: ImportOptions, *, dry_run: bool = False) -> ImportReport:
        """Import, all or nothing.

        Raises:
            ConfigError: no folder to write to is configured.
            SourceErrors: files of the project cannot be read.
            ImportRefused: files exist; the result would not be what the database holds; a named object was edited in
                its file, or the database does not have it.
            DumpError: pg_dump is needed, and missing or failing.
        """
        began = time.monotonic()
        files = self._files(options)
        if options.from_alembic:
            return self._from_alembic(files, options, began, dry_run=dry_run)
        if options.adopt or options.from_rust:
            return self._recorded(files, options, began, dry_run=dry_run)
        with self._connect() as conn:
            given_path = None if self._planner.search_path is not None else read_given_path(conn)
            with reading(conn, self._planner.search_path, self._settings.lock_timeout):
                dsn = connection_string(conn)
                draft = self._draft(conn, dsn, files, options, given_path)
                if dry_run:
                    foretold = Adopter(conn, self._planner, self._settings, files).foretell(draft.files, draft.kept)
                    return self._report(draft, foretold, began, Proof(why="nothing was written"), dry_run=True)
        written = FileSet()
        try:
            with locked(self._settings, self._planner, self._connect) as conn:
                self._progress("Checking that the next plan is empty")
                adopted = Adopter(conn, self._planner, self._settings, files).adopt(
                    draft.files, draft.migrations, draft.kept
                )
                self._progress(f"Writing {len(adopted.files.groups) + len(draft.kept.after)} files")
                written.write(self._texts(adopted, draft))
        except BaseException:
            written.undo()
            raise
        return self._report(draft, adopted, began, self._proof(adopted, draft, dsn, options), dry_run=False)

    def _recorded(self, files: SourceFiles, options: ImportOptions, began: float, *, dry_run: bool) -> ImportReport:
        """Record what files declare and the database has; write no file."""
        with locked(self._settings, self._planner, self._connect) as conn:
            if options.from_rust:
                found = take_over(conn, self._planner, self._settings, files, dry_run=dry_run)
            else:
                adopter = Adopter(conn, self._planner, self._settings, files)
                found = adopter.adopt_declared(options.names, dry_run=dry_run)
        return ImportReport(
            files=tuple(ImportedFile(path, names) for path, names in found.objects.items()),
            left_out=found.left_out,
            proof=Proof(found.is_planned_empty, why=found.why),
            dry_run=dry_run,
            duration_ms=round((time.monotonic() - began) * 1000, 3),
            records_only=True,
            taken_over=found.migrations,
        )

    def _from_alembic(self, files: SourceFiles, options: ImportOptions, began: float, *, dry_run: bool) -> ImportReport:
        """Write the entities of Python modules to files; record those that the database has as they are declared."""
        folder = self._code_folder()
        there = {file.path: file for file in files.code or ()}
        entities = read_python_entities(options.from_alembic, self._settings.root, folder, FileNames(options.layout))
        self._refuse_clashes([path for path in entities.files.groups if path in there], options)
        code = there | {file.path: file for file in entities.files.code_files()}
        sources = replace(files, code=tuple(code[path] for path in sorted(code)), empty=())
        written = FileSet()
        try:
            with locked(self._settings, self._planner, self._connect) as conn:
                snapshot = read_snapshot(conn, self._settings.state_schema)
                found = record_equal(conn, self._planner, self._settings, sources, snapshot, dry_run=dry_run)
                if not dry_run:
                    written.write({self._settings.root / path: text for path, text in entities.files.texts().items()})
        except BaseException:
            written.undo()
            raise
        return ImportReport(
            files=tuple(ImportedFile(path, found.objects.get(path, ())) for path in entities.files.groups),
            left_out=(*entities.left_out, *found.left_out),
            proof=Proof(found.is_planned_empty, why="tables are left to alembic" if found.is_planned_empty else ""),
            dry_run=dry_run,
            duration_ms=round((time.monotonic() - began) * 1000, 3),
        )

    def _proof(self, adopted: Adoption, draft: _Draft, dsn: str, options: ImportOptions) -> Proof:
        planned = Proof(adopted.is_planned_empty, why=adopted.why)
        if not options.verify:
            return replace(planned, why="--no-verify")
        if not options.baseline and not self._planner.files().migrations:
            return replace(planned, why="no migration creates the tables; --baseline writes one")
        if draft.is_partial:
            return replace(planned, why="only a part of the database was imported")
        self._progress("Applying the project to an empty database, and comparing pg_dump")
        return prove(self._settings, dsn, options.scratch, planned, draft.unreadable)

    # -- reading ------------------------------------------------------------------------------------------

    def _files(self, options: ImportOptions) -> SourceFiles:
        files = self._planner.files()
        if files.code is None:
            raise ConfigError("No code folder is configured.", hint="Set code_dir in pgmg.toml.")
        if files.problems:
            raise SourceErrors(files.problems)
        if options.baseline and files.migrations is None:
            raise ConfigError("No migrations folder is configured.", hint="Set migrations_dir in pgmg.toml.")
        if options.baseline and files.migrations and not options.force:
            raise ImportRefused(
                "The migrations folder holds migrations already: a baseline would create their tables again.",
                hint="Leave --baseline out, or use --force if they create nothing of what the database holds.",
            )
        return files

    def _draft(
        self, conn: Connection, dsn: str, files: SourceFiles, options: ImportOptions, given_path: str | None
    ) -> _Draft:
        self._progress("Reading the database")
        snapshot = read_snapshot(conn, self._settings.state_schema)
        compared = self._planner.comparison(conn, snapshot, files, only_looks=True)
        declared = compared.resolved.declared
        belongings = read_belongings(conn)
        known = importable(snapshot, belongings)
        named = find_all(options.names, [*known, *(name for name in declared if name not in known)])
        is_given = given_path is not None
        kept = keep_database_versions(
            conn, compared, files, named, belongings, force=options.force, is_given_path=is_given
        )
        ignored = ignored_patterns(self._settings, snapshot)
        selection = select(snapshot, belongings, options, ignored, declared)
        wanted = [live.address for live in selection.objects]
        facts = read_import_facts(conn, snapshot, wanted, is_given_path=is_given)
        code = self._code(selection, _without_ignored(facts, ignored), files, options)
        foreign = read_foreign(conn, snapshot, ignored)
        unreadable = read_unreadable_tables(conn)
        theirs = {
            (name.schema, name.name) for name, live in snapshot.objects.items() if live.address in foreign.addresses
        }
        hidden = [table for table in unreadable if table not in theirs]
        ours = frozenset(live.address for name, live in snapshot.objects.items() if name in declared)
        is_partial = bool(hidden or options.schemas or selection.skipped - ours - foreign.addresses)
        if options.baseline:
            self._progress("Reading tables and whatever else migrations own with pg_dump")
            excluded = (*((self._settings.state_schema, table) for table in OWN_TABLES), *unreadable)
            scope = BaselineScope(self._settings.state_schema, selection.skipped, excluded, options.schemas, foreign)
            made = baseline_text(dsn, snapshot.server, code, scope)
            live = snapshot.by_address
            said = {live[a].name: statements for a, statements in made.privileges.items() if a in live}
            code = with_privileges(code, said, Spelling(facts.home, facts.system_names))
            draft = self._with_baseline(code, made, files)
        else:
            draft = _Draft(code, self._drafted(code), (), (*code.fixed, *map(_left_out, code.unstated)))
        unread = (LeftOut(f"table {schema}.{table}", "the role may not read it") for schema, table in hidden)
        paths = () if given_path is None else (_given_path(given_path, snapshot),)
        left_out = (*draft.left_out, *(unread if options.baseline else ()), *paths)
        return replace(draft, left_out=left_out, kept=kept, is_partial=is_partial, unreadable=unreadable)

    def _code(
        self, selection: Selection, facts: ImportFacts, files: SourceFiles, options: ImportOptions
    ) -> ImportedCode:
        everything = not (options.names or options.kinds or options.schemas or options.include)
        code = code_files(selection, facts, FileNames(options.layout), privileges=everything, details=options.baseline)
        folder = self._code_folder()
        existing = {file.path for file in files.code or ()}
        self._refuse_clashes(
            [path for path in (f"{folder}{one}" for one in code.statements) if path in existing], options
        )
        return code

    def _refuse_clashes(self, paths: Sequence[str], options: ImportOptions) -> None:
        if paths and not options.force:
            listed = ", ".join(sorted(paths)[:5]) + (" …" if len(paths) > 5 else "")  # noqa: PLR2004
            raise ImportRefused(f"Files exist: {listed}", hint="--force replaces them, --layout names others.")

    def _with_baseline(self, code: ImportedCode, made: BaselineText, files: SourceFiles) -> _Draft:
        migrations = []
        names = [file.name for file in files.migrations or ()]
        for slug, text in ((BASELINE, made.text), (DETAILS, details_text(code.unstated) if code.unstated else "")):
            if text:
                name = numbering.next_name(names, slug, datetime.now(UTC))
                names.append(name)
                migrations.append(MigrationFile(name, f"{self._migrations_folder()}{name}", text, text_hash(text)))
        return _Draft(code, self._drafted(code), tuple(migrations), made.left_out, needs=made.needs)

    def _drafted(self, code: ImportedCode) -> DraftedFiles:
        folder = self._code_folder()
        return DraftedFiles({f"{folder}{path}": groups for path, groups in code.statements.items()})

    # -- folders ------------------------------------------------------------------------------------------

    def _code_folder(self) -> str:
        return _relative(self._settings.root, self._settings.code_dir)

    def _migrations_folder(self) -> str:
        return _relative(self._settings.root, self._settings.migrations_dir)

    def _texts(self, adopted: Adoption, draft: _Draft) -> dict[Path, str]:
        root = self._settings.root
        texts = {root / path: text for path, text in adopted.files.texts().items()}
        texts |= kept_texts(draft.kept, CodeFolder(root, self._code_dir, self._settings.migrations_dir))
        return texts | {root / migration.path: migration.text for migration in draft.migrations}

    @property
    def _code_dir(self) -> Path:
        assert self._settings.code_dir is not None  # checked before
        return self._settings.code_dir

    # -- reporting ----------------------------------------------------------------------------------------

    def _report(self, draft: _Draft, adopted: Adoption, began: float, proof: Proof, *, dry_run: bool) -> ImportReport:
        return ImportReport(
            files=(
                *_changed(draft.kept),
                *(ImportedFile(path, adopted.objects.get(path, ())) for path in adopted.files.groups),
            ),
            migrations=tuple(ImportedFile(migration.path) for migration in draft.migrations),
            left_out=(*draft.left_out, *adopted.left_out),
            proof=proof,
            dry_run=dry_run,
            duration_ms=round((time.monotonic() - began) * 1000, 3),
            needs=tuple(needed(draft.needs)),
        )


def _without_ignored(facts: ImportFacts, ignored: NamePatterns) -> ImportFacts:
    kept = (one for one in facts.default_privileges if not is_ignored_default(ignored, one.role, one.schema))
    return replace(facts, default_privileges=tuple(kept))


def _changed(kept: KeptVersions) -> Iterator[ImportedFile]:
    for path, names in kept.names.items():
        before, after = kept.before[path], kept.after[path]
        yield ImportedFile(path, tuple(map(str, names)), is_changed=True, before=before, after=after)


def _left_out(one: Unstated) -> LeftOut:
    reason = f"no code file can state {one.what}; the database keeps it, a new one does not get it"
    return LeftOut(one.object, reason, ";\n".join(one.statements))


def _given_path(setting: str, snapshot: Snapshot) -> LeftOut:
    """Say that another database has another search_path: bodies are taken over as they are."""
    path = json.dumps(snapshot.server.search_path, ensure_ascii=False)
    reason = (
        "the server, the database or the role sets it for new sessions, which no file states; views and signatures are"
        " qualified, but bodies may rely on it"
    )
    return LeftOut(f"search_path {setting}", f"{reason}: search_path = {path} in pgmg.toml sets it everywhere")


def _relative(root: Path, folder: Path | None) -> str:
    assert folder is not None  # checked before
    shown = os.path.relpath(folder, root).replace(os.sep, "/")
    return "" if shown == "." else f"{shown}/"
