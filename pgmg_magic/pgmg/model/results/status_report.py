"""The status of a project and its database (`pgmg status`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.plan import DIFFERENCES

if TYPE_CHECKING:
    from pgmg.model.plans.plan import Change, DatabaseInfo
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.model.sources.source import Notice


@dataclass(frozen=True, slots=True)
class Status:
    """Status of project and database.

    `connection` names server, database and user, without the password; `objects` are (kind in words, number of managed
    objects); `applied` and `pending` are file names of migrations. `last_apply` is who applied something last, None
    where that is not known. `ignored` are the objects of the database that match the setting `ignore`.
    """

    connection: str
    database: DatabaseInfo
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    objects: tuple[tuple[str, int], ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[Notice, ...] = ()
    last_apply: AppliedFrom | None = None
    ignored: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the database is not what the project says."""
        said = any(notice.code in DIFFERENCES for notice in self.warnings)
        return bool(self.pending or self.changes) or said
