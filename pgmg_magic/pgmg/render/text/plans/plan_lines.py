"""A plan as text: pending migrations and affected objects, changes, warnings, steps in order."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Action, Affected, ChangeKind, MigrationImpact, Plan, Step
from pgmg.render import labels
from pgmg.render.text.plans.change_lines import changes
from pgmg.render.text.plans.client_lines import client_lines
from pgmg.render.text.plans.drift_choice import drift_choice
from pgmg.render.text.plans.notice_lines import warnings
from pgmg.render.text.plans.rehearsal_lines import rehearsal_summary
from pgmg.render.text.plans.risk_lines import risk_lines, summary
from pgmg.render.text.spans import Line, Role, Span, sections, span_line, sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.naming.names import ObjectName

NO_CHANGES = "No changes. The database matches the project."
NOTHING_TO_APPLY = "Nothing to apply, but the project is not what was applied."

_WITH_SQL = 1
_WITH_EVERYTHING = 2


def nothing(plan: Plan) -> str:
    """Say that an empty plan is one, and whether the database matches the project."""
    return NOTHING_TO_APPLY if plan.differs else NO_CHANGES


def plan_lines(plan: Plan, verbose: int = 0) -> Iterator[Line]:
    """Return a plan as lines. `verbose` 1 adds SQL and reasons to each step, 2 the explanation and the dependencies."""
    if plan.is_empty:
        return sections([span_line(nothing(plan))], warnings(plan.warnings))
    return chain([span_line(Span("PLAN:", Role.HEADING))], _body(plan, _Context(plan), verbose))


class _Context:
    """Facts about the whole plan that the text of a single step depends on."""

    def __init__(self, plan: Plan) -> None:
        by_action: dict[Action, set[ObjectName]] = {action: set() for action in Action}
        for step in plan.steps:
            by_action[step.action].add(step.object)
        self.dropped = by_action[Action.DROP] | by_action[Action.SWAP]
        self.created = by_action[Action.CREATE]
        self.recreated = self.created | by_action[Action.RESTORE]
        self.in_place = by_action[Action.REPLACE] | by_action[Action.ALTER]
        self.unmanaged = {step.object for step in plan.steps if not step.managed}
        self.deleted = {change.object for change in plan.changes if change.change is ChangeKind.DELETED}
        self.affected = {affected.object for migration in plan.migrations for affected in migration.affects}


def _body(plan: Plan, context: _Context, verbose: int) -> Iterator[Line]:
    impacts = (line for migration in plan.migrations for line in _impact(migration, context, verbose))
    order = _order(plan, context, verbose)
    risks = risk_lines(plan, verbose)
    rehearsal = rehearsal_summary(plan, verbose)
    clients = (client_lines(plan), _readers(plan, verbose))
    said = (impacts, _changes(plan), warnings(plan.warnings), order, risks, *clients, rehearsal, _sum(plan))
    return sections(*said, _explanation(plan, verbose), _edges(plan, verbose))


def _readers(plan: Plan, verbose: int) -> Iterator[Line]:
    if plan.readers is None:
        return iter(())
    from pgmg.render.text.plans.reader_lines import reader_lines

    return reader_lines(plan, verbose)


def _sum(plan: Plan) -> Iterator[Line]:
    if found := summary(plan):
        yield span_line(Span(found, Role.HEADING))


# -- pending migrations ---------------------------------------------------------------------------------


def _impact(migration: MigrationImpact, context: _Context, verbose: int) -> Iterator[Line]:
    yield span_line("Pending data migration: ", Span(migration.name, Role.MIGRATION))
    outcomes: dict[str, list[Affected]] = {}
    for affected in migration.affects:
        outcomes.setdefault(_outcome(affected.object, context), []).append(affected)
    for outcome, members in outcomes.items():
        yield span_line(f"  Affected objects that will be {outcome}:")
        for affected in members:
            yield span_line(f"    - {affected.object} ", Span(f"({_reason(affected, context, verbose)})", Role.MUTED))


def _reason(affected: Affected, context: _Context, verbose: int) -> str:
    reason = affected.reason
    causes = [str(name) for name in affected.because_of if name.display_name not in reason]
    if verbose and causes:
        reason += f": {', '.join(causes)}"
    return f"{reason}; unmanaged" if affected.object in context.unmanaged else reason


def _outcome(name: ObjectName, context: _Context) -> str:
    if name in context.dropped:
        if name not in context.recreated:
            return "dropped"
        return "recreated" if name not in context.unmanaged else "restored"
    return "replaced in place" if name in context.in_place else "recreated"


# -- changes --------------------------------------------------------------------------------------------


def _changes(plan: Plan) -> Iterator[Line]:
    if plan.changes:
        yield span_line(Span("Code changes detected:", Role.HEADING))
        yield from changes(plan.changes)
    if choice := drift_choice(plan.changes):
        yield span_line(f"  {choice}")


# -- steps ----------------------------------------------------------------------------------------------


def _order(plan: Plan, context: _Context, verbose: int) -> Iterator[Line]:
    if not plan.steps:
        yield from _state_only(plan)
        return
    yield span_line(Span("Execution order:", Role.HEADING))
    groups = plan.groups
    grouped = len(groups) > 1 or any(not step.transactional for step in plan.steps)
    indent = "    " if grouped else "  "
    for number, group in enumerate(groups, start=1):
        if grouped:
            yield span_line(Span(f"  Group {number}, {_how(group)}:", Role.HEADING))
        if first := first_locks(plan, group[0].group):
            yield span_line(indent, Span("locks first", Role.WARNING), f" {first}")
        for step in group:
            yield _step(step, context, indent, verbose)
            if verbose >= _WITH_SQL:
                yield from _statements(step, " " * (len(indent) + len(str(step.number)) + 2))


def first_locks(plan: Plan, group: int) -> str:
    """Name the locks that a group takes before its first step: `users, orders (AccessExclusiveLock)`, or nothing."""
    by_mode: dict[str, list[str]] = {}
    for lock in plan.first_locks:
        if lock.group == group:
            by_mode.setdefault(lock.mode.value, []).append(lock.subject)
    return ", ".join(f"{', '.join(names)} ({mode})" for mode, names in by_mode.items())


def _how(group: Sequence[Step]) -> str:
    return "in one transaction" if all(step.transactional for step in group) else "outside a transaction"


def _step(step: Step, context: _Context, indent: str, verbose: int) -> Line:
    text = labels.step_title(step)
    if step.action is Action.RESTORE and step.object in context.created:
        text = f"RESTORE {labels.restored_properties(step)} of {labels.sql_name(step.object)}"
    notes = ["built beside the former one"] if step.beside and step.action is not Action.SWAP else []
    if step.location is not None and step.action is not Action.MIGRATE:
        notes.append(f"from {step.location.path}")
    if not step.managed:
        notes.append("unmanaged")
    if step.reason and (verbose or _adds_information(step, context)):
        notes.append(step.reason)
    word, _, rest = text.partition(" ")
    note = f" ({'; '.join(notes)})" if notes else ""
    shown = Span(word, labels.verb(step.action).role)
    return span_line(f"{indent}{step.number}. ", shown, f" {rest}", Span(note, Role.MUTED))


_LISTED_ABOVE = frozenset(kind.value for kind in ChangeKind)


def _adds_information(step: Step, context: _Context) -> bool:
    """Say whether a step's reason adds to the lists above it."""
    match step.action:
        case _ if step.reason in _LISTED_ABOVE:
            return False
        case Action.MIGRATE | Action.COMMENT | Action.GRANT | Action.REVOKE:
            return False
        case Action.DROP:
            return step.object not in context.affected and step.object not in context.deleted
        case Action.CREATE:
            return step.object not in context.dropped
        case Action.RESTORE:
            return step.object not in context.created
        case Action.REPLACE | Action.ALTER | Action.SWAP | Action.VALIDATE:
            return True


