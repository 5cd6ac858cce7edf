"""Plans, results, statuses, graphs and errors as JSON documents, described by `schema.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgmg.errors import ApplyError, PgmgError, SourceErrors
from pgmg.model.results import events
from pgmg.model.results.graph_data import ColumnEdge, Graph, GraphNode
from pgmg.render import sanitize
from pgmg.render.json.body_json import bodies_document
from pgmg.render.json.readers_json import readers_document
from pgmg.render.json.rehearsal_json import rehearsal_document
from pgmg.render.json.saved_plan import FORMAT, SavedPlan, load_saved_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.plans.compatibility import ClientImpact
    from pgmg.model.plans.plan import Affected, Change, Edge, MigrationImpact, Plan, PlanOptions, Step
    from pgmg.model.plans.risk import FirstLock, Risk
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.model.results.events import AppliedStep, ApplyResult, Event
    from pgmg.model.results.record_changes import RecordChanges
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.reset_report import ResetReport
    from pgmg.model.results.status_report import Status
    from pgmg.model.sources.source import Notice

__all__ = [
    "Document",
    "SavedPlan",
    "applied_from_document",
    "baseline_document",
    "diff_document",
    "dumps",
    "error_document",
    "event_document",
    "graph_document",
    "load_saved_plan",
    "migration_document",
    "plan_document",
    "record_changes_document",
    "refresh_document",
    "reset_document",
    "result_document",
    "saved_plan_document",
    "schema",
    "status_document",
]

Document = dict[str, Any]


def dumps(document: Document, *, indent: int | None = 2) -> str:
    """Return a document as JSON text: deterministic, without control characters."""
    return sanitize.escape_controls(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def schema() -> Document:
    """Return the JSON Schema (2020-12) of all documents; `$defs` holds one schema per document."""
    loaded: Document = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return loaded


def plan_document(plan: Plan) -> Document:
    """Return a plan. `sql` is the SQL that is sent, with passwords masked (rule 11.3)."""
    return {
        "format": FORMAT,
        "fingerprint": plan.fingerprint,
        "database": {"name": plan.database.name, "server_version": plan.database.server_version},
        "migrations": [migration_document(migration) for migration in plan.migrations],
        "changes": [_change(change) for change in plan.changes],
        "steps": [_step(step) for step in plan.steps],
        "edges": [_edge(edge) for edge in plan.dependencies],
        "warnings": [_notice(notice) for notice in plan.warnings],
        "compatibility": plan.compatibility.value,
        "clients": [_client(impact) for impact in plan.clients],
        "risks": [_risk(risk) for risk in plan.risks],
        **({} if not plan.first_locks else {"first_locks": [_first_lock(lock) for lock in plan.first_locks]}),
        "options": _options(plan.options),
        "basis": dict(plan.basis),
        **({} if plan.bodies is None else {"bodies": bodies_document(plan.bodies)}),
        **({} if plan.rehearsal is None else {"rehearsal": rehearsal_document(plan.rehearsal)}),
        **({} if plan.readers is None else {"readers": readers_document(plan.readers)}),
    }


def saved_plan_document(plan: Plan) -> Document:
    """Return a plan as a file keeps it: with what it was made from, so that it can say later what has changed."""
    return plan_document(plan) | {"inputs": plan.inputs.entries()}


def result_document(result: ApplyResult) -> Document:
    """Return the result of an apply."""
    return {
        "applied": result.applied,
        "steps": [_applied(step) for step in result.steps],
        "migrations_recorded": list(result.migrations_recorded),
        "objects_updated": result.objects_updated,
        "discovered": [_edge(edge) for edge in result.discovered],
        "duration_ms": _milliseconds(result.duration_ms),
    }


def status_document(status: Status) -> Document:
    """Return a status."""
    return {
        "connection": sanitize.mask_secrets(status.connection),
        "database": {"name": status.database.name, "server_version": status.database.server_version},
        "migrations": {"applied": list(status.applied), "pending": list(status.pending)},
        "objects": dict(status.objects),
        "ignored": list(status.ignored),
        "changes": [_change(change) for change in status.changes],
        "warnings": [_notice(notice) for notice in status.warnings],
    } | applied_from_document("last_apply", status.last_apply)


def graph_document(graph: Graph) -> Document:
    """Return a graph: `nodes`, `edges`, and the number of hidden nodes."""
    return {
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
        "hidden": graph.hidden,
        "asked": [str(name) for name in graph.asked],
        "notes": [sanitize.mask_secrets(note) for note in graph.notes],
    }


def diff_document(changes: Iterable[Change]) -> Document:
    """Return the SQL difference of each changed object."""
    from pgmg.render.text.plans.diff_lines import unified

    return {
        "changes": [
            _change(change)
            | {"before": _masked(change.before), "after": _masked(change.after), "diff": "\n".join(unified(change))}
            for change in changes
        ]
    }


def error_document(error: PgmgError) -> Document:
    """Return an error; several problems in files are also listed individually."""
    said = _error(error)
    match error:
        case SourceErrors():
            if len(error.problems) == 1:
                said["code"] = error.problems[0].code
            said["problems"] = [_error(problem) for problem in error.problems]
        case ApplyError():
            said["sqlstate"] = error.sqlstate
            said["object"] = error.object
        case _:
            pass
    return {"error": said}


def record_changes_document(changes: RecordChanges, *, recorded: bool = True) -> Document:
    """Return the corrections of migrations' records that were made, or would be."""
    return baseline_document(changes.recorded, recorded=recorded) | {
        "renamed": [{"from": old, "to": new} for old, new in changes.renamed],
        "forgotten": list(changes.forgotten),
        "accepted": list(changes.accepted),
    }


