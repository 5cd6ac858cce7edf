"""What statements of a migration do and need together, and in parts (rules 7.2, 7.3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.source import Alteration, Effect, Migration, Parts, Reference, RefKind, Statement, StatementKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def with_statements(migration: Migration, statements: Sequence[Statement]) -> Migration:
    """Return a migration that does and needs what the statements do and need."""
    return replace(
        migration,
        statements=tuple(statements),
        alterations=tuple(a for statement in statements for a in statement.alterations),
        references=_merged(reference for needed in needs_of_each(statements) for reference in needed),
    )


def parts(migration: Migration, spots: Collection[tuple[int, int]]) -> tuple[Migration, ...]:
    """Return the parts of a migration: each statement at one of the spots (line, column) is one of its own.

    What earlier parts set is set again in later ones (rule 9.7 takes it back in between).
    """
    sent = [s for s in migration.statements if s.kind is not StatementKind.SKIPPED]
    runs: list[list[Statement]] = []
    for _, group in groupby(sent, key=lambda statement: statement.position if statement.position in spots else None):
        found = list(group)
        if not all(statement.sets for statement in found):
            runs.append(found)
    if len(runs) <= 1:
        return (migration,)
    pieces = []
    for number, run in enumerate(runs, start=1):
        line, column = next(statement.position for statement in run if not statement.sets)
        before = [s for s in sent[: sent.index(run[0])] if s.sets]
        piece = replace(
            migration,
            name=f"{migration.file_name}:{line}" + (f":{column}" if column > 1 else ""),
            part_of=migration.file_name,
            is_last=number == len(runs),
        )
        pieces.append(with_statements(piece, (*before, *run)))
    return tuple(pieces)


def needs_of_each(statements: Iterable[Statement]) -> list[tuple[Reference, ...]]:
    """Return what each statement uses, without what one before it makes."""
    made = _Made()
    found = []
    for statement in statements:
        found.append(tuple(reference for reference in statement.references if not made.has(reference)))
        for alteration in statement.alterations:
            made.take(alteration)
    return found


@dataclass(slots=True)
class _Made:
    """What earlier statements made, and later ones may use."""

    names: dict[tuple[RefKind, str], set[Parts]] = field(default_factory=dict)

    def has(self, reference: Reference) -> bool:
        known = self.names.get((reference.kind, reference.parts[-1]), ())
        return any(_same(name, reference.parts) for name in known)

    def take(self, alteration: Alteration) -> None:
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
        self.names.setdefault((space, name[-1]), set()).add(name)
        if space is RefKind.RELATION:
            self.names.setdefault((RefKind.TYPE, name[-1]), set()).add(name)  # its row type


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


def _merged(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Return each reference once, as hard as it is anywhere."""
    found: dict[tuple[RefKind, Parts, object, object], Reference] = {}
    for reference in references:
        key = (reference.kind, reference.parts, reference.arguments, reference.settings)
        known = found.get(key, reference)
        found[key] = replace(known, hard=known.hard or reference.hard, star=known.star or reference.star)
    return tuple(found.values())
