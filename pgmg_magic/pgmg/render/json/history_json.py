"""A history and a restoration as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import sanitize
from pgmg.render.json.documents import applied_from_document
from pgmg.render.text.results.history_lines import difference

if TYPE_CHECKING:
    from pgmg.model.results.history_entries import AppliedSource, History, HistoryEntry, RestoredSource
    from pgmg.render.json.documents import Document


def history_document(history: History) -> Document:
    """Return a history, from the oldest entry to the newest, with the sources in full."""
    return {"object": history.object, "entries": [_entry(entry, history.object) for entry in history.entries]}


def restoration_document(found: RestoredSource) -> Document:
    """Return which file was written."""
    return {"object": found.object, "path": found.path, "entry": found.number, "written": not found.is_done}


def _entry(entry: HistoryEntry, only: str | None) -> Document:
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "role": entry.role,
        "application": sanitize.mask_secrets(entry.application),
        "note": None if entry.note is None else sanitize.mask_secrets(entry.note),
        "steps": [{"action": action, "object": name} for action, name in entry.steps],
        "sources": [_source(one) for one in entry.sources if only in (None, one.object)],
    } | applied_from_document("applied_from", entry.applied_from)


def _source(source: AppliedSource) -> Document:
    return {
        "object": source.object,
        "path": source.path,
        "sql": None if source.sql is None else sanitize.mask_secrets(source.sql),
        "diff": "\n".join(difference(source)),
    }
