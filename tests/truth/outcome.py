"""What came of some cases."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_NAMES = re.compile(r"""[\w".]*\d+[\w"]*(\([^)]*\))?""")


@dataclass
class Outcome:
    """`unknown` counts honest answers that say nothing; `wrong` holds what was asked, what was said, what is true."""

    cases: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, ...]] = field(default_factory=list)
    also: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        more = "".join(f", {number:,} {what}" for what, number in self.also.items())
        return f"{self.cases:,} cases, {len(self.wrong):,} wrong, {sum(self.unknown.values()):,} not told{more}"

    def add(self, other: Outcome) -> None:
        self.cases += other.cases
        self.unknown += other.unknown
        self.wrong += other.wrong
        self.also += other.also

    def report(self) -> str:
        """Return the first wrong answers in full."""
        return "\n\n".join("\n".join(one) for one in self.wrong[:3])


def without_names(message: str) -> str:
    """Return a message without the names of generated objects, so that alike ones can be counted."""
    return _NAMES.sub("…", message)[:200]
