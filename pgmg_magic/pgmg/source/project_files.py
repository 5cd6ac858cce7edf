"""Reads the files of a project: code below one folder, migrations directly in another (rules 1.1, 1.2, 3.7)."""

from __future__ import annotations

import os
import re
import stat
import time
from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.errors import SourceError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.text_hash import exact_hash, text_hash
from pgmg.model.sources.source import CodeFile, MigrationFile, Notice
from pgmg.source.folder_walk import cannot_list, file_id, is_ignored, is_sql_file, walk
from pgmg.source.grammar.line_ends import with_line_feeds
from pgmg.source.migrations.sections import up_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_UNDO = re.compile(r"(?i:.*\.down\.sql|U[^/]*__[^/]*\.sql)\Z")
_TEST = re.compile(r"\.test\.(?:[^./]+\.)?sql\Z", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")
_VERSION = re.compile(r"\d+(?:\.\d+)+|[vVuU]\d+(?:[._]\d+)+(?=__)")
"""A number of several parts at the beginning of a name: `1.2`, and in the manner of Flyway `V1.2__` or `V1_2__`."""
_JOINT = "\uffff"
"""Sorts after whatever may end a version: 1, 1.1, 2."""
_BOM = "\ufeff"
_CHUNK = 1 << 16
"""Bytes that are read at a time."""
_YOUNG = 2_000_000_000
"""Nanoseconds: within this age of a file, another write may leave the same time behind (FAT counts in 2 s)."""


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of a project. `code` and `migrations` are None if that folder is not configured (rule 3.7).

    `code` is sorted by path, `migrations` in the order in which they run. `problems` are files that cannot be read, and
    folders and links that cannot be followed: with one of them nobody knows what is missing. `empty` are folders of
    code without a file whose content may be missing as a whole: the code folder, links to folders, mount points.
    """

    code: tuple[CodeFile, ...] | None
    migrations: tuple[MigrationFile, ...] | None
    notices: tuple[Notice, ...] = ()
    problems: tuple[SourceError, ...] = ()
    empty: tuple[str, ...] = ()
    migrations_folder: str = ""
    """As it is shown in problems."""

    @property
    def migration_problems(self) -> tuple[SourceError, ...]:
        """The problems with migrations, or with their folder."""
        mine = (p for p in self.problems if self.migrations is not None and p.where is not None)
        return tuple(p for p in mine if self.migrations_folder in _with_folder(p.where.path if p.where else ""))


def _with_folder(path: str) -> tuple[str, str]:
    return path, path.rpartition("/")[0]


_Read = CodeFile | MigrationFile | SourceError


@dataclass(slots=True)
class FileCache:
    """The files read before: a file of the same size, times and identity is not read again."""

    known: dict[str, tuple[tuple[int, ...], _Read]] = field(default_factory=dict)
    seen: dict[str, tuple[tuple[int, ...], _Read]] = field(default_factory=dict)
    last: SourceFiles = field(default_factory=lambda: SourceFiles(None, None))

    def get(self, path: str, fingerprint: tuple[int, ...]) -> _Read | None:
        """Return what the file held, if it cannot have changed."""
        known = self.known.get(path)
        if known is None or known[0] != fingerprint:
            return None
        self.seen[path] = known
        return known[1]

    def put(self, path: str, fingerprint: tuple[int, ...], now: int, found: _Read) -> None:
        """Remember a file, unless it is so young that a change right now could go unnoticed."""
        if fingerprint and max(fingerprint[:2]) + _YOUNG < now:
            self.seen[path] = (fingerprint, found)

    def prune(self, found: SourceFiles) -> SourceFiles:
        """Forget files that are gone; return the very same answer where nothing at all has changed."""
        self.known, self.seen = self.seen, {}
        if _comparable(found) != _comparable(self.last):
            self.last = found
        return self.last


def _comparable(found: SourceFiles) -> tuple[object, ...]:
    """Return what is equal for equal answers: errors are compared by their text."""
    return found.code, found.migrations, found.notices, tuple(map(str, found.problems)), found.empty


def read_files(
    root: Path, code_dir: Path | None, migrations_dir: Path | None, memory: FileCache | None = None
) -> SourceFiles:
    """Read every file of a project. Paths in the result are relative to `root`, with forward slashes.

    Nothing is raised for a bad file or folder: `problems` says which, so that all are reported together (rule 1.6).
    That includes a folder that does not exist. With `memory`, only what has changed is read.
    """
    reader = _Reader(FileCache() if memory is None else memory)
    base = os.path.abspath(root)  # noqa: PTH100 - as people see it: symbolic links are not followed
    code = None if code_dir is None else tuple(_read_code(base, code_dir, migrations_dir, reader))
    migrations = None
    if migrations_dir is not None:
        migrations = tuple(_read_migrations(base, migrations_dir, reader))
    shown = "" if migrations_dir is None else _display_path(base, migrations_dir)
    found = SourceFiles(code, migrations, tuple(reader.notices), tuple(reader.problems), reader.empty, shown)
    return reader.memory.prune(found)


def natural_key(name: str) -> tuple[object, ...]:
    """Return a sort key under which `9_x` comes before `10_y`, and `V2__x` before `V2.1__y`."""
    version = _VERSION.match(name)
    spelled = name if version is None else re.sub(r"[._]", _JOINT, version[0]) + name[version.end() :]
    parts = _DIGITS.split(spelled)
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


@dataclass(slots=True)
class _Reader:
    memory: FileCache
    problems: list[SourceError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    empty: tuple[str, ...] = ()

    def code(self, path: str, shown: str) -> CodeFile | None:
        """Return a file of the code folder, or note what is wrong with it."""
        found = self._read(path, shown, _code_file)
        return found if isinstance(found, CodeFile) else None

    def migration(self, path: str, shown: str) -> MigrationFile | None:
        """Return a migration, or note what is wrong with it."""
        found = self._read(path, shown, _migration_file)
        return found if isinstance(found, MigrationFile) else None

    def _read(self, path: str, shown: str, make: Callable[[str, str], _Read]) -> _Read:
        fingerprint = _fingerprint(path)
        found = self.memory.get(path, fingerprint)
        if found is None:
            now = time.time_ns()
            text = (
                _read(path, shown)
                if _is_regular(fingerprint)
                else SourceError("is no regular file", where=SourceLocation(shown))
            )
            found = text if isinstance(text, SourceError) else make(shown, text)
            self.memory.put(path, fingerprint, now, found)
        if isinstance(found, SourceError):
            self.problems.append(found)
        return found


def _code_file(shown: str, text: str) -> CodeFile:
    return CodeFile(shown, text, exact_hash(text))


def _migration_file(shown: str, text: str) -> MigrationFile:
    return MigrationFile(shown.rpartition("/")[2], shown, up_section(text), text_hash(text))


def _fingerprint(path: str) -> tuple[int, ...]:
    """Return what is another after a change: times, size, and which file it is; nothing where that cannot be told."""
    try:
        status = os.stat(path)  # noqa: PTH116 - strings are much faster than Path here
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev, status.st_mode)


def _is_regular(fingerprint: tuple[int, ...]) -> bool:
    """Say whether reading comes to an end; what cannot be looked at says itself what is wrong."""
    return not fingerprint or stat.S_ISREG(fingerprint[-1])


def _read_code(base: str, folder: Path, but: Path | None, reader: _Reader) -> Iterator[CodeFile]:
    outside = frozenset() if but is None or but == folder else file_id(but)
    found = walk(folder, _display_path(base, folder), outside)
    reader.problems += found.problems
    reader.empty = found.empty()
    for shown, path in sorted(found.files):
        if _TEST.search(shown):
            message = "a test beside code is passed over: it declares nothing"
            reader.notices.append(Notice("code-test", message, shown))
            continue
        file = reader.code(path, shown)
        if file is not None:
            yield file


def _read_migrations(base: str, folder: Path, reader: _Reader) -> Iterator[MigrationFile]:
    prefix = _display_path(base, folder)
    try:
        names = [name for name in os.listdir(folder) if is_sql_file(name)]  # noqa: PTH208 - names only
    except OSError as error:
        reader.problems.append(cannot_list(prefix, error))
        return
    for name in sorted(names, key=natural_key):
        path = folder / name
        shown = f"{prefix}/{name}" if prefix else name
        if is_ignored(name) or os.path.isdir(path):  # noqa: PTH112 - Path.is_dir() raises where nobody may look
            continue
        if _UNDO.match(name):
            message = f"{name} undoes a migration and is never run."
            reader.notices.append(Notice("migration-undo", message, shown))
            continue
        file = reader.migration(os.fspath(path), shown)
        if file is not None:
            yield file


def _display_path(base: str, folder: Path) -> str:
    path = os.path.relpath(folder, base).replace(os.sep, "/")
    return "" if path == "." else path


def _read(path: str, shown: str) -> str | SourceError:
    try:
        data = _contents(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "Make the file readable, or remove it."
        return SourceError(f"cannot be read: {reason}", where=SourceLocation(shown), hint=hint)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(shown, data, error)
    if "\0" in text:
        return _not_text(shown, data)
    text = text.removeprefix(_BOM)
    return with_line_feeds(text)


def _contents(path: str) -> bytes:
    """Return the bytes of a file. Without Python's buffered files, which take as long again for one as small as these.

    Raises:
        OSError: it cannot be read.
    """
    found = []
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        while chunk := os.read(handle, _CHUNK):
            found.append(chunk)
    finally:
        os.close(handle)
    return b"".join(found)


def _not_utf8(shown: str, data: bytes, error: UnicodeDecodeError) -> SourceError:
    line = data.count(b"\n", 0, error.start) + 1
    message = f"is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message += " (it looks like UTF-16)"
    return SourceError(message, where=SourceLocation(shown, line), hint="Save the file as UTF-8.")


def _not_text(shown: str, data: bytes) -> SourceError:
    """No SQL holds a zero byte, and the grammar would take it for the end of the text."""
    offset = data.index(b"\0")
    line = data.count(b"\n", 0, offset) + 1
    message = f"is not text: byte 0x00 at offset {offset} (it may be UTF-16)"
    return SourceError(message, where=SourceLocation(shown, line), hint="Save the file as UTF-8.")
