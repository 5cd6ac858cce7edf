"""Tells that something below the project's folders has changed, whatever becomes of the folders themselves."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from watchfiles import Change, watch

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
        self._stop = threading.Event()
        self._changes: Iterator[set[tuple[Change, str]]] | None = None
        self._open()

    def _open(self) -> None:
        self._close()
        self._there = {folder: _identity(folder) for folder in self._folders}
        present = [folder for folder, identity in self._there.items() if identity is not None]
        if not present:
            return
        self._changes = watch(
            *present,
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
            if any(path in self._folders for _, path in seen):
                self._open()  # what was watched under that name may be gone; another may be there now
                return True
        if any(_identity(folder) != known for folder, known in self._there.items()):
            self._open()
            return True
        return changed

    def _matters(self, path: str) -> bool:
        below = next((path[len(f) + 1 :] for f in self._folders if path.startswith(f + os.sep)), None)
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
