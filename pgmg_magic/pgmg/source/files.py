"""Reads the files of a project: code below one folder, migrations directly in another (rules 1.1, 1.2)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgmg.errors import SourceError
from pgmg.model.place import Place
from pgmg.model.source import CodeFile, MigrationFile, Notice
from pgmg.source.sections import up_section

_UNDO = re.compile(r"(?i:.*\.down\.sql|U[^/]*__[^/]*\.sql)\Z")
_TEMPORARY = re.compile(r"[.#~]|.*[~#]\Z|4913\Z")  # hidden, Emacs, Vim; what else editors leave does not end in .sql
_DIGITS = re.compile(r"(\d+)")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What was read. `code` and `migrations` are None where that folder is not configured (rule 3.7).

    `code` is sorted by path, `migrations` in the order in which they run. `problems` are files that cannot be read.
    """

    code: tuple[CodeFile, ...] | None
    migrations: tuple[MigrationFile, ...] | None
    notices: tuple[Notice, ...] = ()
    problems: tuple[SourceError, ...] = ()


def read_files(root: Path, code_dir: Path | None, migrations_dir: Path | None) -> SourceFiles:
    """Read every file of a project. Paths in the result are relative to `root`, with forward slashes.

    Nothing is raised for a bad file: `problems` says which, so that all are reported together (rule 1.6).
    A folder that does not exist holds nothing.
    """
    problems: list[SourceError] = []
    notices: list[Notice] = []
    base = os.path.abspath(root)  # noqa: PTH100 - as people see it: symbolic links are not followed
    code = None if code_dir is None else tuple(_read_code(base, code_dir, migrations_dir, problems))
    migrations = None
    if migrations_dir is not None:
        migrations = tuple(_read_migrations(base, migrations_dir, problems, notices))
    return SourceFiles(code, migrations, tuple(notices), tuple(problems))


def natural_key(name: str) -> tuple[object, ...]:
    """Return a sort key under which `9_x` comes before `10_y`."""
    parts = _DIGITS.split(name)
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


def _read_code(base: str, folder: Path, but: Path | None, problems: list[SourceError]) -> Iterator[CodeFile]:
    outside = frozenset() if but is None or but == folder else _identity(but)
    for shown, path in sorted(_walk(folder, _shown(base, folder), outside)):
        text = _read(path, shown, problems)
        if text is not None:
            yield CodeFile(shown, text, _hash(text))


def _walk(folder: Path, shown: str, outside: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Yield shown and real path of every SQL file below a folder, entering no folder twice on one way down."""
    stack = [(os.fspath(folder), shown, outside)]
    while stack:
        path, name, above = stack.pop()
        here = _identity(path)
        if not here or here <= above:
            continue
        try:
            with os.scandir(path) as entries:
                listed = list(entries)
        except (NotADirectoryError, PermissionError):
            continue
        for entry in listed:
            if _TEMPORARY.match(entry.name):
                continue
            inside = f"{name}/{entry.name}" if name else entry.name
            if _is_folder(entry):
                stack.append((entry.path, inside, above | here))
            elif entry.name.endswith((".sql", ".SQL")):
                yield inside, entry.path


def _identity(path: str | Path) -> frozenset[tuple[int, int]]:
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


def _read_migrations(
    base: str, folder: Path, problems: list[SourceError], notices: list[Notice]
) -> Iterator[MigrationFile]:
    try:
        names = [name for name in os.listdir(folder) if name.endswith((".sql", ".SQL"))]  # noqa: PTH208 - names only
    except (FileNotFoundError, NotADirectoryError):
        return
    prefix = _shown(base, folder)
    for name in sorted(names, key=natural_key):
        path = folder / name
        shown = f"{prefix}/{name}" if prefix else name
        if _TEMPORARY.match(name) or path.is_dir():
            continue
        if _UNDO.match(name):
            message = f"{name} undoes a migration and is never run."
            notices.append(Notice("migration-undo", message, shown))
            continue
        text = _read(os.fspath(path), shown, problems)
        if text is not None:
            yield MigrationFile(name, shown, up_section(text), _hash(text))


def _shown(base: str, folder: Path) -> str:
    path = os.path.relpath(folder, base).replace(os.sep, "/")
    return "" if path == "." else path


def _read(path: str, shown: str, problems: list[SourceError]) -> str | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            data = file.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "Make the file readable, or remove it."
        problems.append(SourceError(f"cannot be read: {reason}", where=Place(shown), hint=hint))
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(_not_utf8(shown, data, error))
        return None
    if "\0" in text:
        problems.append(_not_text(shown, data))
        return None
    text = text.removeprefix(_BOM)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _not_utf8(shown: str, data: bytes, error: UnicodeDecodeError) -> SourceError:
    line = data.count(b"\n", 0, error.start) + 1
    message = f"is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message += " (it looks like UTF-16)"
    return SourceError(message, where=Place(shown, line), hint="Save the file as UTF-8.")


def _not_text(shown: str, data: bytes) -> SourceError:
    """No SQL holds a zero byte, and the grammar would take it for the end of the text."""
    offset = data.index(b"\0")
    line = data.count(b"\n", 0, offset) + 1
    message = f"is not text: byte 0x00 at offset {offset} (it may be UTF-16)"
    return SourceError(message, where=Place(shown, line), hint="Save the file as UTF-8.")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