def baseline_document(names: Sequence[str], *, recorded: bool = True) -> Document:
    """Return the migrations that a baseline recorded, or would record."""
    return {"recorded": recorded, "migrations": list(names)}


def refresh_document(done: Sequence[Refreshed]) -> Document:
    """Return which materialized views were refreshed."""
    return {
        "refreshed": [
            {
                "object": str(one.object),
                "concurrently": one.concurrently,
                "duration_ms": _milliseconds(one.duration_ms),
            }
            for one in done
        ]
    }


def reset_document(report: ResetReport, *, executed: bool = True) -> Document:
    """Return the statements that a reset executed, or would execute, and the ignored objects that it leaves alone."""
    statements = [sanitize.mask_secrets(statement) for statement in report.statements]
    return {"executed": executed, "statements": statements, "ignored": list(report.ignored)}


def event_document(event: Event) -> Document:
    """Return an event of an apply; `event` is its type."""
    match event:
        case events.Started(plan=plan):
            return {"event": "started", "fingerprint": plan.fingerprint, "steps": len(plan.steps)}
        case events.StepBegun(step=step):
            return {"event": "step-begun"} | _which(step)
        case events.StepDone(step=step, duration_ms=took):
            return {"event": "step-done"} | _which(step) | {"duration_ms": _milliseconds(took)}
        case events.ServerNotice(severity=severity, message=message, step=during):
            number = None if during is None else during.number
            return {"event": "notice", "severity": severity, "message": sanitize.mask_secrets(message), "step": number}
        case events.Waiting(reason=reason, seconds=seconds):
            return {"event": "waiting", "reason": sanitize.mask_secrets(reason), "seconds": round(seconds, 3)}
        case events.Retrying(attempt=attempt, of=of, reason=reason):
            return {"event": "retrying", "attempt": attempt, "of": of, "reason": sanitize.mask_secrets(reason)}
        case events.Discovered(edge=edge, message=message):
            return {"event": "discovered", "edge": _edge(edge), "message": sanitize.mask_secrets(message)}
        case events.Recorded(migrations=migrations, objects=objects):
            return {"event": "recorded", "migrations": list(migrations), "objects": objects}
        case events.Finished(result=result):
            return {"event": "finished", "result": result_document(result)}


# -- parts ----------------------------------------------------------------------------------------------


