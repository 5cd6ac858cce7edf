"""`pgmg watch`: applies declared objects when their files change."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg.cli import error_report, printer, project_context
from pgmg.cli.command import command
from pgmg.options import DEBOUNCE, FORMAT, MIGRATIONS, PROJECT, SPEECH, TIMEOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from pgmg.cli.invocation import Call


@command(
    "watch",
    MIGRATIONS,
    DEBOUNCE,
    *TIMEOUTS,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg watch --migrations",
)
def command_(call: Call, *, migrations: bool, debounce: int) -> int:
    """Apply declared objects when their files change.

    Until Ctrl-C. It begins with the current differences. Pending migrations are reported but not applied, unless
    --migrations. An object whose file is broken keeps its last good state; all others are applied.
    """
    from pgmg.watch import Watcher

    stop = threading.Event()
    with project_context.open_project(call) as project, _ended_by_signals(stop) as code:
        listener = printer.watching(call)
        Watcher(project, debounce=debounce / 1000, migrations=migrations, listener=listener).run(stop)
    return code()


@contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[Callable[[], int]]:
    """Set `stop` at SIGINT, SIGTERM and SIGHUP; yield what returns the exit code. A second SIGINT ends at once."""
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, end) for number in chosen]
    try:
        yield lambda: error_report.by_signal(received[0] if received else signal.SIGINT)
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)
