"""Lets functions walk trees that are deeper than the stack of a thread and Python's limit of calls allow.

`1::int::int…` and `'a' || 'a' || …` are trees with one level for each operator. The server accepts some ten thousand
levels (`max_stack_depth`, PostgreSQL manual, 20.4); the grammar's C code, the decoder of its trees and Python all walk
them recursively. For long texts that happens in a thread of its own, whose stack fits the text.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pgmg.model.naming.sql_tokens import Sort, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SHORT = 8_000
"""Characters of a text whose tree fits the usual stack of a thread: no operator is shorter than two characters."""

_DEEPEST_TREE = 32_768
"""Levels of the deepest tree that can be read: the decoder has a limit of its own."""

_LONG = 65_536
"""Characters of a statement that may have a deeper one."""

_OPERATOR_WORDS = frozenset(
    {"COLLATE", "IS", "ISNULL", "NOTNULL", "AT", "IN", "LIKE", "ILIKE", "SIMILAR", "NOT", "OPERATOR"}
)
_CHAIN_WORDS = frozenset({"UNION", "INTERSECT", "EXCEPT", "JOIN"})
_SEPARATORS = frozenset({"AND", "OR", "SELECT", "FROM", "WHERE"})

_LARGEST_STACK = 1 << 30
_BASE = 16 << 20
_PARSED_LEVEL = 640
_WALKED_LEVEL = 2_400
"""Bytes of the stack: the most, what is needed anyway, what a level takes in the parser and in whatever follows it."""

_SHORT_CALLS, _LONG_CALLS = 20_000, 1_000_000
"""Calls within calls of Python, which do not use the stack of the thread."""


class TooDeepError(Exception):
    """A text is nested deeper than anything that the server accepts, or than there is memory for."""

    def __init__(self) -> None:
        super().__init__("statement is nested too deeply to be read")


class _CallLimit:
    """The interpreter's limit of calls: higher while any thread walks a tree."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._walkers = 0
        self._usual = 0

    def raise_to(self, calls: int) -> None:
        with self._guard:
            if not self._walkers:
                self._usual = sys.getrecursionlimit()
            self._walkers += 1
            sys.setrecursionlimit(max(sys.getrecursionlimit(), calls))

    def lower(self) -> None:
        with self._guard:
            self._walkers -= 1
            if not self._walkers:
                sys.setrecursionlimit(self._usual)


_calls = _CallLimit()
_starting = threading.Lock()  # the size of a thread's stack is a setting of the process
_here = threading.local()


def deep_recursion(size: Callable[..., int]) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorate what goes down a parse tree, level by level; `size` tells how many characters the text has.

    The decorated function raises `TooDeepError` where the tree is too deep all the same.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            characters = size(*args, **kwargs)
            if characters <= _SHORT or characters <= getattr(_here, "characters", 0):
                return _called(lambda: function(*args, **kwargs), _SHORT_CALLS)
            return _in_thread(lambda: function(*args, **kwargs), characters)

        return wrapper

    return decorate


def length(text: str) -> int:
    """Return the characters of a text, for `deep_recursion`."""
    return len(text)


def _called(work: Callable[[], _R], calls: int) -> _R:
    _calls.raise_to(calls)
    try:
        return work()
    except (RecursionError, MemoryError):
        raise TooDeepError from None
    finally:
        _calls.lower()


def _in_thread(work: Callable[[], _R], characters: int) -> _R:
    """Call `work` in a thread whose stack fits a text of so many characters; wait for it and return its result."""
    outcome: Future[_R] = Future()

    def run() -> None:
        _here.characters = characters
        try:
            outcome.set_result(_called(work, _LONG_CALLS))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.set_exception(error)

    levels = characters // 2
    stack = _BASE + _PARSED_LEVEL * levels + _WALKED_LEVEL * min(levels, _DEEPEST_TREE)
    with _starting:
        before = threading.stack_size(min(stack, _LARGEST_STACK) & ~0xFFFF)
        try:
            threading.Thread(target=run, name="pgmg-parser", daemon=True).start()
        except RuntimeError:  # there is no memory for it
            raise TooDeepError from None
        finally:
            threading.stack_size(before)
    return outcome.result()


def is_too_deep(text: str) -> bool:
    """Whether the tree of a text is deeper than can be read, as far as a look at its tokens tells.

    The parser would find out as well, but in a time that grows with the square of the depth.
    """
    return any(len(piece) > _LONG for piece in text.split(";\n")) and _nesting(text, _DEEPEST_TREE) > _DEEPEST_TREE


def _nesting(text: str, enough: int) -> int:
    """Return about how many levels the tree of a text has, or any number above `enough`.

    Each operator, join and set operation in a row is a level, and so is each parenthesis.
    """
    deepest = 0
    above: list[int] = []  # of each open parenthesis: the level around it
    base = chain = operators = 0  # of this parenthesis: what is around it, joins and set operations, operators in a row
    for token in tokens(text):
        sign = token.text
        if token.sort is Sort.OPERATOR or sign in ("::", "[") or token.word in _OPERATOR_WORDS:
            operators += 1
        elif token.word in _CHAIN_WORDS:
            chain, operators = chain + 1, 0
        elif sign == "," or token.word in _SEPARATORS:
            operators = 0
        if sign == "(":
            above += (base, chain, operators)
            base, chain, operators = base + chain + operators + 1, 0, 0
        elif sign == ")" and above:
            base, chain, operators = above[-3:]
            del above[-3:]
        elif sign == ";":
            above, base, chain, operators = [], 0, 0, 0
        deepest = max(deepest, base + chain + operators)
        if deepest > enough:
            break
    return deepest
