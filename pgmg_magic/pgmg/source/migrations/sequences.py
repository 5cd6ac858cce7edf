"""Names the sequences that serial and identity columns bring with them, as the server does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Alteration, Effect, Target
from pgmg.source.grammar.parser import SYSTEM, Tree, pb, relation_parts, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})
_LONGEST = 63
_SUFFIX = "_seq"


def implied_sequences(relation: Tree, columns: Sequence[Tree]) -> Iterator[Alteration]:
    """Yield the creation of a sequence for each column that needs one."""
    space = relation_parts(relation)[:-1]
    for column in columns:
        if _is_serial(column) or any(node.constraint.contype == pb.CONSTR_IDENTITY for node in column.constraints):
            name = sequence_name(relation.relname, column.colname)
            yield Alteration(Effect.CREATE, Target(Kind.SEQUENCE, (*space, name)))


def _is_serial(column: Tree) -> bool:
    names = strings(column.type_name.names)
    return bool(names) and names[-1] in _SERIAL and names[:-1] in ((), (SYSTEM,))


def sequence_name(table: str, column: str) -> str:
    """Return `table_column_seq`, the longer part shortened to 63 bytes in all (makeObjectName in the server)."""
    room = _LONGEST - len(_SUFFIX) - 1
    first, second = table.encode(), column.encode()
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return f"{first.decode(errors='ignore')}_{second.decode(errors='ignore')}{_SUFFIX}"
