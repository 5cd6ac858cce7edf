"""What the server itself says of a statement: locks that it holds, tables that it wrote anew or read, right afterwards.

Nothing of pgmg is used here. Sequences are left out: a plan's risks are those of relations with rows.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import psycopg

RANKS = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
NOTICEABLE = frozenset(RANKS[3:])
"""Locks that conflict with more than schema changes and explicit locks."""

_RELATIONS = """
SELECT c.oid::int8, format('%s.%s', n.nspname, c.relname), pg_relation_filenode(c.oid)::int8, c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'app') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_LOCKS = """
SELECT relation::int8, mode FROM pg_locks
WHERE pid = %s AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SCANS = "SELECT relid::int8, seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables"


@dataclass(frozen=True)
class Effects:
    """`locks` are relations with the strongest lock; `rewritten` and `scanned` relations, by qualified name."""

    locks: dict[str, str]
    rewritten: frozenset[str]
    scanned: frozenset[str]


def strongest(modes):
    return max(modes, key=RANKS.index)


def measure(conn, statement: str) -> Effects:
    """Run a statement in a transaction that is rolled back; only relations that were there before count."""
    conn.execute("BEGIN")
    try:
        known = {oid: (name, node) for oid, name, node, _ in conn.execute(_RELATIONS)}
        scans_before = dict(conn.execute(_SCANS).fetchall())
        conn.execute(statement)
        pid = conn.info.backend_pid
        held = conn.execute(_LOCKS, [pid]).fetchall()
        scans = {oid for oid, count in conn.execute(_SCANS) if count > scans_before.get(oid, 0)}
        after = {oid: node for oid, _, node, _ in conn.execute(_RELATIONS)}
    finally:
        conn.execute("ROLLBACK")
    modes: dict[str, list[str]] = {}
    for oid, mode in held:
        if oid in known and mode in NOTICEABLE:
            modes.setdefault(known[oid][0], []).append(mode)
    return Effects(
        locks={name: strongest(found) for name, found in modes.items()},
        rewritten=frozenset(name for oid, (name, node) in known.items() if oid in after and after[oid] != node),
        scanned=frozenset(known[oid][0] for oid in scans if oid in known),
    )


def waited_for(dsn: str, statement: str) -> dict[str, str]:
    """Return the first lock that a statement has to wait for while other sessions may only read and write rows."""
    with psycopg.connect(dsn, autocommit=True) as conn, psycopg.connect(dsn, autocommit=True) as holder:
        names = {oid: name for oid, name, _, kind in holder.execute(_RELATIONS) if kind == "r"}
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {', '.join(names.values())} IN SHARE UPDATE EXCLUSIVE MODE")
        failed: list[BaseException] = []

        def run() -> None:
            try:
                conn.execute(statement)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            waiting = []
            for _ in range(1000):
                waiting = _waiting(holder, conn.info.backend_pid)
                if waiting or not thread.is_alive():
                    break
                time.sleep(0.01)
            assert waiting, failed
        finally:
            conn.cancel_safe(timeout=5)
            holder.execute("ROLLBACK")
            thread.join()
        return {names[oid]: mode for oid, mode in waiting if oid in names}


def _waiting(holder, pid: int):
    return holder.execute(
        "SELECT relation::int8, mode FROM pg_locks WHERE pid = %s AND NOT granted AND locktype = 'relation'", [pid]
    ).fetchall()
