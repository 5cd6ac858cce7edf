"""Code as users write it, which `mypy --strict` checks against the package; it is not run."""

from __future__ import annotations

from typing import assert_never, assert_type

import pgmg


def listen(event: pgmg.Event) -> str:
    """Handle every event; mypy reports a case that is missing."""
    match event:
        case pgmg.Started(plan=plan):
            return plan.fingerprint
        case pgmg.StepBegun(step=step):
            return str(step.object)
        case pgmg.StepDone(step=step, duration_ms=spent):
            return f"{step.number} {spent:.0f}"
        case pgmg.ServerNotice(severity=severity, message=message):
            return severity + message
        case pgmg.Waiting(reason=reason, seconds=seconds):
            return f"{reason} {seconds}"
        case pgmg.Retrying(attempt=attempt, of=of, reason=reason):
            return f"{attempt} {of} {reason}"
        case pgmg.Discovered(edge=edge):
            return str(edge.depends_on)
        case pgmg.Recorded(migrations=migrations, objects=objects):
            return f"{migrations} {objects}"
        case pgmg.Finished(result=result):
            return str(result.applied)
        case _:
            assert_never(event)


def report(event: pgmg.Event) -> None:
    """A listener."""
    listen(event)


def use(folder: str) -> None:
    """Use a project."""
    listener: pgmg.Listener = report
    with pgmg.Project.open(folder) as project:
        plan = project.plan(pgmg.PlanOptions(recreate=pgmg.Recreate.REQUIRED))
        assert_type(plan, pgmg.Plan)
        for step in plan.steps:
            assert_type(step.action, pgmg.Action)
            assert_type(step.object, pgmg.ObjectName)
            assert_type(step.location, pgmg.SourceLocation | None)
            assert_type(step.statements, tuple[str, ...])
        for change in plan.changes:
            assert_type(change.change, pgmg.ChangeKind)
            assert_type(change.applied_from, pgmg.AppliedFrom | None)
        for migration in plan.migrations:
            assert_type(migration, pgmg.MigrationImpact)
            assert_type(migration.affects, tuple[pgmg.Affected, ...])
        for risk in plan.risks:
            assert_type(risk.kind, pgmg.RiskKind)
            assert_type(risk.lock, pgmg.LockMode | None)
        for impact in plan.clients:
            assert_type(impact, pgmg.ClientImpact)
        for notice in (*plan.warnings, *plan.needs_consent):
            assert_type(notice, pgmg.Notice)
        assert_type(plan.compatibility, pgmg.Compatibility)
        assert_type(plan.groups, tuple[tuple[pgmg.Step, ...], ...])
        for edge in plan.dependencies:
            assert_type(edge.origin, pgmg.Origin)
        with project.connect() as connection:
            connection.execute("SELECT 1")
        readers = project.with_readers(plan).readers
        if readers is not None:
            assert_type(readers.parts[0].uses[0].statement, pgmg.ClientStatement)
        result = project.apply(plan, listener=listener, resume="done")
        assert_type(result, pgmg.ApplyResult)
        assert_type(result.steps, tuple[pgmg.AppliedStep, ...])
        assert_type(project.status(), pgmg.Status)
        assert_type(project.graph(["view.a"]), pgmg.Graph)
        assert_type(project.query("SELECT {{n}}", {"n": 1}, limit=3), pgmg.QueryResult)
        assert_type(project.explain("SELECT 1", analyze=True).root, pgmg.PlanNode)
        assert_type(project.diff(), tuple[pgmg.Change, ...])
        assert_type(project.diff_rows(), tuple[pgmg.RowDifference, ...])
    try:
        use("elsewhere")
    except pgmg.PgmgError as error:
        assert_type(error.code, str)
        assert_type(error.where, pgmg.SourceLocation | None)
