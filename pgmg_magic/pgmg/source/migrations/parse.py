"""Reads migrations: their statements as they are sent, what they do to objects, and what they need (rules 4, 7, 9)."""

from __future__ import annotations

from dataclasses import field, replace

from pgmg.errors import SourceError, SourceErrors, SyntaxProblem
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation
from pgmg.model.sources.source import (
    Migration,
    MigrationFile,
    Statement,
    StatementKind,
)
from pgmg.source.grammar.offsets import Located, in_order
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion
from pgmg.source.grammar.set_statements import SetStatements, is_setting
from pgmg.source.grammar.statements import ParsedStatement, parse_text
from pgmg.source.migrations.alterations import alterations_of
from pgmg.source.migrations.assertion_directives import assertions_of
from pgmg.source.migrations.migration_references import references_of_statement
from pgmg.source.migrations.no_transaction import must_run_outside_transaction
from pgmg.source.migrations.qualifying import qualified, qualified_reference, qualified_scope
from pgmg.source.migrations.sections import built_in_privileges, no_transaction
from pgmg.source.migrations.statement_scopes import scopes_of
from pgmg.source.migrations.temporary import Temporary
from pgmg.source.transaction_block import BEGINS, is_commit

_ONE_TRANSACTION = (
    "Leave it out: a migration runs in one transaction, together with everything else. `-- pgmg: no-transaction` on "
    "its first line says otherwise."
)
_RUNS = frozenset({"select_stmt", "call_stmt", "do_stmt"})
_CREATES_UNNAMED = frozenset(
    {"create_extension_stmt", "alter_extension_stmt", "create_plang_stmt", "import_foreign_schema_stmt"}
)
"""Statements of other objects than the one that they name: `alter_extension_stmt` is ALTER EXTENSION … UPDATE."""
"""Statements that may be there for what a function does, rather than for rows."""


def parse_migration(file: MigrationFile) -> Migration:
    """Parse a migration.

    Raises:
        SourceErrors: everything that is wrong in it.
    """
    try:
        return _parse_migration(file)
    except TooDeepError as error:
        raise SourceErrors((SyntaxProblem(str(error), where=SourceLocation(file.path, 1, 1)),)) from None


@deep_recursion(lambda file: len(file.text))
def _parse_migration(file: MigrationFile) -> Migration:
    problems: list[SourceError] = []
    located = Located(file.path, file.text)
    parsed = parse_text(located, problems)
    asserted = assertions_of(located, problems)
    alone = no_transaction(file.text)
    outer = frozenset() if alone else _outer_pair(parsed)
    reading, after = _Reading(), _Reading()
    for required in asserted.requires:
        reading.take_assertion(required)
    for ensured in asserted.ensures:
        after.take_assertion(ensured)
    for number, statement in enumerate(parsed):
        if statement.node == "transaction_stmt" and not alone and number not in outer:
            words = statement.sql.split(None, 1)[0].upper().rstrip(";")
            problems.append(statement.refused(f"{words} controls a transaction that is pgmg's", _ONE_TRANSACTION))
        else:
            reading.take(statement, outer=number in outer)
    if problems:
        raise SourceErrors(in_order(problems))
    return Migration(
        name=file.name,
        path=file.path,
        text=file.text,
        hash=file.hash,
        statements=tuple(reading.statements),
        no_transaction=alone,
        built_in_privileges=built_in_privileges(file.text),
        ensures=tuple(after.statements),
    )


@dataclass(slots=True)
class _Reading:
    """One migration while it is read."""

    statements: list[Statement] = field(default_factory=list)
    settings: SetStatements = field(default_factory=SetStatements)
    temporary: Temporary = field(default_factory=Temporary)

    def take_assertion(self, statement: ParsedStatement) -> None:
        """Read a query that must return true."""
        self.take(statement, outer=False)
        self.statements[-1] = replace(self.statements[-1], kind=StatementKind.ASSERTION)

    def take(self, statement: ParsedStatement, *, outer: bool) -> None:
        """Read one statement; `outer` says that it is the BEGIN or COMMIT around all others."""
        read = Statement(statement.sql, statement.location, _kind(statement, outer=outer), statement.data)
        if is_setting(statement):
            self.statements.append(replace(read, sets=self._set(statement)))
            return
        needs = [
            qualified_reference(r, self.settings)
            for r in references_of_statement(statement)
            if not self.temporary.has(r)
        ]
        alterations = [qualified(a, self.settings) for a in alterations_of(statement) if not self.temporary.alters(a)]
        self.temporary.take(statement)
        self.statements.append(
            replace(
                read,
                alterations=tuple(alterations),
                references=tuple(needs),
                scopes=tuple(qualified_scope(s, self.settings) for s in scopes_of(statement)),
                calls=statement.node in _RUNS,
                creates_unnamed=statement.node in _CREATES_UNNAMED,
            )
        )

    def _set(self, statement: ParsedStatement) -> bool:
        try:
            self.settings.take(statement)
        except SourceError:  # SET TRANSACTION says nothing about names, and can be said only once
            return False
        return True


def _outer_pair(parsed: list[ParsedStatement]) -> frozenset[int]:
    """Return the numbers of a BEGIN and a COMMIT around everything else (rule 9.7).

    What only sets something may stand before the BEGIN, as in dumps.
    """
    first = next((n for n, statement in enumerate(parsed) if not is_setting(statement)), None)
    last = len(parsed) - 1
    if first is None or first >= last:
        return frozenset()
    opening, closing = parsed[first], parsed[last]
    if opening.node != "transaction_stmt" or closing.node != "transaction_stmt":
        return frozenset()
    return frozenset({first, last}) if is_commit(closing) and opening.tree.kind in BEGINS else frozenset()


def _kind(statement: ParsedStatement, *, outer: bool) -> StatementKind:
    if outer:
        return StatementKind.SKIPPED
    if statement.data is not None:
        return StatementKind.COPY_IN
    return StatementKind.OUTSIDE if must_run_outside_transaction(statement) else StatementKind.PLAIN
