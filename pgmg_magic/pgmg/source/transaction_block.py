"""Understands BEGIN and COMMIT in a code file: pgmg applies everything in one transaction, which takes their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.grammar.parser import pb
from pgmg.source.refused_statements import refuse

if TYPE_CHECKING:
    from pgmg.source.grammar.set_statements import SetStatements
    from pgmg.source.grammar.statements import ParsedStatement

BEGINS = frozenset({pb.TRANS_STMT_BEGIN, pb.TRANS_STMT_START})
"""BEGIN and START TRANSACTION."""


def is_commit(statement: ParsedStatement) -> bool:
    """Tell whether a statement of transaction control is COMMIT or END, and begins no other transaction."""
    return bool(statement.tree.kind == pb.TRANS_STMT_COMMIT and not statement.tree.chain)


@dataclass(slots=True)
class TransactionBlock:
    """Where a file is in its transactions: `opened` is the BEGIN that no COMMIT has followed yet."""

    opened: ParsedStatement | None = None

    def take(self, statement: ParsedStatement, settings: SetStatements) -> None:
        """Pass over a BEGIN, or over the COMMIT of one: what was `SET LOCAL` in between ends there.

        Raises:
            RefusedStatement: it is neither, or has no counterpart.
        """
        if self.opened is None and statement.tree.kind in BEGINS:
            self.opened = statement
        elif self.opened is not None and is_commit(statement):
            self.opened = None
            settings.end_transaction()
        else:
            raise refuse(statement)

    def check_end(self) -> None:
        """Refuse a BEGIN that the file does not end with COMMIT.

        Raises:
            RefusedStatement: there is one.
        """
        if self.opened is not None:
            raise refuse(self.opened)