def _statements(step: Step, indent: str) -> Iterator[Line]:
    for statement in step.statements:
        yield from sql(f"{statement};", indent)


def _state_only(plan: Plan) -> Iterator[Line]:
    """Return the records of a plan that executes nothing (rule 3.3)."""
    yield span_line(Span("Nothing to execute.", Role.HEADING), " Only pgmg's own records change:")
    for record in plan.records:
        if record.source is None:
            yield span_line(f"  - {record.object} is removed from the records")
        else:
            yield span_line(f"  - {record.object} ", Span(f"(from {record.source.location.path})", Role.MUTED))


def _explanation(plan: Plan, verbose: int) -> Iterator[Line]:
    if verbose < _WITH_EVERYTHING:
        return iter(())
    from pgmg.render.text.plans.explanation_lines import explanation_lines

    return explanation_lines(plan.explain())


def _edges(plan: Plan, verbose: int) -> Iterator[Line]:
    if verbose < _WITH_EVERYTHING:
        return
    if plan.edges:
        yield span_line(Span("Dependencies:", Role.HEADING))
    for edge in plan.edges:
        yield span_line(f"  - {labels.edge(edge)} ", Span(f"({labels.origin(edge)})", Role.MUTED))
    yield span_line(Span(f"Fingerprint: {plan.fingerprint}", Role.MUTED))
