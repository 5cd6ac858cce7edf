"""Writes what a group did into the state, and tells those who listen (rules 9.6, 10)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.applying.learning.created_names import as_created
from pgmg.applying.verify import since_last_migration, verify
from pgmg.catalog.reading.snapshot_reader import read_again, read_snapshot
from pgmg.catalog.state.state_tables import DoneMigration
from pgmg.model.sources.source import PARTIAL_FILE
from pgmg.planning.schedule.transactions import runs_alone
from pgmg.source import statements_hash
from pgmg.source.migrations.progress_notes import note_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.catalog.state.state_tables import StateTables
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Record, Step
    from pgmg.model.results.events import AppliedStep

_NOTIFY_BYTES = 7900
_FEW = 100
"""So many objects are looked up by their names; of more, all are read."""


def record_group(  # noqa: PLR0913, PLR0917 - all that is recorded
    conn: psycopg.Connection[Any],
    state: StateTables,
    before: Snapshot,
    done: Sequence[AppliedStep],
    records: Sequence[Record],
    silent: Sequence[Record],
    plan: Plan,
    number: int,
    now: Snapshot | None = None,
) -> tuple[Step, ...]:
    """Write a group's state inside its transaction; `silent` rows are brought up to date without being touched.

    The rows of what groups of `plan` after `number` are to record are left as they are. `now` is the database after
    the group, if it has been read already. Returns the steps after which a recreated object had to be set right.

    Raises:
        NotRestoredError: a recreated object has not what it had before.
    """
    group = [applied.step for applied in done]
    migrations = [m for s in group if (m := s.migration) is not None and s.completes_migration]
    state.record_migrations([done_migration(m.name, m.hash, m.text) for m in migrations])
    _record_progress(state, group)
    state.forget([str(r.object) for r in records if r.source is None])
    state.forget([r.key for r in (*records, *silent) if r.key is not None])
    kept = [r for r in records if r.source is not None]
    corrected: tuple[Step, ...] = ()
    if kept or silent or migrations or any(s.properties is not None for s in group):
        names = {r.object for r in (*kept, *silent)} | {s.object for s in group}
        few = len(names) <= _FEW and not migrations
        if now is None:
            now = read_again(conn, before, names) if few else read_snapshot(conn, state.schema)
        corrected = verify(conn, since_last_migration(group), now.objects, now.server.setting)
        if corrected:
            now = read_again(conn, before, names) if few else read_snapshot(conn, state.schema)
        state.record(as_created(kept, before.objects, now.objects), now)
        state.record(silent, now, touch=False)
        if migrations:
            state.refresh(now, recorded_later(plan, number))
    if group or records:
        state.record_history(done, records)
    state.transaction = _notify(conn, [m.name for m in migrations], records, plan) if group else None
    return corrected


def records_of(plan: Plan, group: int, *, is_last: bool) -> tuple[list[Record], list[Record]]:
    """Return what a group records, and the rows that it brings up to date silently.

    A row that is written before the last one of its file has no hash of the file until then: files whose hashes are
    recorded are not compared object by object.
    """
    later = {_path(record) for record in plan.records if record.group > group}
    own = [record for record in plan.records if record.group == group]
    complete = {_path(record) for record in own} - later
    earlier = [r for r in plan.records if r.group < group and r.source is not None and _path(r) in complete]
    silent = {record.object: record for record in (*earlier, *(plan.rebaseline if is_last else ()))}
    return [_partial(record) if _path(record) in later else record for record in own], list(silent.values())


def _path(record: Record) -> str | None:
    return None if record.source is None else record.source.location.path


def _partial(record: Record) -> Record:
    return record if record.source is None else replace(record, source=replace(record.source, file_hash=PARTIAL_FILE))


def recorded_later(plan: Plan, group: int) -> set[ObjectName]:
    """Return the objects that groups after this one record."""
    return {record.object for record in plan.records if record.group > group}


def _record_progress(state: StateTables, group: Sequence[Step]) -> None:
    """Note how far migrations without transaction are; one that is done has its own record."""
    for step in group:
        migration = step.migration
        if migration is None or not runs_alone(migration):
            continue
        if step.completes_migration:
            state.clear_progress(migration.name)
        elif step.transactional:
            done = step.first_statement + len(step.statements)
            state.record_progress(migration.name, note_of(migration.sent, done), done)


def done_migration(name: str, hash_: str, text: str) -> DoneMigration:
    """Return what is recorded of a migration that was run, or counts as run."""
    return DoneMigration(name, hash_, statements_hash(text))


def _notify(conn: psycopg.Connection[Any], migrations: list[str], records: Sequence[Record], plan: Plan) -> str | None:
    """Notify those who listen, once it is committed; return the number of the transaction."""
    names = [str(record.object) for record in records]
    worst = {"compatibility": plan.compatibility.value}
    clients = {str(one.object): one.compatibility.value for one in plan.clients}
    text = json.dumps({"migrations": migrations, "objects": names, **worst, "clients": clients})
    if len(text.encode()) > _NOTIFY_BYTES:
        text = json.dumps({"migrations": len(migrations), "objects": len(names), **worst, "clients": len(clients)})
    notify = "SELECT pg_catalog.pg_current_xact_id_if_assigned()::text, pg_catalog.pg_notify('pgmg', $1)"
    row = conn.execute(notify, [text]).fetchone()
    return None if row is None else row[0]
