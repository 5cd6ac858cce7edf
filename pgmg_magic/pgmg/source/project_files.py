"""Reads the files of a project: code below one folder, migrations directly in another (rules 1.1, 1.2)."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.errors import SourceError
from pgmg.model.location import SourceLocation
from pgmg.model.source import CodeFile, MigrationFile, Notice
from pgmg.source.migrations.sections import up_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_UNDO = re.compile(r"(?i:.*\.down\.sql|U[^/]*__[^/]*\.sql)\Z")
_TEMPORARY = re.compile(r"[.#~]|.*[~#]\Z|4913\Z")  # hidden, Emacs, Vim; what else editors leave does not end in .sql
_DIGITS = re.compile(r"(\d+)")
_BOM = "\ufeff"
_YOUNG = 2_000_000_000
"""Nanoseconds: within this age of a file, another write may leave the same time behind (FAT counts in 2 s)."""


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What was read. `code` and `migrations` are None where that folder is not configured (rule 3.7).

    `code` is sorted by path, `migrations` in the order in which they run. `problems` are files that cannot be read.
    """

    code: tuple[CodeFile, ...] | None
    migrations: tuple[MigrationFile, ...] | None
    notices: tuple[Notice, ...] = ()
    problems: tuple[SourceError, ...] = ()


_Read = CodeFile | MigrationFile | SourceError


@dataclass(slots=True)
class FileCache:
    """What was read before: a file whose size, times and identity are the same is not read again."""

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
        if found != self.last:
            self.last = found
        return self.last


def read_files(
    root: Path, code_dir: Path | None, migrations_dir: Path | None, memory: FileCache | None = None
) -> SourceFiles:
    """Read every file of a project. Paths in the result are relative to `root`, with forward slashes.

    Nothing is raised for a bad file: `problems` says which, so that all are reported together (rule 1.6).
    A folder that does not exist holds nothing. With `memory`, only what has changed is read.
    """
    reader = _Reader(FileCache() if memory is None else memory)
    base = os.path.abspath(root)  # noqa: PTH100 - as people see it: symbolic links are not followed
    code = None if code_dir is None else tuple(_read_code(base, code_dir, migrations_dir, reader))
    migrations = None
    if migrations_dir is not None:
        migrations = tuple(_read_migrations(base, migrations_dir, reader))
    return reader.memory.prune(SourceFiles(code, migrations, tuple(reader.notices), tuple(reader.problems)))


def natural_key(name: str) -> tuple[object, ...]:
    """Return a sort key under which `9_x` comes before `10_y`."""
    parts = _DIGITS.split(name)
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


@dataclass(slots=True)
class _Reader:
    memory: FileCache
    problems: list[SourceError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

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
    return CodeFile(shown, text, _hash(text))


def _migration_file(shown: str, text: str) -> MigrationFile:
    return MigrationFile(shown.rpartition("/")[2], shown, up_section(text), _hash(text))


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
    outside = frozenset() if but is None or but == folder else _file_id(but)
    for shown, path in sorted(_walk(folder, _display_path(base, folder), outside)):
        file = reader.code(path, shown)
        if file is not None:
            yield file


def _walk(folder: Path, shown: str, outside: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Yield shown and real path of every SQL file below a folder, entering no folder twice on one way down."""
    stack = [(os.fspath(folder), shown, outside)]
    while stack:
        path, name, above = stack.pop()
        here = _file_id(path)
        if not here or here <= above:
            continue
        try:
            with os.scandir(path) as entries:
                listed = list(entries)
        except (NotADirectoryError, PermissionError):
            continue
        prefix = f"{name}/" if name else ""
        for entry in listed:
            if _TEMPORARY.match(entry.name):
                continue
            if _is_folder(entry):
                stack.append((entry.path, prefix + entry.name, above | here))
            elif entry.name.endswith((".sql", ".SQL")):
                yield prefix + entry.name, entry.path


def _file_id(path: str | Path) -> frozenset[tuple[int, int]]:
    """Return what tells a folder from all others, whatever way led there; nothing where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - strings are much faster than Path here
    except OSError:
        return frozenset()
    return frozenset({(status.st_dev, status.st_ino)})


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink to itself
        return False


def _read_migrations(base: str, folder: Path, reader: _Reader) -> Iterator[MigrationFile]:
    try:
        names = [name for name in os.listdir(folder) if name.endswith((".sql", ".SQL"))]  # noqa: PTH208 - names only
    except (FileNotFoundError, NotADirectoryError):
        return
    prefix = _display_path(base, folder)
    for name in sorted(names, key=natural_key):
        path = folder / name
        shown = f"{prefix}/{name}" if prefix else name
        if _TEMPORARY.match(name) or path.is_dir():
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
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            data = file.read()
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
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
