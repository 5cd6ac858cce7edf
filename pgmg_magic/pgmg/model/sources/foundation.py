"""Objects that other objects are in or on and no code file declares: schemas, extensions, foreign servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName, kind_of

if TYPE_CHECKING:
    from pgmg.model.database.snapshot import Address


@dataclass(frozen=True, slots=True)
class Foundation:
    """A schema, extension, publication, foreign server or its wrapper: `words` are those of its DROP statement.

    `members` are the objects of an extension.
    """

    words: str
    name: str
    address: Address
    owner: str
    members: tuple[Address, ...] = ()

    @property
    def object(self) -> ObjectName:
        """Its name as patterns and messages have it."""
        return ObjectName(kind_of(self.words) or Kind.OTHER, self.name)
