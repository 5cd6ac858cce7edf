"""A watcher's events as JSON documents, described by `schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.results.watch_events import (
    Applied,
    Broken,
    Disconnected,
    Mended,
    Noted,
    PendingMigrations,
    Reconnected,
    Saw,
    Stopped,
    WatchEvent,
    Watching,
)
from pgmg.render import sanitize
from pgmg.render.json.documents import Document, error_document, event_document, migration_document, result_document

if TYPE_CHECKING:
    from pgmg.errors import PgmgError


def watch_document(event: WatchEvent) -> Document:
    """Return an event of a watcher; `event` is its type."""
    match event:
        case Watching(server=server, folders=folders, migrations=migrations):
            said = {"server": sanitize.mask_secrets(server), "folders": list(folders), "migrations": migrations}
            return {"event": "watching"} | said
        case Saw(paths=paths):
            return {"event": "saw", "paths": list(paths)}
        case Applied(result=result, paths=paths, duration_ms=took):
            said = {"paths": list(paths), "result": result_document(result), "duration_ms": round(took, 3)}
            return {"event": "applied"} | said
        case Broken(error=error, paths=paths, objects=objects):
            said = {"paths": list(paths), "objects": [str(name) for name in objects], "error": _error(error)}
            return {"event": "broken"} | said
        case Mended(paths=paths, objects=objects):
            return {"event": "mended", "paths": list(paths), "objects": [str(name) for name in objects]}
        case PendingMigrations(migrations=migrations_, error=failure, waiting=waiting):
            return {
                "event": "pending-migrations",
                "migrations": [migration_document(one) for one in migrations_],
                "error": None if failure is None else _error(failure),
                "waiting": [str(name) for name in waiting],
            }
        case Disconnected(error=error, pause=pause):
            return {"event": "disconnected", "error": _error(error), "pause": pause}
        case Reconnected(server=server):
            return {"event": "reconnected", "server": sanitize.mask_secrets(server)}
        case Noted(event=noted):
            return event_document(noted)
        case Stopped(error=failure):
            return {"event": "stopped", "error": None if failure is None else _error(failure)}


def _error(error: PgmgError) -> Document:
    said: Document = error_document(error)["error"]
    return said
