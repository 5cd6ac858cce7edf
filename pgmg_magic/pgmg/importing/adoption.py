"""Records imported objects as applied, and leaves out what the next plan would still change."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from pgmg.applying.record import done_migration
from pgmg.catalog.reading.catalog_queries import restore_settings
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.state.state_tables import StateTables
from pgmg.config import applied_from
from pgmg.errors import ImportRefused, PlanError, SourceErrors
from pgmg.importing.files.drafted_files import DraftedFiles
from pgmg.importing.kept_versions import NOTHING_KEPT, KeptVersions
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import DECLARATIVE_KINDS
from pgmg.model.plans.plan import ChangeKind, PlanOptions, Record
from pgmg.model.results.import_report import LeftOut
from pgmg.planning.resolve.lookup import find_all
from pgmg.source import split_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import MigrationFile
    from pgmg.planner import Planner
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.source import SourceFiles

_ROUNDS = 10
"""So often something is left out and all is tried again: what depends on it follows."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """Recorded objects and the files that declare them. `why` says what is still pending, of other objects."""

    files: DraftedFiles = field(default_factory=lambda: DraftedFiles({}))
    objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names by path."""
    left_out: tuple[LeftOut, ...] = ()
    is_planned_empty: bool | None = None
    why: str = ""
    migrations: tuple[str, ...] = ()
    """Migrations whose records were taken over."""


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """Statements to take out of a file, and what to say of that."""

    path: str
    statements: tuple[str, ...]
    said: LeftOut


class Adopter:
    """Records files that are not written yet, in the caller's transaction."""

    def __init__(self, conn: Connection, planner: Planner, settings: Settings, existing: SourceFiles) -> None:
        self._conn, self._planner, self._settings, self._existing = conn, planner, settings, existing
        self._state = StateTables(conn, settings.state_schema, applied_from(settings))

    def adopt(
        self, files: DraftedFiles, migrations: Sequence[MigrationFile], kept: KeptVersions = NOTHING_KEPT
    ) -> Adoption:
        """Record files and migrations; what the next plan would change nevertheless is left out of the files.

        Nothing is left out of the files whose objects are `kept` as the database has them.

        Raises:
            ImportRefused: whatever is left out, the next plan is not empty.
            SourceErrors: files that were there before cannot be read.
        """
        left_out: list[LeftOut] = []
        for _ in range(_ROUNDS):
            self._conn.execute("SAVEPOINT pgmg_import")
            found = self._attempt(files, migrations, kept)
            if isinstance(found, Adoption):
                self._conn.execute("RELEASE SAVEPOINT pgmg_import")
                return replace(found, left_out=tuple(left_out))
            self._conn.execute("ROLLBACK TO SAVEPOINT pgmg_import")
            left_out += [one.said for one in found]
            files = _without(files, found)
        listed = "; ".join(f"{one.object}: {one.reason}" for one in left_out[-3:])
        raise ImportRefused(f"The next plan would not be empty: {listed}.", hint="--exclude leaves objects out.")

    def foretell(self, files: DraftedFiles, kept: KeptVersions = NOTHING_KEPT) -> Adoption:
        """Return what `adopt` would record, as far as a comparison tells: nothing is written, and no plan is made.

        Raises:
            SourceErrors: files that were there before cannot be read.
        """
        left_out: list[LeftOut] = []
        for _ in range(_ROUNDS):
            try:
                mine = self._mine(self._sources(files, (), kept), files)
                found = _missing(mine)
            except SourceErrors as errors:
                mine, found = [], list(_refused(errors, files))
            if not found:
                return Adoption(files, _names_by_path(mine, files), tuple(left_out))
            left_out += [one.said for one in found]
            files = _without(files, found)
        return Adoption(files, left_out=tuple(left_out))

    def adopt_declared(self, names: Sequence[str], *, dry_run: bool) -> Adoption:
        """Record unrecorded objects that existing files declare and the database has; run nothing.

        Of `names` also those that are recorded and differ: the file counts as what the database has.

        Raises:
            SourceErrors: files cannot be read.
            UnknownObjectError: a name that nothing declared bears.
        """
        snapshot = read_snapshot(self._conn, self._settings.state_schema)
        compared = self._planner.comparison(self._conn, snapshot, self._existing)
        wanted = set(find_all(names, [d.name for d in compared.differences])) if names else None
        chosen = [d for d in compared.differences if _is_adoptable(d, wanted)]
        if not dry_run and chosen:
            self._state.prepare(snapshot)
            self._state.record(
                [Record(d.name, d.declared.source, 1) for d in chosen if d.declared is not None], snapshot
            )
            restore_settings(self._conn, snapshot.server.setting)
        found: dict[str, list[str]] = {}
        for difference in chosen:
            if difference.declared is not None:
                found.setdefault(difference.declared.source.location.path, []).append(str(difference.name))
        return Adoption(objects={path: tuple(said) for path, said in found.items()})

    def _attempt(
        self, files: DraftedFiles, migrations: Sequence[MigrationFile], kept: KeptVersions
    ) -> Adoption | list[_Unwanted]:
        snapshot = read_snapshot(self._conn, self._settings.state_schema)
        self._state.prepare(snapshot)
        self._state.record_migrations([done_migration(m.name, m.hash, m.text) for m in migrations])
        sources = self._sources(files, migrations, kept)
        try:
            mine = self._mine(sources, files)
        except SourceErrors as errors:
            return list(_refused(errors, files))
        if missing := _missing(mine):
            return missing
        recorded = [*mine, *(self._proved(sources, kept) if kept.after else ())]
        now = read_snapshot(self._conn, self._settings.state_schema)
        self._state.record([Record(d.name, d.declared.source, 1) for d in recorded if d.declared is not None], now)
        restore_settings(self._conn, now.server.setting)
        return self._checked(sources, mine, files)

    def _proved(self, sources: SourceFiles, kept: KeptVersions) -> list[ObjectComparison]:
        """Return what to record of edited files, once a plan that knows no records has nothing to change in it.

        Raises:
            ImportRefused: the database has not what the edited files declare.
        """
        self._state.forget(kept.records)
        snapshot = read_snapshot(self._conn, self._settings.state_schema)
        compared = self._planner.comparison(self._conn, snapshot, replace(sources, migrations=None))
        edited = [d for d in compared.differences if d.declared and d.declared.source.location.path in kept.after]
        alone = tuple(d for d in compared.differences if d.change is None or d.name in kept.objects)
        try:
            plan = self._planner.decide(
                self._conn, replace(compared, differences=alone), PlanOptions(self._settings.recreate)
            )
        except PlanError as error:
            raise ImportRefused(f"The database's version cannot be kept: {error.message}", hint=error.hint) from error
        if wrong := [step for step in plan.steps if step.object in kept.objects]:
            raise ImportRefused(
                f"The database's version of {wrong[0].object} cannot be kept: {_said(wrong[0])}",
                hint="Edit the file by hand; `pgmg diff` shows the difference.",
            )
        return [d for d in edited if d.change is None or d.name in kept.objects]

    def _sources(self, files: DraftedFiles, migrations: Sequence[MigrationFile], kept: KeptVersions) -> SourceFiles:
        before = self._existing
        code = {file.path: file for file in before.code or ()} | {file.path: file for file in files.code_files()}
        code |= kept.code_files()
        known = before.migrations if before.migrations is None else (*before.migrations, *migrations)
        return replace(before, code=tuple(code[path] for path in sorted(code)), migrations=known, empty=())

    def _mine(self, sources: SourceFiles, files: DraftedFiles) -> list[ObjectComparison]:
        """Return what the files declare, compared with the database."""
        snapshot = read_snapshot(self._conn, self._settings.state_schema)
        compared = self._planner.comparison(self._conn, snapshot, sources)
        return [d for d in compared.differences if d.declared and d.declared.source.location.path in files.groups]

    def _checked(
        self, sources: SourceFiles, mine: Sequence[ObjectComparison], files: DraftedFiles
    ) -> Adoption | list[_Unwanted]:
        """Plan as the next plan will, and return what it would do to imported objects, or that all is well."""
        snapshot = read_snapshot(self._conn, self._settings.state_schema)
        compared = self._planner.comparison(self._conn, snapshot, sources)
        try:
            plan = self._planner.decide(self._conn, compared, PlanOptions(self._settings.recreate))
        except PlanError as error:
            if files.groups:
                raise
            return Adoption(files, is_planned_empty=False, why=f"it is refused for other objects: {error.message}")
        by_name = {d.name: d for d in mine}
        steps: dict[ObjectName, Step] = {}
        for step in plan.steps:
            steps.setdefault(step.object, step)
        unwanted = [_unwanted(by_name[name], _said(step)) for name, step in steps.items() if name in by_name]
        if unwanted:
            return unwanted
        others = len(plan.steps)
        why = f"{others} steps were pending before the import" if others else ""
        return Adoption(files, _names_by_path(mine, files), (), not others, why)


