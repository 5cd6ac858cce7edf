"""Notices edits of `pgmg.toml` while a watcher runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pgmg.config import CONFIG_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.config import Settings

_Stamp = tuple[int, int, int] | None


class ConfigChanges:
    """Looks at the settings file, or where one might be written, each time it is asked."""

    def __init__(self, settings: Settings) -> None:
        self.path: Path = settings.config_path or settings.root / CONFIG_FILE
        self._known = self._seen = self._stamp()

    def found(self) -> bool:
        """Say whether the file is another one now, and was so the last time: it may be half written before."""
        now, before = self._stamp(), self._seen
        self._seen = now
        if now == self._known or now != before:
            return False
        self._known = now
        return True

    def _stamp(self) -> _Stamp:
        try:
            status = os.stat(self.path)  # noqa: PTH116 - asked twice a second
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
