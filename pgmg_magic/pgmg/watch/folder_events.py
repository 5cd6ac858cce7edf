"""Tells that something below the project's folders has changed, whatever becomes of the folders themselves.

What matters is what reading takes in: the same names are passed over as by `source/folder_walk.py`.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from watchfiles import Change, watch

from pgmg.source.folder_walk import is_ignored, is_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

_STEP = 5
"""Milliseconds between two looks at what the operating system has told."""
_TICK = 5
"""Milliseconds after which `wait` looks up although nothing has happened."""
_BURST = 50
"""Milliseconds after which changes that do not stop are handed on."""
_LINKS = 0.25
"""Seconds between two looks at what symbolic links lead to: nothing tells of a target that is mounted or unmounted."""

_Identity = tuple[int, int] | None


class Folders:
    """Watches folders that may not exist (yet, or any more). To be used in a `with` statement."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(os.path.abspath(folder) for folder in folders)  # noqa: PTH100 - links are not followed
        self._there: dict[str, _Identity] = {}
        self._links: Mapping[str, _Identity] = {}  # what symbolic links lead to
        self._links_at = 0.0
        self._stop = threading.Event()
        self._changes: Iterator[set[tuple[Change, str]]] | None = None
        self._open()

    def _open(self) -> None:
        self._close()
        self._there = {folder: _identity(folder) for folder in self._folders}
        present = [folder for folder, identity in self._there.items() if identity is not None]
        self._links = _led_to(present)
        if not present:
            return
        self._changes = watch(
            *present,
            *sorted(target for target, identity in self._links.items() if identity is not None),
            watch_filter=None,
            debounce=_BURST,
            step=_STEP,
            stop_event=self._stop,
            rust_timeout=_TICK,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )

    def _close(self) -> None:
        if self._changes is not None:
            with suppress(RuntimeError):
                self._changes.close()  # type: ignore[attr-defined] # a generator, though it is not declared so
            self._changes = None

    def tick(self) -> bool:
        """Wait a moment; return whether something has changed that may matter."""
        changed = False
        if self._changes is None:
            self._stop.wait(_TICK / 1000)
        else:
            seen = next(self._changes, set())
            changed = any(self._matters(path) for _, path in seen)
            if any(path in self._folders or path in self._links for _, path in seen):
                self._open()  # what was watched under that name may be gone; another may be there now
                return True
        if any(_identity(folder) != known for folder, known in self._there.items()) or self._links_differ(changed):
            self._open()
            return True
        return changed

    def _links_differ(self, changed: bool) -> bool:  # noqa: FBT001 - the caller's own word
        """See whether links lead elsewhere: after a change all are looked for, else known targets now and then."""
        if changed:
            there = (folder for folder, identity in self._there.items() if identity is not None)
            return _led_to(there) != self._links
        if not self._links or time.monotonic() < self._links_at + _LINKS:
            return False
        self._links_at = time.monotonic()
        return any(_identity(target) != known for target, known in self._links.items())

    def _matters(self, path: str) -> bool:
        roots = (*self._folders, *self._links)
        below = next((path[len(f) + 1 :] for f in roots if path.startswith(f + os.sep)), None)
        if below is None:
            return True
        if any(is_ignored(part) for part in Path(below).parts):
            return False
        # what is gone, and what has no such name, may be or have been a folder
        return is_sql_file(path) or not os.path.isfile(path)  # noqa: PTH113 - asked for each event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._close()


def _identity(folder: str) -> _Identity:
    try:
        status = os.stat(folder)  # noqa: PTH116 - asked many times a second
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _led_to(folders: Iterable[str]) -> dict[str, _Identity]:
    """Return the files and folders elsewhere that links below lead to, those that are not there (None) included."""
    queue = list(folders)
    real = [Path(folder).resolve() for folder in queue]
    found: dict[str, _Identity] = {}
    while queue:
        try:
            with os.scandir(queue.pop()) as entries:
                listed = [entry for entry in entries if not is_ignored(entry.name)]
        except OSError:
            continue
        for entry in listed:
            if not entry.is_symlink():
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
                continue
            target = _target(entry.path)
            if target is None or any(target.is_relative_to(root) for root in real):
                continue
            found[os.fspath(target)] = _identity(os.fspath(target))
            if target.is_dir():
                queue.append(os.fspath(target))
                real.append(target)
    return found


def _target(link: str) -> Path | None:
    """Return where a link leads; None for one that leads to itself."""
    try:
        return Path(link).resolve()
    except (OSError, RuntimeError):
        return None
