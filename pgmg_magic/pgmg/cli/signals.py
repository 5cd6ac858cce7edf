"""Lets SIGTERM and SIGHUP end a command as Ctrl-C does: whatever runs on the server is cancelled and rolled back."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SOON = 0.02
"""Seconds until a dropped exception is raised again: the destructor has ended by then, or it is dropped once more."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminated(KeyboardInterrupt):
    """The process is to end because of a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def raising_signals() -> Iterator[None]:
    """Within, SIGINT, SIGTERM and SIGHUP raise `Terminated` in the main thread; one that is ignored stays ignored.

    Python drops an exception that is raised in a destructor or a callback, such as those of imports. A signal that
    arrives there is therefore raised once more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook = sys.unraisablehook

    def raise_again(dropped: sys.UnraisableHookArgs) -> None:
        if isinstance(dropped.exc_value, Terminated):
            number = dropped.exc_value.number
            signal.signal(signal.SIGALRM, lambda _, frame: _end(number, frame))
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        else:
            hook(dropped)

    before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGALRM)}
    chosen = [number for number in _SIGNALS if before[number] in (signal.SIG_DFL, signal.default_int_handler)]
    for number in chosen:
        signal.signal(number, _end)
    sys.unraisablehook = raise_again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in (*chosen, signal.SIGALRM):
            signal.signal(number, before[number])


def _end(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
