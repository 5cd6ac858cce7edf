"""Compares two readings of a project's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.source import SourceFiles


def changed_paths(before: SourceFiles | None, after: SourceFiles) -> tuple[str, ...]:
    """Return the paths of files that are new, gone or others."""
    if before is None or before is after:
        return ()
    old, new = _hashes(before), _hashes(after)
    return tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))


def _hashes(files: SourceFiles) -> dict[str, str]:
    found = {file.path: file.hash for file in files.code or ()}
    found |= {file.path: file.hash for file in files.migrations or ()}
    return found | {p.where.path: str(p) for p in files.problems if p.where is not None}
