"""How a migrations folder numbers its files, and what comes next."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERED = re.compile(r"(?P<lead>[vV]?)(?P<number>\d+(?:[._]\d+)*)(?P<separator>__|[_\-. ])(?P<rest>.*)")
_PLAIN = re.compile(r"(?P<lead>)(?P<number>\d+)(?P<separator>__|[_\-. ])(?P<rest>.*)")
_CLOCKS = {
    14: ("%Y%m%d%H%M%S", timedelta(seconds=1)),
    12: ("%Y%m%d%H%M", timedelta(minutes=1)),
    8: ("%Y%m%d", timedelta(days=1)),
}
"""By how many digits there are: the format of a timestamp and its smallest step."""
_UP = ".up.sql"


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The parts of `V1.2__name.sql`: lead, numbers as written, what joins and follows them."""

    lead: str
    numbers: tuple[str, ...]
    joint: str
    separator: str
    rest: str

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(int(number) for number in self.numbers)


def slug(name: str) -> str:
    """Return `name` as a file name's part: `Add orders table!` is `add_orders_table`."""
    plain = unicodedata.normalize("NFKD", name.removesuffix(".sql"))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return "_".join(re.findall(r"[^\W_]+", bare.lower()))


def next_name(existing: Iterable[str], slug: str, now: datetime) -> str:
    """Return the file name that follows the `existing` ones in their own style (`001_` where there is none).

    Understood are plain and padded numbers, timestamps, and Flyway's versions (`V1__`, `V1.2__`).
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
            last = datetime.strptime(number, clock)  # noqa: DTZ007 - compared with nothing that has a zone
        except ValueError:
            pass  # just a long number
        else:
            return max(now.strftime(clock), (last + tick).strftime(clock))
    return str(int(number) + 1).zfill(len(number))
