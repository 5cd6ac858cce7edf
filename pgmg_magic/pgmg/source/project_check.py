"""Checks project files without a server: syntax, statements in the wrong folder, objects that are declared twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.errors import DuplicateObject, SourceError, SourceErrors
from pgmg.model.naming.names import Kind
from pgmg.source.file_placement import is_same, named
from pgmg.source.project_files import read_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from pgmg.model.sources.source import Notice, SourceObject


@dataclass(frozen=True, slots=True)
class FileCheck:
    """The number of files and objects that were read, and what was found."""

    files: int
    objects: int
    migrations: int
    problems: tuple[SourceError, ...] = ()
    notices: tuple[Notice, ...] = ()


def check_files(
    root: Path, code_dir: Path | None, migrations_dir: Path | None, only: Collection[str] = ()
) -> FileCheck:
    """Read and parse all files of a project; with `only`, report problems of these paths alone (relative to `root`)."""
    from pgmg.source.declarations import parse_file
    from pgmg.source.migrations.parse import parse_migration

    found = read_files(root, code_dir, migrations_dir)
    problems: list[SourceError] = list(found.problems)
    objects: list[SourceObject] = []
    migrations = [one for one in found.migrations or () if not only or one.path in only]
    for file in found.code or ():
        try:
            objects += parse_file(file)
        except SourceErrors as errors:
            problems += errors.problems
    for migration in migrations:
        try:
            parse_migration(migration)
        except SourceErrors as errors:
            problems += errors.problems
    problems += _duplicates(objects)
    shown = [problem for problem in problems if not only or _paths(problem) & set(only)]
    count = len(found.code or ()) + len(migrations)
    return FileCheck(count, len(objects), len(migrations), tuple(shown), found.notices)


def _paths(problem: SourceError) -> set[str]:
    own = set() if problem.where is None else {problem.where.path}
    return own | set(problem.paths) if isinstance(problem, DuplicateObject) else own


def _duplicates(objects: Iterable[SourceObject]) -> Iterator[DuplicateObject]:
    """Yield objects of the same name as an earlier one (rule 1.5), as far as the files tell: no path is resolved."""
    by_name: defaultdict[str, list[SourceObject]] = defaultdict(list)
    for source in objects:
        if source.target.parent is not None or source.target.kind is Kind.DEFAULT_PRIVILEGES:
            continue
        alike = by_name[source.target.parts[-1] if source.target.parts else ""]
        if first := next((one for one in alike if is_same(one.target, source.target)), None):
            where = f"{first.location.path}:{first.location.line}"
            yield DuplicateObject(
                f"{named(source.target)} is declared already in {where}.",
                where=source.location,
                hint="Keep one of the two; a file may also hold several objects.",
                paths=(first.location.path, source.location.path),
            )
        alike.append(source)
