"""Who uses what a plan changes as JSON, described by `schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.render.sanitize import mask_secrets

if TYPE_CHECKING:
    from datetime import datetime

    from pgmg.model.plans.readers import ClientReaders, LastUse, PartReaders, PartUse


def readers_document(readers: ClientReaders) -> dict[str, Any]:
    """Return the parts of objects that change, with the statements that use them."""
    return {
        "since": _time(readers.since),
        "missing": [mask_secrets(message) for message in readers.missing],
        "hidden": readers.hidden,
        "parts": [_part(found) for found in readers.parts],
    }


def _part(found: PartReaders) -> dict[str, Any]:
    part = found.part
    return {
        "object": str(part.object),
        "column": part.column,
        "what": part.what,
        "deleted": part.is_deleted,
        "where": part.where,
        "last_use": None if found.last_use is None else _last_use(found.last_use),
        "statements": [_use(use) for use in found.uses],
    }


def _last_use(use: LastUse) -> dict[str, Any]:
    return {
        "counted": f"{use.noun}s",
        "count": use.count,
        "at": _time(use.at),
        "since": _time(use.since),
        "reason": use.reason or None,
    }


def _use(use: PartUse) -> dict[str, Any]:
    statement = use.statement
    return {
        "query": mask_secrets(statement.text),
        "role": statement.role,
        "applications": list(statement.applications),
        "calls": statement.calls,
        "mean_ms": None if statement.mean_ms is None else round(statement.mean_ms, 3),
        "rows": statement.rows,
        "since": _time(statement.since),
        "in_routine": statement.in_routine,
        "certain": use.is_certain,
        "running": [
            {"pid": one.pid, "application": one.application, "seconds": round(one.seconds, 1)}
            for one in statement.running
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
