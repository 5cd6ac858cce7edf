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
    RowsError,
    StalePlanError,
    UsageError,
)
from pgmg.model.cell_result import CellResult, ColumnsChanged
from pgmg.model.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plan import ChangeKind, Plan, PlanOptions
from pgmg.model.row_questions import ColumnDifference, Preview
from pgmg.model.source import CodeFile, SourceObject
from pgmg.render.html.impact import deletions, rewrites
from pgmg.source import parse_file, read_files
from pgmg.source.code_folder import CodeFolder, write
from pgmg.source.file_backup import FileBackup
from pgmg.source.file_placement import check_unique, declaring_file, missing_from, read_declared, suggest_path

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.catalog.column_lists import Attributes
    from pgmg.model.events import ApplyResult
    from pgmg.notebook.front_end import FrontEnd
    from pgmg.notebook.notebook_session import LiveProject

_ATTEMPTS = 3
"""Plans per cell: another apply, such as a watcher's, makes a plan stale."""
_OVERTAKEN = "Nothing was left to apply: the database has it already. A watcher may have been faster."
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
    cell = replace(drafted, objects=tuple(project.attributes_in(drafted.path)))
    plan, result = _applied(front, project, options)
    cell = replace(cell, plan=plan, result=result)
    if result is not None:
        cell = replace(cell, dependents=_dependents(result, cell.objects))
    else:
        reason = _OVERTAKEN if plan.is_empty and cell.written else why_not(plan, plan_only=options.plan_only)
        cell = replace(cell, why_not=reason)
    if before is not None and (result is not None or plan.is_empty):
        adopted = {change.object for change in plan.changes if change.change is ChangeKind.ADOPTED}
        after = {name: found for name, found in project.attributes_in(cell.path).items() if name not in adopted}
        cell = replace(cell, columns=tuple(_changed(before, after)))
    previews, notes = _previews(project, cell.objects, options.preview)
    cell = replace(cell, previews=previews, notes=(*cell.notes, *notes))
    front.show(cell)
    if result is None and not plan.is_empty:
        front.plan(project, plan)
    return cell


def _applied(front: FrontEnd, project: LiveProject, options: CellOptions) -> tuple[Plan, ApplyResult | None]:
    attempt = 0
    while True:
        attempt += 1
        plan = project.plan(options.options)
        if why_not(plan, plan_only=options.plan_only):
            return plan, None
        try:
            with front.progress(project) as listener:
                result = project.apply(plan, listener=listener)
        except StalePlanError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return result.plan, result


def why_not(plan: Plan, *, plan_only: bool = False) -> str | None:
    """Return why a plan is not applied at once; None where it is."""
    if plan.is_empty:
        return "There is nothing to apply: the database is as the files say."
    if plan.migrations:
        names = ", ".join(migration.name for migration in plan.migrations)
        return f"Not applied: a cell runs no migrations, and the plan holds {names}."
    if plan_only:
        return "Not applied yet: this is the plan."
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
        except RowsError as error:
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
