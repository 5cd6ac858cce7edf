"""Takes needless schema names out of statements that the server or pgmg spelled out in full."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.sql_tokens import Token, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEAD = 16
"""Tokens in which the name of a new object stands: CREATE CONSTRAINT TRIGGER … ON a . b, and more."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """`home` is the schema that need not be written, `system_names` are names that `pg_catalog` would answer to."""

    home: str | None
    system_names: frozenset[str]

    def head(self, sql: str) -> str:
        """Return a CREATE statement whose first qualified name loses the home schema."""
        if self.home is None:
            return sql
        cuts = self._cuts(list(islice(significant(sql), _HEAD)))
        return _without(sql, cuts[:1])

    def everywhere(self, sql: str) -> str:
        """Return a statement without expressions, in which every dotted name is that of an object."""
        if self.home is None or self.home not in sql:
            return sql
        return _without(sql, self._cuts(list(significant(sql))))

    def _cuts(self, tokens: Sequence[Token]) -> list[tuple[int, int]]:
        found = []
        for number, (schema, dot, name) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
            before = tokens[number - 1].text if number else ""
            if dot.text == "." and before != "." and schema.identifier == self.home:
                said = name.identifier or name.text
                if said not in self.system_names:
                    found.append((schema.start, name.start))
        return found


def _without(sql: str, cuts: Iterable[tuple[int, int]]) -> str:
    for start, end in reversed(list(cuts)):
        sql = sql[:start] + sql[end:]
    return sql
