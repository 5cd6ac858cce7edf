"""Values that change between the statements of pending migrations."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

_Value = TypeVar("_Value")
_K = TypeVar("_K")


class ChangingValues(Generic[_K, _Value]):
    """Values that change at points: the value at a point is the last one set at that point or before it."""

    def __init__(self) -> None:
        self._points: dict[_K, list[int]] = {}
        self._values: dict[_K, list[_Value]] = {}

    def set(self, key: _K, point: int, value: _Value) -> None:
        """Set the value that a key has from a point on. Points do not decrease."""
        points = self._points.setdefault(key, [])
        values = self._values.setdefault(key, [])
        if points and points[-1] == point:
            values[-1] = value
        else:
            points.append(point)
            values.append(value)

    def get(self, key: _K, point: int, default: _Value) -> _Value:
        """Return the value of a key at a point; `default` where none was set by then."""
        points = self._points.get(key)
        if points is None:
            return default
        at = bisect_right(points, point) - 1
        return default if at < 0 else self._values[key][at]

    def points(self, key: _K) -> tuple[int, ...]:
        """Return the points at which the value of a key was set, in order."""
        return tuple(self._points.get(key, ()))

    def __contains__(self, key: object) -> bool:
        return key in self._points
