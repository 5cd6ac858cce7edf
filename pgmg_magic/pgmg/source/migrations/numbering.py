"""Detects the numbering style of migration files and returns the next name."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERED = re.compile(r"(?P<lead>[vV]?)(?P<number>\d+(?:[._]\d+)*)(?P<separator>__|[_\-. ])(?P<rest>.*)")
_PLAIN = re.compile(r"(?P<lead>)(?P<number>\d+)(?P<separator>__|[_\-. ])(?P<rest>.*)")
_CLOCKS = {
    14: ("%Y%m%d%H%M%S", timedelta(seconds=1)),
    12: ("%Y%m%d%H%M", timedelta(minutes=1)),
    8: ("%Y%m%d", timedelta(days=1)),
}
"""Timestamp format and resolution, by number of digits."""
_UP = ".up.sql"


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The parts of `V1.2__name.sql`: prefix, numbers as written, the separators between and after them, the rest."""

    lead: str
    numbers: tuple[str, ...]
    joint: str
    separator: str
    rest: str

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(int(number) for number in self.numbers)


def slug(name: str) -> str:
    """Return `name` as part of a file name: `Add orders table!` becomes `add_orders_table`."""
    plain = unicodedata.normalize("NFKD", name.removesuffix(".sql"))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return "_".join(re.findall(r"[^\W_]+", bare.lower()))


def next_name(existing: Iterable[str], slug: str, now: datetime) -> str:
    """Return the file name after the `existing` ones, in their style (`001_` if there are none).

    Supported styles are plain and padded numbers, timestamps, and Flyway's versions (`V1__`, `V1.2__`).
    """
    numbered = [parts for name in existing if (parts := _parse(name))]
    if not numbered:
        return f"001_{slug}.sql"
    last = max(numbered, key=lambda parts: parts.order)
    ending = _UP if any(parts.rest.endswith(_UP) for parts in numbered) else ".sql"
    number = last.joint.join((*last.numbers[:-1], _following(last.numbers[-1], now)))
    return f"{last.lead}{number}{last.separator}{slug}{ending}"


def _parse(name: str) -> _Numbered | None:
    pattern = _NUMBERED if name[:1] in {"v", "V"} else _PLAIN
    found = pattern.fullmatch(name)
    if found is None:
        return None
    numbers = tuple(re.split(r"[._]", found["number"]))
    joint = "." if "." in found["number"] else "_"
    return _Numbered(found["lead"], numbers, joint, found["separator"], found["rest"])


def _following(number: str, now: datetime) -> str:
    if len(number) in _CLOCKS:
        clock, tick = _CLOCKS[len(number)]
        try:
            last = datetime.strptime(number, clock)  # noqa: DTZ007 - only compared with other naive times
        except ValueError:
            pass  # not a timestamp but a long number
        else:
            return max(now.strftime(clock), (last + tick).strftime(clock))
    return str(int(number) + 1).zfill(len(number))