def _step(step: Step) -> Document:
    return {
        "number": step.number,
        "action": step.action.value,
        "object": str(step.object),
        "sql": sanitize.mask_secrets(step.sql),
        "reason": sanitize.mask_secrets(step.reason),
        "path": step.location.path if step.location else None,
        "line": step.location.line if step.location else None,
        "group": step.group,
        "managed": step.managed,
    }


def _applied(done: AppliedStep) -> Document:
    return _step(done.step) | {"duration_ms": _milliseconds(done.duration_ms)}


def _which(step: Step) -> Document:
    return {"number": step.number, "action": step.action.value, "object": str(step.object), "group": step.group}


def migration_document(migration: MigrationImpact) -> Document:
    """Return a pending migration and what it affects."""
    return {
        "name": migration.name,
        "path": migration.path,
        "affects": [_affected(affected) for affected in migration.affects],
    }


def _affected(affected: Affected) -> Document:
    because = [str(name) for name in affected.because_of]
    return {"object": str(affected.object), "reason": sanitize.mask_secrets(affected.reason), "because_of": because}


def _change(change: Change) -> Document:
    said = {"object": str(change.object), "change": change.change.value, "path": change.path, "line": change.line}
    return said | applied_from_document("applied_from", change.applied_from)


def applied_from_document(key: str, origin: AppliedFrom | None) -> Document:
    """Return an entry of that key, none where nobody knows."""
    if origin is None:
        return {}
    return {
        key: {
            "user": origin.user,
            "host": origin.host,
            "folder": origin.folder,
            "branch": origin.branch,
            "commit": origin.commit,
            "at": None if origin.at is None else origin.at.isoformat(),
        }
    }


def _edge(edge: Edge) -> Document:
    flow: dict[str, Any] = {"flow": edge.flow.value} if isinstance(edge, ColumnEdge) else {}
    if isinstance(edge, ColumnEdge) and edge.construct is not None:
        flow["construct"] = edge.construct
    return flow | {
        "object": str(edge.object),
        "depends_on": str(edge.depends_on),
        "origin": edge.origin.value,
        "hard": edge.hard,
    }


def _node(node: GraphNode) -> Document:
    return {
        "object": str(node.object),
        "kind": node.object.kind.value,
        "managed": node.managed,
        "change": node.change.value if node.change else None,
        "path": node.location.path if node.location else None,
        "line": node.location.line if node.location else None,
        "sql": _masked(node.sql),
    }


def _notice(notice: Notice) -> Document:
    return {"code": notice.code, "message": sanitize.mask_secrets(notice.message), "where": notice.where}


def _client(impact: ClientImpact) -> Document:
    return {
        "object": str(impact.object),
        "compatibility": impact.compatibility.value,
        "reason": sanitize.mask_secrets(impact.reason),
        "where": impact.where,
    }


def _first_lock(lock: FirstLock) -> Document:
    return {
        "group": lock.group,
        "relation": str(lock.relation),
        "lock": lock.mode.value,
        "with_children": lock.with_children,
        "step": lock.step,
    }


def _risk(risk: Risk) -> Document:
    return {
        "step": risk.step,
        "kind": risk.kind.value,
        "relation": risk.relation,
        "lock": None if risk.lock is None else risk.lock.value,
        "bytes": risk.bytes,
        "rows": risk.rows,
        "reason": sanitize.mask_secrets(risk.reason),
        "where": risk.where,
        "measured": risk.measured,
        "open_transactions": [
            {"pid": one.pid, "application": one.application, "seconds": one.seconds} for one in risk.transactions
        ],
    }


def _error(error: PgmgError) -> Document:
    return {
        "code": error.code,
        "message": sanitize.mask_secrets(error.message),
        "where": str(error.where) if error.where else None,
        "hint": _masked(error.hint),
    }


def _options(options: PlanOptions) -> Document:
    return {
        "recreate": options.recreate.value,
        "drop_unmanaged": options.drop_unmanaged,
        "rewrite_tables": options.rewrite_tables,
    }


def _masked(text: str | None) -> str | None:
    return None if text is None else sanitize.mask_secrets(text)


def _milliseconds(duration: float) -> float:
    return round(duration, 3)
