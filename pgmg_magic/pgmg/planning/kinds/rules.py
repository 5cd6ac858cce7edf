"""The protocol that every kind answers: how to get from what is there to what is declared."""

from __future__ import annotations

from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.plan import Action, ChangeKind, PlanOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pgmg.model.database.catalog_details import Definition, ViewShape
    from pgmg.model.database.snapshot import LiveObject
    from pgmg.model.naming.names import Kind, ObjectName
    from pgmg.model.sources.source import Notice, SourceObject, TypeName
    from pgmg.planning.compare.attachments import LiveAttachments


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A table column of some type: what keeps that type from being recreated."""

    table: ObjectName
    column: str
    type: str = ""  # as format_type spells it; `inherited` where the parent table decides
    nested: bool = False  # inside another type


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One existing object that has to be brought to its declared state.

    `previous` is what was applied last, `facts` what the catalog says (keys as in `queries/facts.sql`), `shape` a
    view's new columns, `upstream` why a used object has other columns than now, `column_uses` the table columns of a
    type, `vanished` columns that no longer exist, `attachments` what the database has of comments and the like,
    `same_wording` whether the server has said that it stores the declared definition (a view's: query) already,
    `only_options_differ` whether nothing but options of a drifted one has changed.
    """

    name: ObjectName
    source: SourceObject
    change: ChangeKind
    live: LiveObject | None
    argument_type: Callable[[TypeName], str]
    column_type: Callable[[TypeName], str]
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    previous: SourceObject | None = None
    shape: ViewShape | None = None
    upstream: str | None = None
    column_uses: tuple[TypedColumn, ...] = ()
    definition: Definition | None = None
    attachments: LiveAttachments | None = None
    same_wording: bool = False
    only_options_differ: bool = False
    vanished: frozenset[str] = frozenset()
    version_num: int = 0
    altered_by_migration: bool = False
    options: PlanOptions = PlanOptions()


@dataclass(frozen=True, slots=True)
class AlterInPlace:
    """Change it where it stands. No statements: only state is to be recorded."""

    action: Action = Action.REPLACE
    statements: tuple[str, ...] = ()
    reason: str = ""
    warnings: tuple[Notice, ...] = ()
    shakes: bool = False
    """It rewrites tables: what depends on the object or on those columns is dropped before and made again after."""
    redefines: frozenset[str] = frozenset()
    """Constraints of a domain that it drops, and creates anew or not: they are not restored as they were."""


@dataclass(frozen=True, slots=True)
class RecreateObject:
    """Drop it and make it again, with everything that depends on it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Neither is possible without losing something; the message says what, the hint what to write instead."""

    message: str
    hint: str


Strategy = AlterInPlace | RecreateObject | Refuse

NO_CHANGE = AlterInPlace(Action.REPLACE, ())


class KindRules(Protocol):
    """The interface of a kind's module."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds it answers for."""
        ...

    def choose_strategy(self, case: ObjectDiff) -> Strategy:
        """Decide how the object gets to its declared state."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """A kind's rules as a function: the usual way to satisfy `KindRules`."""

    kinds: frozenset[Kind]
    choose_strategy: Callable[[ObjectDiff], Strategy]
