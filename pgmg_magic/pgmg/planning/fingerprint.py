"""Digests of what a plan was computed from: equal fingerprints mean the same plan from the same facts (rule 9.4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pgmg.model.plan import PlanOptions, Record, Step
from pgmg.model.snapshot import Snapshot
from pgmg.model.source import Migration


def basis(
    *,
    sources: Sequence[tuple[str, str]],
    catalog: Sequence[tuple[str, int, str]],
    pending: Sequence[Migration],
    snapshot: Snapshot,
    options: PlanOptions,
    steps: Sequence[Step] = (),
    records: Iterable[Record] = (),
) -> tuple[tuple[str, str], ...]:
    """Return a digest of each part: sources, state, catalog, options, steps.

    `sources` are (name, hash), `catalog` (name, OID, version) of what is declared or recorded, in any order.
    """
    server = snapshot.server
    parts: dict[str, Any] = {
        "sources": [sorted(sources), [(m.name, m.hash) for m in pending]],
        "state": [sorted((row.name, row.hash) for row in snapshot.state.values()), sorted(snapshot.migrations)],
        "catalog": [server.database_oid, server.search_path, server.user, sorted(catalog)],
        "options": [options.recreate, options.drop_unmanaged, options.rewrite_tables],
        "steps": [
            [(s.action, str(s.object), s.statements, s.group) for s in steps],
            [(str(r.object), r.source is None) for r in records],
        ],
    }
    return tuple((name, _digest(part)) for name, part in parts.items())


def fingerprint(parts: Iterable[tuple[str, str]]) -> str:
    """Return `sha256:…` over all parts."""
    return f"sha256:{_digest(list(parts))}"


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
