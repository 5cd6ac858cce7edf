"""Shell and base types, which no code folder can declare (rule 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.source.grammar.statements import ParsedStatement
    from pgmg.source.kinds.base import Declaration, Readers


def refuse(statement: ParsedStatement) -> tuple[Declaration, ...]:
    """Refuse, saying which of the two it is."""
    what = "base" if statement.tree.definition else "shell"
    raise statement.refused(
        f"a {what} type cannot be declared under the code folder",
        "Enums, composite types, ranges and domains can. A base type needs C functions: create it in a migration.",
    )


READERS: Readers = {"define_stmt/OBJECT_TYPE": refuse}
