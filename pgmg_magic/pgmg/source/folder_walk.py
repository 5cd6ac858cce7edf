"""Lists the SQL files below a folder; what cannot be listed or followed is a problem, never empty (rule 3.7)."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.errors import SourceError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = (".sql", ".SQL")
_IGNORED = re.compile(r"[.#~]|.*[~#]\Z|4913\Z")
"""Hidden, Emacs, Vim: what else editors leave beside a file does not end in .sql."""

_KEPT = "Nothing is deleted because of what cannot be seen."

FileId = tuple[int, int]
"""Device and inode: what tells a folder from all others, whatever way led there."""


def is_ignored(name: str) -> bool:
    """Say whether files and folders of this name are passed over: hidden ones, and what editors write beside a file."""
    return _IGNORED.match(name) is not None


def is_sql_file(name: str) -> bool:
    """Say whether a file of this name holds SQL."""
    return name.endswith(_SUFFIXES)


@dataclass(slots=True)
class Walk:
    """The contents of a folder. `files` are (shown path, real path) of SQL files, `problems` the unreadable entries.

    `borders` are the folders whose content may disappear as a whole while they stay: the folder itself, links to
    folders, mount points.
    """

    files: list[tuple[str, str]] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    borders: list[str] = field(default_factory=list)

    def empty(self) -> tuple[str, ...]:
        """Return the borders that hold no SQL file."""
        return tuple(border for border in self.borders if not any(_is_below(shown, border) for shown, _ in self.files))


def walk(folder: Path, shown: str, outside: frozenset[FileId]) -> Walk:
    """Return what lies below a folder, shown as `shown`.

    No folder is entered twice on one way down (a link may lead back), and none of `outside`.
    """
    found = Walk()
    stack: list[tuple[str, str, frozenset[FileId], int | None]] = [(os.fspath(folder), shown, outside, None)]
    while stack:
        path, name, above, device = stack.pop()
        try:
            here = _id(path)
            if here in above:
                continue
            with os.scandir(path) as entries:
                listed = list(entries)
        except OSError as error:
            if name == shown or not _has_vanished(path):
                found.problems.append(cannot_list(name, error))
            continue
        if here[0] != device:
            found.borders.append(name)
        prefix = f"{name}/" if name else ""
        for entry in listed:
            if is_ignored(entry.name):
                continue
            try:
                is_folder = _is_folder(entry)
            except OSError as error:
                found.problems.append(_cannot_follow(prefix + entry.name, entry.path, error))
                continue
            if is_folder:
                own = None if entry.is_symlink() else here[0]
                stack.append((entry.path, prefix + entry.name, above | {here}, own))
            elif is_sql_file(entry.name):
                found.files.append((prefix + entry.name, entry.path))
    return found


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def file_id(path: Path) -> frozenset[FileId]:
    """Return what tells a folder from all others; nothing where there is none."""
    try:
        return frozenset({_id(path)})
    except OSError:
        return frozenset()


def cannot_list(shown: str, error: OSError) -> SourceError:
    """Return the problem that a folder cannot be listed."""
    where = SourceLocation(shown or ".")
    match error.errno:
        case errno.ENOENT:
            hint = f"Restore the folder, or correct the setting that names it. {_KEPT}"
            return SourceError("the folder does not exist", where=where, hint=hint)
        case errno.ENOTDIR:
            return SourceError("is not a folder", where=where, hint="Correct the setting that names it.")
        case _:
            hint = f"Make the folder readable, or move it out of the project's folders. {_KEPT}"
            return SourceError(f"the folder cannot be listed: {_reason(error)}", where=where, hint=hint)


def _cannot_follow(shown: str, path: str, error: OSError) -> SourceError:
    try:
        target = f" to {os.readlink(path)}"  # noqa: PTH115 - strings are much faster than Path here
    except OSError:
        target = ""
    return SourceError(
        f"the link{target} cannot be followed: {_reason(error)}",
        where=SourceLocation(shown),
        hint=f"Restore what it leads to (is it mounted?), or remove the link. {_KEPT}",
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a folder, or a link to one.

    Raises:
        OSError: a link leads nowhere, or where nobody may look.
    """
    if not entry.is_symlink():
        return entry.is_dir()
    try:
        entry.stat()
    except OSError as error:
        if error.errno == errno.ELOOP or is_sql_file(entry.name):
            return False  # a link to itself holds nothing; whoever reads a file will say what is wrong with it
        raise
    return entry.is_dir()


def _id(path: str | Path) -> FileId:
    status = os.stat(path)  # noqa: PTH116 - strings are much faster than Path here
    return status.st_dev, status.st_ino


def _has_vanished(path: str) -> bool:
    """Say whether a folder was removed since it was listed; a link that leads nowhere is still there."""
    return not os.path.lexists(path)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