def _names_by_path(mine: Iterable[ObjectComparison], files: DraftedFiles) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {path: [] for path in files.groups}
    for difference in mine:
        if difference.declared is not None:
            names[difference.declared.source.location.path].append(str(difference.name))
    return {path: tuple(said) for path, said in names.items()}


def _without(files: DraftedFiles, unwanted: Iterable[_Unwanted]) -> DraftedFiles:
    for one in unwanted:
        if one.path in files.groups:
            files = files.without(one.path, one.statements)
    return files


def _missing(mine: Iterable[ObjectComparison]) -> list[_Unwanted]:
    """Return what is declared under a name that the database has not."""
    missing = [d for d in mine if d.change is ChangeKind.NEW and d.name.kind not in DECLARATIVE_KINDS]
    return [_unwanted(d, "under the project's search_path the database has no such object") for d in missing]


def _is_adoptable(difference: ObjectComparison, wanted: set[ObjectName] | None) -> bool:
    if difference.declared is None or (difference.live is None and difference.name.kind not in DECLARATIVE_KINDS):
        return False
    if wanted is None:
        return difference.change is ChangeKind.ADOPTED
    changed = (ChangeKind.ADOPTED, ChangeKind.MODIFIED, ChangeKind.DRIFTED)
    return difference.name in wanted and difference.change in changed


def _said(step: Step) -> str:
    return f"the next plan would {step.action.value} it: {step.sql}"


def _unwanted(difference: ObjectComparison, reason: str) -> _Unwanted:
    assert difference.declared is not None
    source = difference.declared.source
    said = LeftOut(str(difference.name), reason, source.sql)
    return _Unwanted(source.location.path, split_statements(source.sql), said)


def _refused(errors: SourceErrors, files: DraftedFiles) -> Iterator[_Unwanted]:
    """Yield the statements that the reader of code files does not accept.

    Raises:
        SourceErrors: the problems are those of other files.
    """
    found = False
    for problem in errors.problems:
        where = problem.where
        if where is not None and where.path in files.groups:
            found = True
            statement = files.statement_at(where.path, where.line or 1)
            said = LeftOut(where.path if statement is None else _first_line(statement), problem.message, statement)
            yield _Unwanted(where.path, () if statement is None else (statement,), said)
    if not found:
        raise errors


def _first_line(sql: str) -> str:
    return sql.partition("\n")[0]
