"""Tells that something below the project's folders has changed, whatever becomes of the folders themselves."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from watchfiles import Change, watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

_STEP = 5
"""Milliseconds between two looks at what the operating system has told."""
_TICK = 5
"""Milliseconds after which `wait` looks up although nothing has happened."""
_BURST = 50
"""Milliseconds after which changes that do not stop are handed on."""
_PASSING = re.compile(r"[.#~]|.*[~#]\Z|4913\Z|.*\.(swp|swx|swo|tmp|temp|bak|orig|part|crswap|lock)\Z", re.IGNORECASE)
"""What editors and tools put next to a file while they save it."""

_Identity = tuple[int, int] | None


class Folders:
    """Watches folders that may not exist (yet, or any more). To be used in a `with` statement."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(os.path.abspath(folder) for folder in folders)  # noqa: PTH100 - links are not followed
        self._there: dict[str, _Identity] = {}
        self._links: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._changes: Iterator[set[tuple[Change, str]]] | None = None
        self._open()

    def _open(self) -> None:
        self._close()
        self._there = {folder: _identity(folder) for folder in self._folders}
        present = [folder for folder, identity in self._there.items() if identity is not None]
        if not present:
            return
        self._links = _led_to(present)
        self._changes = watch(
            *present,
            *sorted(self._links),
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
            if changed and _led_to(f for f, identity in self._there.items() if identity is not None) != self._links:
                self._open()
        if any(_identity(folder) != known for folder, known in self._there.items()):
            self._open()
            return True
        return changed

    def _matters(self, path: str) -> bool:
        roots = (*self._folders, *self._links)
        below = next((path[len(f) + 1 :] for f in roots if path.startswith(f + os.sep)), None)
        if below is None:
            return True
        return not any(_PASSING.match(part) for part in Path(below).parts)

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


def _led_to(folders: Iterable[str]) -> frozenset[str]:
    """Return the files and folders elsewhere that symbolic links below lead to: reading follows them."""
    queue = list(folders)
    real = [Path(folder).resolve() for folder in queue]
    found: set[str] = set()
    while queue:
        try:
            with os.scandir(queue.pop()) as entries:
                listed = list(entries)
        except OSError:
            continue
        for entry in listed:
            if not entry.is_symlink():
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
                continue
            target = Path(entry.path).resolve()
            if target.exists() and not any(target.is_relative_to(root) for root in real):
                found.add(os.fspath(target))
                if target.is_dir():
                    queue.append(os.fspath(target))
                    real.append(target)
    return frozenset(found)
