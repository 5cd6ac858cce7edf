"""`%%pgmg_sql`: a cell of SQL becomes a file of the code folder, and the database follows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgmg.errors import (
    ApplyError,
    ConfigError,
    LockedError,
    PgmgError,
    PlanError,
    StalePlanError,
    UsageError,
)
from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Plan, PlanOptions
from pgmg.model.results.cell_result import CellResult, ColumnsChanged
from pgmg.model.results.row_questions import ColumnDifference, Preview
from pgmg.model.sources.source import CodeFile, SourceObject
from pgmg.planning.deferral import needed_migration
from pgmg.render.impact import deletions, rewrites
from pgmg.source import parse_file, read_files
from pgmg.source.code_folder import CodeFolder, write
from pgmg.source.file_backup import FileBackup
from pgmg.source.file_placement import check_unique, declaring_file, missing_from, read_declared, suggest_path

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.catalog.reading.column_lists import Attributes
    from pgmg.model.results.events import ApplyResult
    from pgmg.notebook.front_end import FrontEnd
    from pgmg.notebook.notebook_session import LiveProject
    from pgmg.partial.partial_plan import PartialPlan

_ATTEMPTS = 3
"""Plans per cell: another apply, such as a watcher's, makes a plan stale."""
_ALREADY = "Nothing was left to apply: the database has it already."
_UNDEFINED = frozenset({"42P01", "42703", "42883", "42704", "3F000"})
"""SQLSTATEs of what does not exist: table, column, function, type, schema."""
_RESTORED = "The file is as it was before; with --keep-file it keeps the text of the cell."
_CELL = "the cell"
_VIEWS = (Kind.VIEW, Kind.MATERIALIZED_VIEW)
_Columns = Mapping[ObjectName, "Attributes | None"]


@dataclass(frozen=True, slots=True)
class CellOptions:
    """The options of a cell. `path` is None if pgmg finds the file; `preview` counts rows.

    `keep_file` keeps the cell's file if its SQL is refused.
    """

    path: str | None
    plan_only: bool
    preview: int | None
    options: PlanOptions
    keep_file: bool = False


def run(front: FrontEnd, project: LiveProject, text: str, options: CellOptions) -> CellResult:
    """Write the cell to its file, apply, and show what became of it.

    Raises:
        SourceErrors: the cell does not parse; nothing is written.
        UsageError: the path is not usable, or no path can be told; nothing is written.
        PlanError, ApplyError: the change is refused; the file is restored, unless the options say to keep it.
        PgmgError: planning or applying failed for another reason; the file has the cell's text.
    """
    drafted = _drafted(project, text, options)
    before = _before(project, drafted.path)
    backup = FileBackup.of(project.root / drafted.path)
    if drafted.written:
        write(project.root / drafted.path, drafted.text)
    try:
        return _carried_out(front, project, drafted, options, before)
    except PgmgError as error:
        nothing = "Nothing was applied" if isinstance(error, ApplyError) else "Nothing was planned or applied"
        if drafted.written and not options.keep_file and _is_refusal(error) and backup.restore(drafted.text):
            front.show(replace(drafted, restored=True, why_not=f"{nothing}. {_RESTORED}"))
            raise _within_cell(error, drafted.path) from None
        front.show(replace(drafted, why_not=f"{nothing}; the file has the text of the cell."))
        raise


def _is_refusal(error: PgmgError) -> bool:
    """Say whether the same files would be refused again, and with them every later cell."""
    return isinstance(error, PlanError | ApplyError) and not isinstance(error, LockedError)


def _within_cell(error: PgmgError, path: str) -> PgmgError:
    """Return the error with a place in the cell, if it is one in the file that has been restored."""
    if error.where is not None and error.where.path == path:
        error.where = replace(error.where, path=_CELL)
    return error


# -- the file -------------------------------------------------------------------------------------------


