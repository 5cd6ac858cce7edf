"""Writes one file of the code folder: only inside of it, only SQL, and never half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pgmg.errors import UsageError
from pgmg.model.lazy_dataclass import dataclass

_SUFFIXES = (".sql", ".SQL")
_PASSED_OVER = (".", "#", "~")
"""What hidden and temporary files begin with: pgmg would not read them."""


@dataclass(frozen=True, slots=True)
class CodeFolder:
    """The code folder of a project, and the migrations folder that may lie inside of it but is no part of it."""

    root: Path
    code_dir: Path
    migrations_dir: Path | None = None

    def shown(self, path: Path) -> str:
        """Return a path as people see it: relative to the project, with forward slashes."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def file(self, typed: str) -> Path:
        """Return the file that a typed path means: relative to the code folder, or to the project where that is it.

        Raises:
            UsageError: it lies outside the code folder, whatever way leads there, or is no SQL file.
        """
        path = PurePosixPath(typed.replace(os.sep, "/"))
        inside = f"Name a file below {self.shown(self.code_dir)}/, such as views/user_stats.sql."
        if path.is_absolute() or ".." in path.parts or "\0" in typed or not path.parts:
            raise UsageError(f"{typed} is no path inside the code folder", hint=inside)
        if path.suffix not in _SUFFIXES or typed.endswith("/"):
            raise UsageError(f"{typed} is no SQL file", hint="Its name must end in .sql.")
        if hidden := next((part for part in path.parts if part.startswith(_PASSED_OVER)), None):
            raise UsageError(f"{typed}: pgmg does not read {hidden}", hint="Such names are those of temporary files.")
        target = self.code_dir / self._below(path)
        real = self._checked(target, typed, inside)
        try:
            if real.exists() and not real.is_file():
                raise UsageError(f"{typed} is not a file", hint=inside)
        except OSError as error:  # a name that is too long
            raise UsageError(f"{typed}: {error.strerror}", hint=inside) from None
        return target

    def _below(self, path: PurePosixPath) -> PurePosixPath:
        """Cut the code folder's own name off: messages show paths with it."""
        own = PurePosixPath(self.shown(self.code_dir))
        is_cut = ".." not in own.parts and path.is_relative_to(own) and path != own
        return path.relative_to(own) if is_cut and not (self.code_dir / own).is_dir() else path

    def _checked(self, target: Path, typed: str, hint: str) -> Path:
        """Follow symbolic links: where they lead out of the code folder, nothing is written."""
        try:
            real = target.resolve()
        except (OSError, RuntimeError) as error:
            raise UsageError(f"{typed} leads nowhere: {error}", hint=hint) from None
        if not real.is_relative_to(self.code_dir.resolve()):
            raise UsageError(f"{typed} leads out of the code folder", hint="A symbolic link is not followed there.")
        other = self.migrations_dir
        if other is not None and other != self.code_dir and real.is_relative_to(other.resolve()):
            raise UsageError(f"{typed} lies in the migrations folder", hint="`pgmg new` makes migrations.")
        if real.suffix not in _SUFFIXES:
            raise UsageError(f"{typed} leads to {real.name}, which is no SQL file")
        return real


def write(path: Path, text: str) -> None:
    """Write a text as UTF-8 with line feeds; otherwise as `write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: another one beside it replaces it. Its mode is kept.

    A symbolic link stays one; the file that it leads to is written.

    Raises:
        OSError: it cannot be written; the previous file is unchanged.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(path))
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)  # the only way to ask for it
        os.umask(mask)
        return 0o666 & ~mask
