"""The demo's files: laid out in a folder, edited in the course of the story."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from pgmg.config import CONFIG_FILE
from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.abc import Traversable
    from pathlib import Path

_DATA = ".pgmg"


def lay_out(folder: Path) -> tuple[str, ...]:
    """Write the demo project into `folder`, new or the place of an earlier demo; return the files' paths.

    Raises:
        UsageError: the folder holds something that is not the demo's.
    """
    project = dict(_tree(_home() / "project"))
    ours = {*project, *(path for edit in _names("edits") for path, _ in _tree(_home() / "edits" / edit))}
    if folder.exists():
        _check(folder, ours, project[CONFIG_FILE])
        for path in ours - set(project):
            (folder / path).unlink(missing_ok=True)
    for path, text in project.items():
        _write(folder / path, text)
    return tuple(project)


def edit(folder: Path, name: str) -> tuple[str, ...]:
    """Write the files of `edits/<name>` over the project; return their paths."""
    changed = dict(_tree(_home() / "edits" / name))
    for path, text in changed.items():
        _write(folder / path, text)
    return tuple(changed)


def sql(name: str) -> str:
    """Return the text of one of the demo's own SQL files: `by_hand/…` or `questions/…`."""
    return (_home() / name).read_text(encoding="utf-8")


def _home() -> Traversable:
    return files("pgmg.demo")


def _names(part: str) -> list[str]:
    return sorted(entry.name for entry in (_home() / part).iterdir() if entry.is_dir())


def _tree(top: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(top.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _tree(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")


def _check(folder: Path, ours: set[str], settings: str) -> None:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    strange = [path for path in there if path not in ours and not path.startswith(f"{_DATA}/")]
    config = folder / CONFIG_FILE
    if config.is_file() and config.read_text(encoding="utf-8", errors="replace") != settings:
        strange.insert(0, CONFIG_FILE)
    if strange:
        raise UsageError(
            f"{folder} is not empty, and not only the demo's: there is {strange[0]}", hint="`pgmg demo ANOTHER_FOLDER`"
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
