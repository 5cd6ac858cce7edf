"""The server's answers to the planner, as JSON: recorded with a server, replayed without one.

A recording holds for each case the answers of the server (`Snapshot`, `DriftEvidence`, columns, `CatalogDetails`,
`Permissions`), facts from earlier attempts, and the steps that were planned. Files are read from the case itself.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import lzma
import pkgutil
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest

from pgmg import model
from pgmg.model.results.applied_from import AppliedFrom
from pgmg.planner import Planner

FILE = Path(__file__).parent / "recorded.json.xz"
READS = {
    "pgmg.catalog.reading.column_lists": "read_column_types",
    "pgmg.catalog.reading.drift_evidence": "read_drift_evidence",
    "pgmg.catalog.reading.catalog_details_reader": "read_catalog_details",
    "pgmg.catalog.reading.permissions_reader": "read_permissions",
}
"""The functions by which planning asks the server; a test replaces them."""

_MODULES = [importlib.import_module(found.name) for found in pkgutil.walk_packages(model.__path__, "pgmg.model.")]
_CLASSES = {
    name: value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, type) and value.__module__ == module.__name__
}


# --- values as JSON


def pack(value):
    """Return a value as JSON: a class is its name and its fields, everything else that JSON has not is marked."""
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, AppliedFrom):
        return None  # the machine and user of the recording
    if is_dataclass(value):
        kept = {f.name: pack(getattr(value, f.name)) for f in fields(value) if f.init}
        return {"class": type(value).__name__, "fields": kept}
    if isinstance(value, Mapping):
        return {"map": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"named": type(value).__name__, "items": [pack(item) for item in value]}
    if isinstance(value, frozenset | set):
        return {"set": sorted((pack(item) for item in value), key=json.dumps)}
    if isinstance(value, list | tuple):
        return {"list" if isinstance(value, list) else "tuple": [pack(item) for item in value]}
    raise TypeError(type(value))


def unpack(value):
    """Return what `pack` was given."""
    if not isinstance(value, dict):
        return value
    match value:
        case {"enum": name, "value": member}:
            return _CLASSES[name](member)
        case {"class": name, "fields": kept}:
            return _CLASSES[name](**{key: unpack(item) for key, item in kept.items()})
        case {"map": items}:
            return {unpack(key): unpack(item) for key, item in items}
        case {"named": name, "items": items}:
            return _CLASSES[name](*map(unpack, items))
        case {"set": items}:
            return frozenset(map(unpack, items))
        case {"list": items}:
            return [unpack(item) for item in items]
        case {"tuple": items}:
            return tuple(map(unpack, items))
    raise ValueError(value)


# --- the file


def load():
    """Return the recordings: shared values by their hash, and the attempts of each case."""
    return json.loads(lzma.decompress(FILE.read_bytes()))


def save(recorded):
    """Write the recordings."""
    text = json.dumps(recorded, sort_keys=True, separators=(",", ":"))
    FILE.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def share(packed, shared):
    """Replace the types of a snapshot, which nearly all databases have in common, by their hash."""
    types = packed["fields"]["types"]
    digest = hashlib.sha256(json.dumps(types).encode()).hexdigest()[:16]
    shared[digest] = types
    packed["fields"]["types"] = {"shared": digest}
    return packed


def case_hash(case):
    """Return a hash of all files of a case: a recording holds for these."""
    found = hashlib.sha256()
    for path in sorted(path for path in case.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(case)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def steps(plan):
    """Return the steps of a plan as values of JSON: with SQL, without reasons, whose wording may change."""
    return [
        [step.number, step.action.value, str(step.object), list(step.statements), step.group] for step in plan.steps
    ]


# --- planning with other answers


def _patch_all(patch, replace):
    for module, name in READS.items():
        patch.setattr(f"{module}.{name}", replace(getattr(importlib.import_module(module), name)))


@contextmanager
def recording(attempts, shared):
    """Note the answers and the outcome of every plan that is made."""
    plan_, snapshot_ = Planner.plan, Planner.snapshot
    current = []

    def noting(read):
        def asked(*args, **more):
            answer = read(*args, **more)
            current.append([read.__name__, pack(answer)])
            return answer

        return asked

    def snapshot(self, conn, meanwhile=None):
        found = snapshot_(self, conn, meanwhile)
        current.append(["snapshot", share(pack(found), shared)])
        return found

    def plan(self, conn, options, facts=None):
        current.clear()
        self._compared = self._decided = None  # what is remembered is not asked, and would be missing
        arguments = () if facts is None else (facts,)
        found, seen = plan_(self, conn, options, *arguments)
        attempts.append(
            {"facts": pack(facts), "answers": list(current), "options": pack(options), "steps": steps(found)}
        )
        return found, seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Planner, "snapshot", snapshot)
        patch.setattr(Planner, "plan", plan)
        _patch_all(patch, noting)
        yield


def replay(attempt, settings, shared):
    """Return the steps that the planner makes of recorded answers; no connection exists."""
    left = list(attempt["answers"])

    def answer(name):
        asked, packed = left.pop(0)
        assert asked == name, f"the planner asks {name}, recorded is {asked}"
        return packed

    def answering(read):
        return lambda *_args, **_more: unpack(answer(read.__name__))

    def snapshot(_self, _conn, _meanwhile=None):
        packed = answer("snapshot")
        kept = dict(packed["fields"])
        kept["types"] = shared[kept["types"]["shared"]]
        return unpack({**packed, "fields": kept})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Planner, "snapshot", snapshot)
        _patch_all(patch, answering)
        facts = unpack(attempt["facts"])
        arguments = () if facts is None else (facts,)
        found, _ = Planner(settings).plan(None, unpack(attempt["options"]), *arguments)
    assert not left, f"the planner did not ask {[name for name, _ in left]}"
    return steps(found)