def _drafted(project: LiveProject, cell: str, options: CellOptions) -> CellResult:
    """Read the cell and find its file; nothing is written yet."""
    settings = project.settings
    if settings.code_dir is None:
        raise ConfigError("No code folder is configured.", hint="Set code_dir in pgmg.toml, or give --code-dir.")
    folder = CodeFolder(settings.root, settings.code_dir, settings.migrations_dir)
    text = cell.replace("\r\n", "\n").rstrip() + "\n"
    named = None if options.path is None else folder.shown(folder.file(options.path))
    objects = _parsed(named or _CELL, text)
    files = read_files(settings.root, settings.code_dir, settings.migrations_dir).code or ()
    declared = read_declared(files)
    found = named or declaring_file(objects, declared)
    path = found or suggest_path(objects, declared, folder.shown(settings.code_dir))
    target = folder.file(os.path.relpath(settings.root / path, settings.code_dir))
    check_unique(objects, path, declared)
    previous = _previous(target, path)
    lost = missing_from(objects, declared.get(path, ()))
    note = f"{path} declared {', '.join(lost)} before, and does not any more."
    return CellResult(
        path=path,
        objects=(),
        text=text,
        previous=previous,
        written=previous != text,
        proposed=found is None,
        notes=(note,) if lost else (),
    )


def _parsed(path: str, text: str) -> tuple[SourceObject, ...]:
    objects = parse_file(CodeFile(path, text, ""))
    if "\0" in text or not objects:
        raise UsageError("The cell declares nothing.", hint="To remove what a file declares, delete the file.")
    return objects


def _previous(target: Path, path: str) -> str | None:
    """Return what is about to be replaced; what could not be shown is not replaced."""
    try:
        return target.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="Choose another name.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} exists and is not UTF-8 text", hint="Remove it first, if it is to go.") from None


# -- the database ---------------------------------------------------------------------------------------


def _before(project: LiveProject, path: str) -> _Columns | None:
    """Look before the file is written: a watcher may be faster than we are. None where that is not to be had."""
    try:
        return project.attributes_in(path)
    except PgmgError:
        return None  # planning will say what is wrong


def _carried_out(
    front: FrontEnd, project: LiveProject, drafted: CellResult, options: CellOptions, before: _Columns | None
) -> CellResult:
    outcome = _applied(front, project, drafted.path, options)
    plan, result = outcome.partial.plan, outcome.result
    cell = replace(drafted, objects=outcome.partial.focused_names, plan=plan, result=result)
    cell = replace(cell, notes=(*cell.notes, *left_alone(outcome.partial)))
    if result is not None:
        cell = replace(cell, plan=result.plan, dependents=_dependents(result, cell.objects))
    else:
        cell = replace(cell, why_not=outcome.why_not or why_not(plan, is_new=cell.written, plan_only=options.plan_only))
    if before is not None and (result is not None or plan.is_empty):
        adopted = {change.object for change in plan.changes if change.change is ChangeKind.ADOPTED}
        after = {name: found for name, found in project.attributes_in(cell.path).items() if name not in adopted}
        cell = replace(cell, columns=tuple(_changed(before, after)))
    previews, notes = _previews(project, cell.objects, options.preview)
    cell = replace(cell, previews=previews, notes=(*cell.notes, *notes))
    front.show(cell)
    if result is None and (outcome.why_not or not plan.is_empty):
        _offer(front, project, plan)
    return cell


def _offer(front: FrontEnd, project: LiveProject, plan: Plan) -> None:
    """Show the plan of the whole project with its buttons; where there is none, the cell's own without."""
    try:
        whole = project.plan(plan.options)
    except PgmgError:
        front.plan(project, plan, asks=False)
    else:
        front.plan(project, whole)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The plan for the cell's file, and its outcome."""

    partial: PartialPlan
    result: ApplyResult | None = None
    why_not: str | None = None


def _applied(front: FrontEnd, project: LiveProject, path: str, options: CellOptions) -> _Outcome:
    """Apply what the cell's file declares, with what that needs, and nothing else."""
    attempt = 0
    while True:
        attempt += 1
        partial = project.plan_files([path], options.options)
        if waits := _waiting(partial):
            return _Outcome(partial, why_not=waits)
        if why_not(partial.plan, plan_only=options.plan_only):
            return _Outcome(partial)
        try:
            with front.progress(project) as listener:
                return _Outcome(partial, project.apply_files([path], partial.plan, listener=listener))
        except StalePlanError:
            if attempt == _ATTEMPTS:
                raise
        except ApplyError as error:
            needed = _needed_migration(error, partial)
            if needed is None:
                raise
            return _Outcome(partial, why_not=f"Not applied: a cell runs no migrations, and it needs {needed}.")


