"""Imports the larger libraries as a whole, whatever is pressed meanwhile.

A package whose import an interrupt has ended stays broken for the process: its submodules are loaded already, and a
second import no longer binds them to the package. A notebook lives on after Ctrl-C, so it would fail until a restart.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

DATABASE = ("psycopg",)
PLANNING = ("postgast", "networkx")
DISPLAY = ("jinja2",)


def import_whole(*names: str) -> None:
    """Import libraries that are not loaded yet; an interrupt of the main thread is raised when they are.

    Raises:
        KeyboardInterrupt: one came meanwhile.
    """
    missing = [name for name in names if name not in sys.modules]
    if missing:
        with _deferred_interrupt():
            for name in missing:
                import_module(name)


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Hold back SIGINT; other threads are not interrupted by it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[tuple[int, FrameType | None]] = []
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda number, frame: seen.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if seen and callable(before):
            before(*seen[0])
