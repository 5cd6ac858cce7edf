"""Keeps the results of parsing code files between runs, by the hash of a file's text.

The cache is an SQLite file in the user's own cache folder. It holds JSON: reading it executes nothing. It may be
deleted at any time. A cache that cannot be used is not used; parsing does not fail for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pgmg
from pgmg.source.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.sources.source import CodeFile, SourceObject

VARIABLE = "PGMG_CACHE_DIR"
"""The environment variable that names the folder of the cache; empty for no cache."""

LARGEST = 128 * 1024 * 1024
"""Bytes of results that are kept; those that were not used for the longest time are removed first."""

_WAIT = 0.2
"""Seconds to wait for another process that writes."""

_CREATE = """
CREATE TABLE IF NOT EXISTS parsed (
    parser TEXT NOT NULL, file TEXT NOT NULL, value TEXT NOT NULL, used_on TEXT NOT NULL, PRIMARY KEY (parser, file)
) WITHOUT ROWID
"""
_READ = "SELECT file, value, used_on FROM parsed WHERE parser = ? AND file IN (SELECT value FROM json_each(?))"
_USED = "UPDATE parsed SET used_on = ? WHERE parser = ? AND file IN (SELECT value FROM json_each(?))"
_WRITE = "INSERT OR REPLACE INTO parsed VALUES (?, ?, ?, ?)"
_EXTENT = ("page_count", "freelist_count", "page_size")
_SIZE = "SELECT coalesce(sum(length(value)), 0) FROM parsed"
_OLDEST = "SELECT parser, file, length(value) FROM parsed ORDER BY used_on, parser = ?, file"
_REMOVE = "DELETE FROM parsed WHERE parser = ? AND file = ?"


def cache_folder() -> Path | None:
    """Return the folder of the cache, or None where there is none to use.

    It is `$PGMG_CACHE_DIR`, else `pgmg` in `$XDG_CACHE_HOME` or `~/.cache`.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.home() raises
    return Path(home) / "pgmg" if os.path.isabs(home) else None  # noqa: PTH117


class ParseCache:
    """Results of parsing in one folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, files: Iterable[CodeFile]) -> dict[str, tuple[SourceObject, ...]]:
        """Return the objects of the files whose results are kept, by path."""
        by_hash: dict[str, list[CodeFile]] = {}
        for file in files:
            by_hash.setdefault(file.hash, []).append(file)
        if not by_hash or not self._is_there():
            return {}
        today, seldom = _today(), []
        rows: list[tuple[str, str, str]] = []
        with suppress(sqlite3.Error), closing(self._connect()) as connection:
            rows = connection.execute(_READ, (parser(), json.dumps(list(by_hash)))).fetchall()
            seldom = [key for key, _, used_on in rows if used_on != today]
            if seldom:
                with connection:
                    connection.execute(_USED, (today, parser(), json.dumps(seldom)))
        return unpack([(value, file) for key, value, _ in rows for file in by_hash[key]])

    def write(self, parsed: Mapping[str, tuple[CodeFile, tuple[SourceObject, ...]]]) -> None:
        """Keep results, by path."""
        if not parsed or not self._make_folder():
            return
        today = _today()
        rows = []
        for file, objects in parsed.values():
            with suppress(TypeError):  # a value that has no packed form: this file is parsed each time
                rows.append((parser(), file.hash, pack(objects, file), today))
        try:
            with closing(self._connect()) as connection, connection:
                connection.execute(_CREATE)
                connection.executemany(_WRITE, rows)
                _prune(connection)
        except sqlite3.OperationalError:
            return  # locked, or a full disk: the next run tries again
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self._path.unlink()  # no cache, or a damaged one

    @property
    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / "parsed.sqlite"

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT)
        connection.execute("PRAGMA synchronous = OFF")  # a cache may be lost
        return connection

    def _is_there(self) -> bool:
        return self._folder is not None and _is_private(self._folder) and _is_private(self._path)

    def _make_folder(self) -> bool:
        if self._folder is None:
            return False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        except OSError:
            return False
        return self._is_there()


def _is_private(path: Path) -> bool:
    """Say whether a file or folder is there, belongs to this user, and nobody else may write to it."""
    try:
        found = path.lstat()
    except OSError:
        return False
    is_ours = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_ours and not stat.S_ISLNK(found.st_mode)


def _prune(connection: sqlite3.Connection) -> None:
    pages, free, bytes_ = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _EXTENT)
    if (pages - free) * bytes_ <= LARGEST:
        return  # no more than that can be in it: to add up what is would read all of it
    (size,) = connection.execute(_SIZE).fetchone()
    if size <= LARGEST:
        return
    for key, file, length in connection.execute(_OLDEST, (parser(),)).fetchall():
        connection.execute(_REMOVE, (key, file))
        size -= length
        if size <= LARGEST // 2:
            return


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


@cache
def parser() -> str:
    """Return what tells one version of pgmg's readers from another: results are those of one version."""
    package = Path(pgmg.__file__).parent
    digest = hashlib.sha256()
    for folder in (package / "source", package / "model"):
        for path in sorted(folder.rglob("*.py")):
            found = path.stat()
            digest.update(f"{path.relative_to(package)} {found.st_size} {found.st_mtime_ns}\n".encode())
    spec = find_spec("postgast")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).stat()
        digest.update(f"{spec.origin} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()
