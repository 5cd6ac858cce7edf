"""Breaking changes of interfaces that `-- pgmg: contract` pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName


@dataclass(frozen=True, slots=True)
class ContractBreach:
    """A change that breaks a pinned interface.

    `where` is the place of the change, `pinned_at` that of the declaration (`path:line`), or the file
    that had it.
    """

    object: ObjectName
    reason: str
    where: str | None = None
    pinned_at: str | None = None

    @property
    def word(self) -> str:
        """The word that consents to it: `contract:view.v`, of routines without arguments."""
        return f"contract:{str(self.object).partition('(')[0]}"

    @property
    def described(self) -> str:
        """The breach in words, without its places."""
        return f"{self.object} is pinned by `pgmg: contract`: {self.reason}"
