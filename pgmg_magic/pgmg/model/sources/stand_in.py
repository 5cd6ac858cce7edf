"""Stand-ins: copies of declared objects in `pg_temp`, of which the server is asked the wording (rule 3.1)."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.database.snapshot import Address
    from pgmg.model.naming.names import ObjectName


@dataclass(frozen=True, slots=True)
class StandIn:
    """The statements that create a stand-in, of the same name as the declared object.

    `relation` is the relation that the declared object hangs on, as its declaration names it. The statements find a
    copy of it in `pg_temp`; None where the object has a schema of its own.
    """

    statements: tuple[str, ...] = field(repr=False)
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class StandInQuestion:
    """Asks how the server words what is declared under the name of the object at `address`."""

    name: ObjectName
    address: Address
    stand_in: StandIn
    settings: tuple[str, ...] = ()
