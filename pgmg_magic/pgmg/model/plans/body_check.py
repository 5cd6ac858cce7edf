"""Checks of bodies: routines as the catalog holds them, and what the server says against their queries."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName


class CheckedOn(StrEnum):
    """Where queries were checked against the state that a plan produces."""

    COPY = "copy"  # of the database, on which a rehearsal carried the plan out
    TRANSACTION = "transaction"  # on the database itself, rolled back
    TEXT = "text"  # by the grammar and the catalog alone, nothing was executed


@dataclass(frozen=True, slots=True)
class TriggerUse:
    """A table whose trigger calls a function, as SQL spells the table, and the names of its transition tables."""

    table: str
    transition_tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a routine: its name (empty for none), its type as SQL spells it, and `pg_proc.proargmodes`."""

    name: str
    type: str
    mode: str


@dataclass(frozen=True, slots=True)
class RoutineBody:
    """A routine whose body is a string. `settings` are pairs of what `ALTER FUNCTION … SET` gave it."""

    oid: int
    name: str
    language: str
    body: str = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    result: str = ""
    triggers: tuple[TriggerUse, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSaid:
    """An error for a query: its SQLSTATE, its text, and where in the body the query or the name begins."""

    sqlstate: str
    message: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BodyProblem:
    """A query that the server refuses. `where` is `path:line`; `cause` names the migration, or object, behind it."""

    object: ObjectName
    message: str
    where: str | None = None
    cause: str | None = None

    @property
    def described(self) -> str:
        """The problem in one line: `002.sql breaks function.f(), sql/f.sql:3: column "x" does not exist`."""
        place = "" if self.where is None else f", {self.where}"
        if self.cause is None:
            return f"{self.object} would fail{place}: {self.message}"
        return f"{self.cause} breaks {self.object}{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class BodyCheck:
    """The outcome of a check. `reason` says why no better way was taken; `unchecked` what could not be checked.

    `checked` counts the objects whose queries were checked; `with_extension` says that plpgsql_check was asked.
    """

    checked_on: CheckedOn
    checked: int = 0
    problems: tuple[BodyProblem, ...] = ()
    unchecked: tuple[ObjectName, ...] = ()
    reason: str | None = None
    with_extension: bool = False
