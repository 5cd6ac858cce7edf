"""Keeps the content of a file of the code folder, to restore it if the server refuses the new content."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.source.code_folder import write_bytes

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileBackup:
    """The content of a file, None if there is none, and the folders above it that do not exist yet, lowest first."""

    path: Path
    content: bytes | None = field(repr=False)
    absent: tuple[Path, ...] = ()

    @classmethod
    def of(cls, path: Path) -> FileBackup:
        """Read a file that is about to be written."""
        path = path.resolve()
        content = path.read_bytes() if path.exists() else None
        return cls(path, content, tuple(folder for folder in path.parents if not folder.exists()))

    def restore(self, written: str) -> bool:
        """Restore the file if it still has the text `written`; return whether it was restored.

        Folders that did not exist before are removed if they are empty.
        """
        try:
            if self.path.read_bytes() != written.encode():
                return False  # somebody has edited it since
            if self.content is None:
                self.path.unlink()
            else:
                write_bytes(self.path, self.content)
        except OSError:
            return False
        with suppress(OSError):
            for folder in self.absent:
                folder.rmdir()
        return True
