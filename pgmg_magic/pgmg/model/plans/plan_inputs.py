"""The inputs of a plan, entry by entry: a plan that is out of date names the entries that have changed."""

from __future__ import annotations

import hashlib
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgmg.model.database.snapshot import MigrationRow, StateRow

Entries = dict[str, dict[str, str]]
"""By part: `sources`, `pending`, `state`, `recorded`, `catalog`; then by name, with what tells versions apart."""

_PARTS = {
    "sources": "files have changed",
    "pending": "pending migrations have changed",
    "state": "something was applied",
    "catalog": "the database has changed",
}
_NAMED = 5
"""So many changes are spelled out."""


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """The rows that a plan was computed from, as they were read.

    `sources` are (object, SHA-256, path), `catalog` (object, OID, version), `pending` (file name, SHA-256).
    """

    sources: Sequence[tuple[str, str, str]] = ()
    catalog: Sequence[tuple[str, int, str]] = ()
    pending: Sequence[tuple[str, str]] = ()
    state: Mapping[str, StateRow] = field(default_factory=lambda: MappingProxyType({}))
    recorded: Mapping[str, MigrationRow] = field(default_factory=lambda: MappingProxyType({}))

    def entries(self) -> Entries:
        """Return all of it in short: enough to notice a change."""
        return {
            "sources": {name: f"{_short(hash_)} {path}" for name, hash_, path in self.sources},
            "pending": {name: _short(hash_) for name, hash_ in self.pending},
            "state": {name: _short(row.hash) for name, row in self.state.items()},
            "recorded": dict.fromkeys(self.recorded, ""),
            "catalog": {name: _short(f"{oid}:{version}") for name, oid, version in self.catalog},
        }


def changes_between(before: Entries, now: Entries) -> str:
    """Say what has changed: `files have changed: sql/v.sql (view.v)`; empty where nothing has."""
    said = changes_by_part(before, now)
    words = [word for part, word in _PARTS.items() if said[part]]
    phrases = [phrase for part in _PARTS for phrase in said[part]]
    return f"{' and '.join(words)}: {_listed(phrases)}" if phrases else ""


def changes_by_part(before: Entries, now: Entries) -> dict[str, list[str]]:
    """Return phrases about what has changed: of `sources`, `pending`, `state` and `catalog`, in this order.

    An object that was applied since is listed once, under `state`.
    """
    applied = _changed(before.get("state", {}), now["state"])
    return {
        "sources": list(_of_files(before.get("sources", {}), now["sources"])),
        "pending": list(_of_pending(before, now)),
        "state": list(_of_records(before, now)),
        "catalog": list(_of_catalog(before.get("catalog", {}), now["catalog"], applied)),
    }


def _of_files(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Name each file once, with the objects in it that are others."""
    by_file: dict[str, list[str]] = {}
    for name in sorted(_changed(_hashes(before), _hashes(now))):
        path = (now.get(name) or before[name]).partition(" ")[2]
        by_file.setdefault(path, []).append(name)
    return (f"{path} ({', '.join(names)})" for path, names in by_file.items())


def _of_pending(before: Entries, now: Entries) -> Iterator[str]:
    recorded = now["recorded"]
    for name in sorted(_changed(before.get("pending", {}), now["pending"])):
        if name in recorded:
            continue  # applied since
        match name in before.get("pending", {}), name in now["pending"]:
            case True, True:
                yield f"{name} has another text"
            case True, False:
                yield f"{name} is gone"
            case _:
                yield f"{name} is new"


def _of_records(before: Entries, now: Entries) -> Iterator[str]:
    for name in sorted(_changed(before.get("recorded", {}), now["recorded"])):
        yield f"{name} is recorded as applied" if name in now["recorded"] else f"{name} is no longer recorded"
    for name in sorted(_changed(before.get("state", {}), now["state"])):
        yield f"{name} was applied" if name in now["state"] else f"{name} was dropped"


def _of_catalog(before: Mapping[str, str], now: Mapping[str, str], but: set[str]) -> Iterator[str]:
    for name in sorted(_changed(before, now) - but):
        match name in before, name in now:
            case True, True:
                yield f"{name} was changed"
            case True, False:
                yield f"{name} is gone"
            case _:
                yield f"{name} exists now"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def _hashes(sources: Mapping[str, str]) -> dict[str, str]:
    """Leave out the paths: a file that was moved is no change."""
    return {name: value.partition(" ")[0] for name, value in sources.items()}


def _short(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def _listed(phrases: Sequence[str]) -> str:
    said = list(phrases[:_NAMED])
    if len(phrases) > _NAMED:
        said.append(f"{len(phrases) - _NAMED} more")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