def _waiting(partial: PartialPlan) -> str | None:
    """Say that what the cell declares is also the business of a pending migration; None where it is not."""
    waiting = [str(name) for name in partial.focused_names if name in partial.waiting]
    if not waiting:
        return None
    migrations = ", ".join(migration.name for migration in partial.pending)
    return f"Not applied: a cell runs no migrations, and {', '.join(waiting)} waits for a pending one ({migrations})."


def _needed_migration(error: ApplyError, partial: PartialPlan) -> str | None:
    """Return the pending migration that may create what the server does not know."""
    if error.sqlstate not in _UNDEFINED:
        return None
    found = (needed_migration(name, partial.resolved, partial.pending) for name in partial.focused_names)
    return next((name for name in found if name is not None), None)


def left_alone(partial: PartialPlan) -> tuple[str, ...]:
    """Say what a cell does not touch, although it waits to be applied: other cells' business."""
    said = [
        f"{problem.paths[0]} is left alone: {problem.error.message}" for problem in partial.problems if problem.paths
    ]
    if partial.pending:
        said.append(f"Pending migrations are not run: {', '.join(m.name for m in partial.pending)}.")
    gone = [str(d.name) for d in partial.left if d.change is ChangeKind.DELETED]
    if gone:
        said.append(f"No longer declared, and not dropped: {', '.join(gone)}.")
    others = len(partial.left) - len(gone)
    if others:
        said.append(f"{others} other change{'' if others == 1 else 's'} of files left for %pgmg_plan.")
    return tuple(said)


def why_not(plan: Plan, *, is_new: bool = False, plan_only: bool = False) -> str | None:
    """Return why a plan is not applied at once; None where it is. `is_new` says that the file has just been written."""
    if plan.is_empty:
        return _ALREADY if is_new else "There is nothing to apply: the database is as the file says."
    if plan_only:
        return "Not applied yet: this is the plan."
    if plan.needs_consent:
        return f"Not applied: {' '.join(dict.fromkeys(notice.message for notice in plan.needs_consent))}"
    if gone := deletions(plan):
        return f"Not applied: it would delete {', '.join(gone)}."
    if tables := rewrites(plan):
        return f"Not applied: it would rewrite a table: {', '.join(tables)}."
    return None


def _changed(before: _Columns, after: _Columns) -> Iterator[ColumnsChanged]:
    for name, columns in after.items():
        if columns is None:
            continue
        old, new = dict(before.get(name) or ()), dict(columns)
        found = [
            ColumnDifference(column, old.get(column), type_) for column, type_ in columns if old.get(column) != type_
        ]
        found += [ColumnDifference(column, type_, None) for column, type_ in old.items() if column not in new]
        if found:
            yield ColumnsChanged(name, tuple(found), is_new=before.get(name) is None)


def _dependents(result: ApplyResult, own: tuple[ObjectName, ...]) -> tuple[ObjectName, ...]:
    """Return what else had to be touched, in the order in which it was."""
    touched = (done.step.object for done in result.steps)
    return tuple(dict.fromkeys(name for name in touched if name not in own and name.kind not in PROPERTY_KINDS))


def _previews(
    project: LiveProject, names: tuple[ObjectName, ...], limit: int | None
) -> tuple[tuple[Preview, ...], tuple[str, ...]]:
    if not limit:
        return (), ()
    found, notes = [], []
    for name in names:
        if name.kind not in _VIEWS:
            continue
        try:
            preview = project.preview(name, limit)
        except PgmgError as error:
            notes.append(f"{error.message} {error.hint or ''}".strip())
        else:
            found += [preview] if preview is not None else []
    if not found and not notes:
        notes.append("Nothing in the cell has rows to show: --preview is for views.")
    return tuple(found), tuple(notes)


def cell_options(values: Mapping[str, Any], options: PlanOptions) -> CellOptions:
    """Return what the options of a call say."""
    path = values["path"]
    return CellOptions(
        None if path is None else path.as_posix(), values["plan"], values["preview"], options, values["keep_file"]
    )
