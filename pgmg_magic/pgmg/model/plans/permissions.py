"""The privileges that a plan needs, and those that its role has (manual, chapter 5.8)."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class Subject(StrEnum):
    """The subject of a privilege; the values are those of the query `held_privileges`."""

    ROLE = "role"
    """Its privileges: what it owns is dropped, replaced or altered."""

    SCHEMA = "schema"
    """CREATE and USAGE: something is created in it."""

    TABLE = "table"
    """SELECT, INSERT, UPDATE, DELETE of one of pgmg's own tables."""

    DATABASE = "database"
    """CREATE: the state schema is to be made."""

    USAGE = "usage"
    """USAGE of a schema: a statement of a migration names something in it."""

    ROWS = "rows"
    """SELECT, INSERT, UPDATE, DELETE or TRUNCATE of a relation, or of columns of it."""

    ROUTINE = "routine"
    """EXECUTE of a routine."""


@dataclass(frozen=True, slots=True)
class Need:
    """One privilege; `alternative` is a role whose privileges do as well.

    Of rows and routines, `name` is as SQL spells it, `oid` that of the object. `columns` are those of a relation that
    are used; without any, one of them will do. A routine `unless_strict` may go uncalled where it is strict.
    """

    subject: Subject
    name: str
    alternative: str | None = None
    oid: int = 0
    privilege: str = ""
    columns: tuple[str, ...] = ()
    unless_strict: bool = False

    @property
    def key(self) -> str:
        """The name under which a need is asked about and answered."""
        if not self.oid:
            return self.name
        return json.dumps([self.oid, self.privilege, self.columns, self.unless_strict])


@dataclass(frozen=True, slots=True)
class Held:
    """The role's privileges on one subject: the `owner`'s, by inheritance or as a member, or the privilege itself."""

    owner: str
    inherits: bool
    is_member: bool
    has_privilege: bool


@dataclass(frozen=True, slots=True)
class Permissions:
    """The privileges of `user` on all requested subjects; a missing subject does not exist."""

    user: str
    held: Mapping[tuple[Subject, str], Held]

    def allows(self, need: Need) -> bool:
        """Say whether a need is met; what does not exist yet is not judged."""
        held = self.held.get((need.subject, need.key))
        if held is None or held.inherits or held.has_privilege:
            return True
        other = None if need.alternative is None else self.held.get((Subject.ROLE, need.alternative))
        return other is not None and other.inherits
