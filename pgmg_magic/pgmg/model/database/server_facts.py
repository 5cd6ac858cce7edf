"""Facts learned from the server during an apply, for its next attempt (rule 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import ObjectName


class StatementId(NamedTuple):
    """A statement of a pending migration, by file name, line and column (from 1)."""

    migration: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class DependsOn:
    """`dependent` needs `on` to exist, or to have run: an object, or a statement of a migration."""

    dependent: ObjectName | StatementId
    on: ObjectName | StatementId


@dataclass(frozen=True, slots=True)
class Blocks:
    """The object has to be absent while a statement runs. `object` is its name at that point.

    `address` (class OID, OID) is given for what the catalog held when the plan began.
    """

    object: ObjectName
    statement: StatementId
    address: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Creates:
    """A statement that cannot be read, or one before it, has created an unmanaged object that uses another one."""

    statement: StatementId
    object: ObjectName
    uses: ObjectName


@dataclass(frozen=True, slots=True)
class Moved:
    """A statement that cannot be read has given an unmanaged object another name or schema."""

    statement: StatementId
    object: ObjectName
    becomes: ObjectName


@dataclass(frozen=True, slots=True)
class Exists:
    """A statement created a declared object: it is brought to its source after that, not created."""

    object: ObjectName


@dataclass(frozen=True, slots=True)
class Changed:
    """A statement that cannot be read changed the definition of a managed object: its source is applied after that."""

    object: ObjectName


@dataclass(frozen=True, slots=True)
class Outgrown:
    """After a statement, the `*` in the source of a managed object stands for other columns than the server stores."""

    object: ObjectName
    statement: StatementId


@dataclass(frozen=True, slots=True)
class Missing:
    """Migrations removed the object, or the column of an object, before pgmg came to it."""

    object: ObjectName
    column: str | None = None


@dataclass(frozen=True, slots=True)
class CannotReplace:
    """The server would not change the object in place."""

    object: ObjectName


@dataclass(frozen=True, slots=True)
class NeedsOwnTransaction:
    """The step has to be committed before the next one: a new label of an enum is used."""

    object: ObjectName


@dataclass(frozen=True, slots=True)
class CannotRestore:
    """The definition that the catalog had no longer compiles.

    A managed object waits for its source; an unmanaged one may go (`--drop-unmanaged`).
    """

    object: ObjectName


Fact = (
    DependsOn
    | Blocks
    | Creates
    | Moved
    | Exists
    | Changed
    | Outgrown
    | Missing
    | CannotReplace
    | NeedsOwnTransaction
    | CannotRestore
)
_Fact = TypeVar(
    "_Fact",
    DependsOn,
    Blocks,
    Creates,
    Moved,
    Exists,
    Changed,
    Outgrown,
    Missing,
    CannotReplace,
    NeedsOwnTransaction,
    CannotRestore,
)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """All facts of one apply, in the order in which they were learned."""

    facts: tuple[Fact, ...] = ()

    def of(self, kind: type[_Fact]) -> Iterator[_Fact]:
        """Yield the facts of one kind."""
        return (fact for fact in self.facts if isinstance(fact, kind))

    def with_facts(self, *more: Fact) -> ServerFacts:
        """Return these facts and others, each once."""
        return ServerFacts(tuple(dict.fromkeys((*self.facts, *more))))

    def __contains__(self, fact: object) -> bool:
        return fact in self.facts


NO_FACTS = ServerFacts()
