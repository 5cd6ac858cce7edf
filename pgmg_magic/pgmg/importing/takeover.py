"""Records what the database has as the files declare it; takes over the records of the original pgmg."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import restore_settings
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.state.state_tables import StateTables
from pgmg.config import applied_from
from pgmg.errors import ImportRefused
from pgmg.importing.adoption import Adoption
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA
from pgmg.model.plans.plan import ChangeKind, PlanOptions, Record
from pgmg.model.results.import_report import LeftOut

if TYPE_CHECKING:
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Step
    from pgmg.planner import Planner
    from pgmg.source import SourceFiles


def take_over(conn: Connection, planner: Planner, settings: Settings, files: SourceFiles, *, dry_run: bool) -> Adoption:
    """Copy the original's records to pgmg's own tables, in the caller's transaction; run nothing.

    Its migrations count as applied. Objects are recorded as by `record_equal`. The original's tables stay as they are.

    Raises:
        ImportRefused: there are no tables of the original, or pgmg has tables of its own already.
        SourceErrors: files cannot be read.
        PlanError: the next plan is refused.
    """
    snapshot = read_snapshot(conn, settings.state_schema, takes_over=True)
    _refuse_without_records(snapshot, settings.state_schema)
    found = record_equal(conn, planner, settings, files, snapshot, dry_run=dry_run)
    return replace(found, migrations=tuple(snapshot.migrations))


def record_equal(
    conn: Connection, planner: Planner, settings: Settings, files: SourceFiles, snapshot: Snapshot, *, dry_run: bool
) -> Adoption:
    """Record unrecorded objects that the database has as the files declare them, in the caller's transaction.

    Those are the objects that the next plan would do nothing about; `left_out` of the answer says what it would do
    about the others.

    Raises:
        SourceErrors: files cannot be read.
        PlanError: the next plan is refused.
    """
    compared = planner.comparison(conn, snapshot, files)
    plan = planner.decide(conn, compared, PlanOptions(settings.recreate))
    steps: dict[ObjectName, Step] = {}
    for step in plan.steps:
        steps.setdefault(step.object, step)
    equal = [d for d in compared.differences if d.change is ChangeKind.ADOPTED and d.name not in steps]
    records = [Record(d.name, d.declared.source, 1) for d in equal if d.declared is not None]
    if not dry_run:
        state = StateTables(conn, settings.state_schema, applied_from(settings))
        state.prepare(snapshot)
        state.record(records, snapshot)
        restore_settings(conn, snapshot.server.setting)
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        if record.source is not None:
            by_path[record.source.location.path].append(str(record.object))
    return Adoption(
        objects={path: tuple(names) for path, names in sorted(by_path.items())},
        left_out=tuple(LeftOut(str(name), _said(step)) for name, step in steps.items()),
        is_planned_empty=True if not plan.steps else None,
    )


def _refuse_without_records(snapshot: Snapshot, state_schema: str) -> None:
    if not snapshot.server.has_original:
        raise ImportRefused(
            f"There are no tables of the original pgmg in schema {ORIGINAL_SCHEMA} of {snapshot.server.database}.",
            hint="Is it the right database?",
        )
    if not snapshot.server.continues_original:
        raise ImportRefused(
            f"pgmg has tables of its own in schema {state_schema}: records of the original pgmg count no longer.",
            hint="`pgmg baseline` records migrations, `pgmg import --adopt` records objects.",
        )


def _said(step: Step) -> str:
    return f"the next plan would {step.action.value} it: {step.sql.strip().partition(chr(10))[0]}"
