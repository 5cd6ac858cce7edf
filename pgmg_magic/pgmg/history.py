"""Reads the history of a project's database, and brings earlier sources back into its files."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange, UnknownObjectError, UsageError
from pgmg.model.results.history_entries import History, RestoredSource
from pgmg.planner import Planner
from pgmg.source.grammar.line_ends import like, with_line_feeds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.results.history_entries import AppliedSource, HistoryEntry
    from pgmg.model.sources.source import SourceObject
    from pgmg.project import Project

_LISTED = "`pgmg history` lists what there is."


def read_history(project: Project, name: str | None = None) -> History:
    """Return the history, or what of it is about one object; `view.v` may be written `v` where that is clear.

    Raises:
        UnknownObjectError: the history has no such object.
        UsageError: the name means several.
        ConnectionFailedError: the database cannot be reached.
    """
    with project.connect() as conn:
        return _about(_entries(conn, project.settings), name)


def read_restoration(project: Project, name: str, to: str) -> RestoredSource:
    """Return the file of an object with the source that it had at a time or after an entry of the history.

    Raises:
        UsageError: `to` is neither a time nor a number.
        UnknownObjectError: the history has no such object.
        RefusedChange: it had no source then, or its file cannot be written.
        SourceErrors: files that cannot be read.
    """
    with project.connect() as conn:
        found = _about(_entries(conn, project.settings), name)
        assert found.object is not None  # one name was asked for
        entry, earlier = _version(found, to)
        declared = _declared(conn, project.settings, found.object)
    path = earlier.path if declared is None else declared.location.path
    assert earlier.sql is not None  # `_version` refuses what was dropped
    if path is None:
        raise RefusedChange(f"Entry {entry.number} does not say which file declared {found.object}.")
    text = _text_of(_file(project.settings, path))
    after = _appended(text, earlier.sql) if declared is None else _replaced(text, declared, earlier.sql)
    return RestoredSource(found.object, path, text, after, entry.number)


def write_restoration(project: Project, restoration: RestoredSource) -> None:
    """Write the file.

    Raises:
        RefusedChange: it is outside the code folder, or was changed since the restoration was read.
    """
    if restoration.is_done:
        return
    file = _file(project.settings, restoration.path)
    if _text_of(file) != restoration.before:
        raise RefusedChange(f"{restoration.path} was changed meanwhile; nothing was written.", hint="Restore again.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(restoration.after.encode())


def _entries(conn: Connection, settings: Settings) -> tuple[HistoryEntry, ...]:
    from pgmg.catalog.sessions.connection import reading
    from pgmg.catalog.state.history_reader import read_history as read

    with reading(conn, None, settings.lock_timeout):
        return read(conn, settings.state_schema)


def _about(entries: tuple[HistoryEntry, ...], typed: str | None) -> History:
    if typed is None:
        return History(entries)
    names = {one.object for entry in entries for one in entry.sources}
    meant = _meant(typed, names)
    if len(meant) > 1:
        raise UsageError(f"{typed!r} may be {', '.join(meant)}", hint="Write one of them.")
    return History(tuple(e for e in entries if any(s.object == meant[0] for s in e.sources)), meant[0])


def _meant(typed: str, names: Iterable[str]) -> list[str]:
    """Return the objects that a word may mean: the full name, or the name without kind, arguments or schema."""
    pool = sorted(names)
    for number in range(len(_spellings(""))):
        found = [name for name in pool if _spellings(name)[number].lower() == typed.lower()]
        if found:
            return found
    near = difflib.get_close_matches(typed, pool, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else _LISTED
    raise UnknownObjectError(f"The history has no object {typed!r}.", hint=hint)


def _spellings(name: str) -> tuple[str, ...]:
    """Return what people may type for an object, the most exact first."""
    without_kind, without_arguments = name.partition(".")[2], name.partition("(")[0]
    last = without_arguments.rpartition(".")[2]
    return name, without_kind, without_arguments, without_kind.partition("(")[0], last


def _version(history: History, to: str) -> tuple[HistoryEntry, AppliedSource]:
    """Return the last entry up to a time or number, and the object's source there."""
    text = to.strip()
    if text.isdecimal():
        until = [entry for entry in history.entries if entry.number <= int(text)]
    else:
        moment = _moment(text)
        until = [entry for entry in history.entries if entry.at <= moment]
    if not until:
        first = history.entries[0]
        message = f"The history of {history.object} begins with entry {first.number}, {first.at:%Y-%m-%d %H:%M:%S%z}."
        raise RefusedChange(message, hint=_LISTED)
    entry = until[-1]
    source = next(one for one in entry.sources if one.object == history.object)
    if source.sql is None:
        message = f"{history.object} did not exist then: entry {entry.number} dropped it."
        raise RefusedChange(message, hint="Name an earlier entry.")
    return entry, source


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()  # without a zone it is local time
    except ValueError:
        raise UsageError(
            f"--to {text}: neither a time nor a number", hint="--to '2026-11-29 14:00' or --to 12"
        ) from None


def _declared(conn: Connection, settings: Settings, name: str) -> SourceObject | None:
    """Return what the files declare under a name now."""
    from pgmg.catalog.sessions.connection import reading

    planner = Planner(settings)
    with reading(conn, planner.search_path, settings.lock_timeout):
        found = planner.comparison(conn, planner.snapshot(conn), planner.files(), only_looks=True)
    return next((one.source for key, one in found.resolved.declared.items() if str(key) == name), None)


def _file(settings: Settings, path: str) -> Path:
    """Return a file of the code folder by its path in the project."""
    code, file = settings.code_dir, settings.root / path
    if code is None or not file.resolve().is_relative_to(code.resolve()):
        raise RefusedChange(f"{path} is not in the code folder", hint="Nothing outside of it is written.")
    return file


def _text_of(file: Path) -> str | None:
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None


def _appended(text: str | None, sql: str) -> str:
    lead = "" if not text else f"{text.rstrip()}\n\n"
    return f"{lead}{sql};\n"


def _replaced(text: str | None, declared: SourceObject, sql: str) -> str:
    """Return the text with the declaration replaced; line ends stay as they are."""
    whole = "" if text is None else text
    lines = with_line_feeds(whole)
    line, column = declared.location.line or 1, declared.location.column or 1
    start = sum(len(one) + 1 for one in lines.split("\n")[: line - 1]) + column - 1
    if not lines.startswith(declared.sql, start):
        raise RefusedChange(
            f"What declares {declared.location} is several statements, and cannot be replaced by one.",
            hint="`pgmg history OBJECT` shows the earlier source; edit the file by hand.",
        )
    return like(lines[:start] + sql + lines[start + len(declared.sql) :], whole)
