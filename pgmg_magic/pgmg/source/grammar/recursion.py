"""Lets functions walk trees that are deeper than Python's usual limit of 1,000 calls within calls."""

from __future__ import annotations

import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_R = TypeVar("_R")

_DEPTH = 20_000
"""Python's own calls do not use the stack of the machine, and the server reads no SQL that is nested deeper."""


class _Limit:
    """The interpreter's limit: higher while anybody, in any thread, walks a tree."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._walkers = 0
        self._usual = 0

    def __enter__(self) -> None:
        with self._guard:
            if not self._walkers:
                self._usual = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self._usual, _DEPTH))
            self._walkers += 1

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._walkers -= 1
            if not self._walkers:
                sys.setrecursionlimit(self._usual)


_limit = _Limit()


def deep_recursion(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate what goes down a parse tree, level by level."""

    @wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with _limit:
            return function(*args, **kwargs)

    return wrapper
