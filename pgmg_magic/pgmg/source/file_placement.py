"""Finds the file that declares an object, or proposes one as the project names its files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from pgmg.errors import DuplicateObject, SourceErrors, UsageError
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.sources.source import CodeFile, SourceObject, Target
from pgmg.source.declarations import parse_file

_FAMILIES = (RELATIONS, ROUTINES, TYPES)
_UNFIT = re.compile(r"[^\w$-]+")
_FOLDERS = {Kind.MATERIALIZED_VIEW: "views", Kind.DOMAIN: "types", Kind.POLICY: "policies", Kind.INDEX: "indexes"}
"""Where the first object of a kind goes, other than its plural."""

DeclaredByPath = Mapping[str, tuple[SourceObject, ...]]
"""What each file declares, by its path."""


def read_declared(files: Iterable[CodeFile]) -> dict[str, tuple[SourceObject, ...]]:
    """Return what files declare; one that does not parse counts as empty here: planning will say what is wrong."""
    found = {}
    for file in files:
        try:
            found[file.path] = parse_file(file)
        except SourceErrors:
            found[file.path] = ()
    return found


def check_unique(objects: Sequence[SourceObject], path: str, declared: DeclaredByPath) -> None:
    """Refuse objects that another file declares already (rule 1.5).

    Raises:
        DuplicateObject: that names both places.
    """
    alone = (source for source in objects if source.target.parent is None)
    for source in alone:
        if source.target.kind is Kind.DEFAULT_PRIVILEGES:
            continue  # several files may each say a part
        for other_path, others in declared.items():
            for other in others:
                if other_path != path and is_same(source.target, other.target):
                    where = f"{other.location.path}:{other.location.line}"
                    raise DuplicateObject(
                        f"{named(source.target)} is declared already in {where}.",
                        where=source.location,
                        hint=f"Name that file, or remove it from there first. Nothing was written to {path}.",
                        paths=(path, other_path),
                    )


def declaring_file(objects: Sequence[SourceObject], declared: DeclaredByPath) -> str | None:
    """Return the one file that declares objects of a cell already; None where none does.

    Raises:
        UsageError: several files do, or the file declares what the cell does not and so would lose.
    """
    mine = [source.target for source in objects if source.target.parent is None]
    paths = {
        path: [other for other in others if any(is_same(target, other.target) for target in mine)]
        for path, others in declared.items()
    }
    found = [path for path, same in paths.items() if same]
    if len(found) > 1:
        raise UsageError(
            f"The cell's objects are declared in {len(found)} files: {', '.join(found)}.", hint="Name one file."
        )
    if not found:
        return None
    lost = missing_from(objects, declared[found[0]])
    if lost:
        raise UsageError(
            f"{found[0]} declares more than the cell: {', '.join(lost)}.",
            hint=f"Put all of it into the cell, or name the file to replace it: %%pgmg_sql {found[0]}",
        )
    return found[0]


def missing_from(objects: Sequence[SourceObject], before: Sequence[SourceObject]) -> tuple[str, ...]:
    """Return what a file declared before and the cell does not, attachments too."""
    kept = [source.target for source in objects]
    gone = (old.target for old in before if not any(is_same(new, old.target) for new in kept))
    return tuple(dict.fromkeys(map(named, gone)))


def suggest_path(objects: Sequence[SourceObject], declared: DeclaredByPath, code_dir: str) -> str:
    """Return where a new object belongs: the folder that most of its kind are in, its name as the file's.

    Raises:
        UsageError: the cell declares nothing that has a name of its own, or that file is taken.
    """
    source = next((one for one in objects if one.target.parent is None and one.target.parts), None)
    if source is None:
        raise UsageError("The cell names no object of its own.", hint="Name a file: %%pgmg_sql grants/reporting.sql")
    folder = _folder(source.target, declared, code_dir)
    stem = _UNFIT.sub("_", source.target.parts[-1]).strip("_.") or source.target.kind.value
    path = str(PurePosixPath(folder) / f"{stem}.sql")
    if path in declared:
        raise UsageError(f"{path} exists already and declares something else.", hint="Name a file.")
    return path


def _folder(target: Target, declared: DeclaredByPath, code_dir: str) -> str:
    schema = target.parts[:-1]
    alike: Counter[str] = Counter()
    same_schema: Counter[str] = Counter()
    for path, others in declared.items():
        folder = str(PurePosixPath(path).parent)
        for other in others:
            if other.target.parent is None and other.target.kind is target.kind:
                alike[folder] += 1
                same_schema[folder] += other.target.parts[:-1] == schema
    for counted in (+same_schema, alike):
        if counted:
            most = max(counted.values())
            return min(folder for folder, number in counted.items() if number == most)
    files = [str(PurePosixPath(path).parent) for path in declared]
    if files and set(files) == {code_dir}:
        return code_dir  # this project has no folders
    return str(PurePosixPath(code_dir) / _FOLDERS.get(target.kind, f"{target.kind.value}s"))


def is_same(one: Target, other: Target) -> bool:
    """Say whether two declarations are of one object, as far as their texts tell; `public` may be left out."""
    if one.kind is not other.kind and not any(one.kind in f and other.kind in f for f in _FAMILIES):
        return False
    if (one.parent is None) != (other.parent is None) or one.detail != other.detail:
        return False
    if one.parent is not None and other.parent is not None and not is_same(one.parent, other.parent):
        return False
    alike = None in (one.arguments, other.arguments) or one.arguments == other.arguments
    return alike and _bare(one) == _bare(other)


def _bare(target: Target) -> tuple[str, ...]:
    return target.parts[1:] if target.parts[:1] == ("public",) and len(target.parts) > 1 else target.parts


def named(target: Target) -> str:
    """Return the kind and the name of a declared object as messages say them."""
    about = f" on {named(target.parent)}" if target.parent is not None else ""
    name = ".".join(target.parts)
    return f"{target.kind.value}{'.' if name else ''}{name}{about}"
