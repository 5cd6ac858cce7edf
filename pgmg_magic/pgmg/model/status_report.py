"""One screen about a project and its database (`pgmg status`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.plan import Change, DatabaseInfo
    from pgmg.model.source import Notice


@dataclass(frozen=True, slots=True)
class Status:
    """`connection` names server, database and user, never a password. `objects` counts managed objects by kind word."""

    connection: str
    database: DatabaseInfo
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    objects: tuple[tuple[str, int], ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[Notice, ...] = ()
