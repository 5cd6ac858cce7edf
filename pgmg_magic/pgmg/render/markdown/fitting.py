"""Fits a report into a number of characters: whole entries are left out, the least important parts first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part of a report: `before`, then as many `entries` as fit, then `after`.

    Parts of lower `rank` get their space first. `entry` names an entry in the sentence about those left out.
    """

    rank: int
    before: str
    entries: tuple[str, ...]
    after: str = ""
    entry: str = "entries"

    def cut(self, number: int) -> str:
        """Return the part with its first entries, and a sentence about the others."""
        before, after = self._around(number)
        return f"{before}{''.join(self.entries[:number])}{after}"

    def lengths(self) -> Iterator[int]:
        """Yield the length of the part with no entry, with the first, with the first two …"""
        for number, inner in enumerate(accumulate(map(len, self.entries), initial=0)):
            before, after = self._around(number)
            yield len(before) + inner + len(after)

    def _around(self, number: int) -> tuple[str, str]:
        left = len(self.entries) - number
        if not left:
            return self.before, self.after
        more = " more" if number else ""
        note = f"_{left:,}{more} {self.entry} are left out: this report has reached its greatest length._\n"
        return (self.before, f"\n{note}{self.after}") if number else ("", f"{note}\n")


def fit(parts: Sequence[ReportPart], limit: int) -> str:
    """Return the parts in their order, in at most `limit` characters, if the sentences about omissions fit at all."""
    shown = dict.fromkeys(range(len(parts)), 0)
    left = limit - sum(len(part.cut(0)) for part in parts)
    for number in sorted(shown, key=lambda one: parts[one].rank):
        part = parts[number]
        spare = left + len(part.cut(0))
        shown[number] = _most(part, spare)
        left = spare - len(part.cut(shown[number]))
    return "".join(part.cut(shown[number]) for number, part in enumerate(parts))


def _most(part: ReportPart, space: int) -> int:
    """Return how many entries fit, from the first on."""
    return max((number for number, length in enumerate(part.lengths()) if length <= space), default=0)
