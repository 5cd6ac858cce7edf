"""Writes several files, all or none."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(slots=True)
class FileSet:
    """Files that are written together; `undo` puts everything back as it was, folders included."""

    _written: list[tuple[Path, bytes | None]] = field(default_factory=list)
    _folders: list[Path] = field(default_factory=list)

    def write(self, texts: Mapping[Path, str]) -> None:
        """Write all files; after an error none of them is there.

        Raises:
            OSError: a file or a folder cannot be written.
        """
        try:
            for path, text in texts.items():
                self._make_folder(path.parent)
                before = path.read_bytes() if path.exists() else None
                fresh = path.with_name(f".{path.name}.new")
                try:
                    fresh.write_text(text, encoding="utf-8", newline="")
                    if before is not None:
                        fresh.chmod(path.stat().st_mode)
                    self._written.append((path, before))
                    fresh.replace(path)
                except BaseException:
                    fresh.unlink(missing_ok=True)
                    raise
        except BaseException:
            self.undo()
            raise

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            self._folders.append(one)

    def undo(self) -> None:
        """Put everything back; may be called again."""
        while self._written:
            path, before = self._written.pop()
            if before is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(before)
        while self._folders:
            folder = self._folders.pop()
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
