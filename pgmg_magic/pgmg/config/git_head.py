"""Reads git's branch and commit from the files of a repository: no program has to be there or be started."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pathlib import Path

_REF = re.compile(r"ref:\s*(\S+)")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class GitHead:
    """A repository's head. `branch` is None where it is detached, `commit` None where it cannot be told."""

    branch: str | None
    commit: str | None


def read_head(folder: Path) -> GitHead | None:
    """Return the head of the repository that a folder is in, worktrees included; None where there is none."""
    for parent in (folder, *folder.parents):
        git = _git_folder(parent / ".git")
        if git is not None:
            return _head(git)
    return None


def _git_folder(path: Path) -> Path | None:
    """Return the repository's folder: `.git` itself, or where the file `.git` of a worktree leads."""
    text = _text(path)
    if text is not None and text.startswith("gitdir:"):
        path = path.parent / text.removeprefix("gitdir:").strip()
    return path if _text(path / "HEAD") is not None else None


def _head(git: Path) -> GitHead:
    text = (_text(git / "HEAD") or "").strip()
    found = _REF.match(text)
    if found is None:
        return GitHead(None, text if _COMMIT.fullmatch(text) else None)
    reference = found[1]
    branch = reference.removeprefix(_BRANCHES) if reference.startswith(_BRANCHES) else None
    return GitHead(None if branch == ".invalid" else branch, _commit(git, reference))


def _commit(git: Path, reference: str) -> str | None:
    shared = git / (_text(git / "commondir") or ".").strip()
    for folder in (git, shared):
        text = (_text(folder / reference) or "").strip()
        if _COMMIT.fullmatch(text):
            return text
    for line in (_text(shared / "packed-refs") or "").splitlines():
        commit, _, name = line.partition(" ")
        if name.strip() == reference and _COMMIT.fullmatch(commit):
            return commit
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
