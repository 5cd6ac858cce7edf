"""Reads migrations: their statements as they are sent, what they do to objects, and what they need (rules 4, 7, 9)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pgmg.errors import SourceError, SourceErrors
from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.source import (
    Alteration,
    Effect,
    Migration,
    MigrationFile,
    Parts,
    Reference,
    RefKind,
    Statement,
    StatementKind,
)
from pgmg.source.alterations import alterations_of
from pgmg.source.depth import walks_deep
from pgmg.source.grammar import pb
from pgmg.source.needs import needs_of
from pgmg.source.outside import runs_outside
from pgmg.source.positions import Located, in_order
from pgmg.source.qualifying import qualified, qualified_reference
from pgmg.source.sections import no_transaction
from pgmg.source.settings import Settings, is_setting
from pgmg.source.statements import Parsed, parse_text
from pgmg.source.temporary import Temporary

_ONE_TRANSACTION = (
    "Leave it out: a migration runs in one transaction, together with everything else. `-- pgmg: no-transaction` on "
    "its first line says otherwise."
)
_BEGINS = frozenset({pb.TRANS_STMT_BEGIN, pb.TRANS_STMT_START})


@walks_deep
def parse_migration(file: MigrationFile) -> Migration:
    """Parse a migration.

    Raises:
        SourceErrors: everything that is wrong in it.
    """
    problems: list[SourceError] = []
    parsed = parse_text(Located(file.path, file.text), problems)
    alone = no_transaction(file.text)
    outer = frozenset() if alone else _outer_pair(parsed)
    reading = _Reading()
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
        alterations=tuple(reading.alterations),
        references=tuple(reading.needs.values()),
        no_transaction=alone,
    )


@dataclass(slots=True)
class _Reading:
    """One migration while it is read. `made` is what its earlier statements made, and later ones may use."""

    statements: list[Statement] = field(default_factory=list)
    alterations: list[Alteration] = field(default_factory=list)
    needs: dict[tuple[RefKind, Parts, object], Reference] = field(default_factory=dict)
    made: dict[tuple[RefKind, str], set[Parts]] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    temporary: Temporary = field(default_factory=Temporary)

    def take(self, statement: Parsed, *, outer: bool) -> None:
        """Read one statement; `outer` says that it is the BEGIN or COMMIT around all others."""
        self.statements.append(Statement(statement.sql, statement.place, _kind(statement, outer=outer), statement.data))
        if is_setting(statement):
            self._set(statement)
            return
        path = self.settings.search_path or ()
        for reference in needs_of(statement):
            if not self.temporary.has(reference):
                self._need(qualified_reference(reference, path))
        for alteration in alterations_of(statement):
            if not self.temporary.alters(alteration):
                self._alter(qualified(alteration, path))
        self.temporary.take(statement)

    def _set(self, statement: Parsed) -> None:
        try:
            self.settings.take(statement)
        except SourceError:  # SET TRANSACTION says nothing about names
            return

    def _need(self, reference: Reference) -> None:
        if any(_same(name, reference.parts) for name in self.made.get((reference.kind, reference.parts[-1]), ())):
            return
        key = (reference.kind, reference.parts, reference.arguments)
        known = self.needs.get(key)
        if known is not None:
            reference = replace(known, hard=known.hard or reference.hard, star=known.star or reference.star)
        self.needs[key] = reference

    def _alter(self, alteration: Alteration) -> None:
        self.alterations.append(alteration)
        target, space = alteration.target, _space(alteration.target.kind)
        if space is None or not target.parts:
            return
        match alteration.effect:
            case Effect.CREATE:
                name = target.parts
            case Effect.RENAME if alteration.new_name:
                name = (*target.parts[:-1], alteration.new_name)
            case Effect.SET_SCHEMA if alteration.new_name:
                name = (alteration.new_name, target.parts[-1])
            case _:
                return
        self.made.setdefault((space, name[-1]), set()).add(name)
        if space is RefKind.RELATION:
            self.made.setdefault((RefKind.TYPE, name[-1]), set()).add(name)  # its row type


def _same(made: Parts, used: Parts) -> bool:
    """Without a schema either may mean the other."""
    return len(made) == 1 or len(used) == 1 or made == used


def _space(kind: Kind) -> RefKind | None:
    """Return the name space in which references look for what a migration made."""
    if kind in RELATIONS:
        return RefKind.RELATION
    if kind in ROUTINES:
        return RefKind.ROUTINE
    if kind in TYPES:
        return RefKind.TYPE
    return _OTHER_SPACES.get(kind)


_OTHER_SPACES = {
    Kind.COLLATION: RefKind.COLLATION,
    Kind.OPERATOR: RefKind.OPERATOR,
    Kind.OPERATOR_CLASS: RefKind.OPERATOR_CLASS,
    Kind.OPERATOR_FAMILY: RefKind.OPERATOR_CLASS,
    Kind.TEXT_SEARCH_CONFIGURATION: RefKind.TEXT_SEARCH,
    Kind.TEXT_SEARCH_DICTIONARY: RefKind.TEXT_SEARCH,
    Kind.TEXT_SEARCH_PARSER: RefKind.TEXT_SEARCH,
    Kind.TEXT_SEARCH_TEMPLATE: RefKind.TEXT_SEARCH,
}


def _outer_pair(parsed: list[Parsed]) -> frozenset[int]:
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
    ends = closing.tree.kind == pb.TRANS_STMT_COMMIT and not closing.tree.chain
    return frozenset({first, last}) if ends and opening.tree.kind in _BEGINS else frozenset()


def _kind(statement: Parsed, *, outer: bool) -> StatementKind:
    if outer:
        return StatementKind.SKIPPED
    if statement.data is not None:
        return StatementKind.COPY_IN
    return StatementKind.OUTSIDE if runs_outside(statement) else StatementKind.PLAIN
