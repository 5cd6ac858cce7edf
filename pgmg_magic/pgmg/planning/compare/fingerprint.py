"""Digests of what a plan was computed from: equal fingerprints mean the same plan from the same facts (rule 9.4)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.database.snapshot import ServerInfo
    from pgmg.model.plans.plan import PlanOptions, Record, Step
    from pgmg.model.plans.plan_inputs import PlanInputs


def basis(
    inputs: PlanInputs,
    server: ServerInfo,
    options: PlanOptions,
    steps: Sequence[Step] = (),
    records: Iterable[Record] = (),
) -> tuple[tuple[str, str], ...]:
    """Return a digest of each part: sources, pending, state, catalog, options, steps."""
    recorded = ((row.name, row.hash) for row in inputs.state.values())
    done = [(s.action, str(s.object), s.statements, s.group) for s in steps]
    kept = [(str(r.object), r.source is None) for r in records]
    parts = {
        "sources": _digest(_all_of((name, hash_) for name, hash_, _ in inputs.sources)),
        "pending": _digest(list(inputs.pending)),
        "state": _digest(_all_of(recorded), sorted(inputs.recorded)),
        "catalog": _digest(
            server.database_oid,
            server.search_path,
            server.user,
            _all_of((name, str(oid), version) for name, oid, version in inputs.catalog),
        ),
        "options": _digest(options.recreate, options.drop_unmanaged, options.rewrite_tables),
        "steps": _digest(done, kept),
    }
    return tuple(parts.items())


def fingerprint(parts: Iterable[tuple[str, str]]) -> str:
    """Return `sha256:…` over all parts."""
    return f"sha256:{_digest(list(parts))}"


def _all_of(rows: Iterable[tuple[str, ...]]) -> str:
    """Digest rows of equal length in any order; no text of PostgreSQL's holds a zero byte."""
    return hashlib.sha256("\0".join(sorted(map("\0".join, rows))).encode()).hexdigest()


def _digest(*values: object) -> str:
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
