"""Turns a server error into one that names file, line and column, with the line and a caret (rule 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.applying.failing.locate import place_of, secrets_of
from pgmg.applying.learning import error_classes as classes
from pgmg.applying.learning.error_text import dropped_earlier, text_of
from pgmg.catalog.sessions.connection import PROTOCOL_VIOLATION, STATEMENT_POOLING
from pgmg.errors import ApplyError, InsufficientPrivilegeError, LockedError
from pgmg.model.plans.plan import Action, Plan, Step
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    import psycopg

_CREATES = frozenset({Action.CREATE, Action.REPLACE, Action.RESTORE})

_PATIENCE = (
    "Wait for that session or end it, then apply again; --lock-timeout waits longer, --lock-attempts more often."
)


def explain(
    error: psycopg.Error, step: Step | None, number: int, blockers: str | None = None, plan: Plan | None = None
) -> ApplyError:
    """Return the error to raise for the `number`-th statement of a step, of the plan that was carried out."""
    diag = error.diag
    said = diag.message_primary or str(error).strip() or "the server closed the connection"
    parts = [said]
    if diag.message_detail:
        parts.append(f"DETAIL: {diag.message_detail}")
    if diag.context:
        parts.append(f"CONTEXT: {diag.context}")
    if step is not None and _is_ours(step, number):
        parts.append(f"STATEMENT: {failing_statement(step, number)}")
    about = "" if step is None else f"{_doing(step)}: "
    secrets = secrets_of(step, number, error)
    message = about + mask_secrets("\n".join(parts), secrets)
    where = None if step is None else place_of(step, number, error)
    name = None if step is None else str(step.object)
    hint = None if diag.message_hint is None else mask_secrets(diag.message_hint, secrets)
    if isinstance(error, classes.LOCKED):
        held = f"\nThe lock is held by {blockers}." if blockers else ""
        return LockedError(
            f"{message}{held}",
            where=where,
            hint=_PATIENCE,
            sqlstate=error.sqlstate,
            object=name,
        )
    if isinstance(error, classes.TOO_DEEP) and step is None and plan is not None:
        return _unprintable(message, plan)
    if step is not None and plan is not None:
        hint = _hint(error, step, plan) or hint or _between_migrations(step, plan)
    if error.sqlstate == PROTOCOL_VIOLATION:
        hint = STATEMENT_POOLING
    kind = InsufficientPrivilegeError if isinstance(error, classes.DENIED) else ApplyError
    return kind(message, where=where, hint=hint, sqlstate=error.sqlstate, object=name)


def _hint(error: psycopg.Error, step: Step, plan: Plan) -> str | None:
    """Return what to do about an error that pgmg knows more of than the server."""
    is_undefined = isinstance(error, classes.UNDEFINED)
    if step.migration is None:
        if is_undefined and step.action is Action.RESTORE and not step.managed:
            return (
                "A migration renames or drops what it refers to. Rename in a migration before the one that changes the "
                "same table, or change or drop it first; --drop-unmanaged lets it go."
            )
        return None
    if isinstance(error, classes.NEW_LABEL):
        return "Use the label in a later migration than the one that adds it, or begin with `-- pgmg: no-transaction`."
    if isinstance(error, classes.NEEDS_NO_TRANSACTION):
        return "Begin the migration with `-- pgmg: no-transaction`: its statements then commit one by one."
    if isinstance(error, classes.DUPLICATE):
        return _is_there_already(step.migration.name, plan)
    return _dropped_meanwhile(text_of(error), step, plan) if is_undefined else None


def _between_migrations(step: Step, plan: Plan) -> str | None:
    """Return what to do where an object has to exist before a migration, but its source does not hold there yet.

    Applied one by one, each migration would have met the source of its own time.
    """
    if step.migration is not None or not step.managed or step.action not in _CREATES:
        return None
    later = [s.migration.name for s in plan.steps[step.number :] if s.migration is not None]
    if not later:
        return None
    return (
        f"{later[0]} may need {step.object}, and the source does not hold before later migrations have run. Move the "
        f"statements that it refers to into a migration before {later[0]}, or apply in portions: first the migrations "
        "before the ones that it refers to, with the code folder of that time, then the rest."
    )


def _dropped_meanwhile(said: str, step: Step, plan: Plan) -> str | None:
    """Return what to do where pgmg dropped what a statement uses, and could not have run the statement before."""
    gone = dropped_earlier(said, step, plan)
    if not gone:
        return None
    names = ", ".join(map(str, gone))
    return (
        f"The same statement alters what {names} depends on, so {names} was dropped before it. Write what reads it and "
        "what alters it as two statements."
    )


def _unprintable(message: str, plan: Plan) -> ApplyError:
    """Return the error for a definition that the server created but cannot print: most likely the longest one."""
    longest = max(plan.steps, key=lambda step: len(step.source.sql) if step.source is not None else 0)
    return ApplyError(
        f"The server cannot print the definition of what was created, most likely {longest.object}: {message}",
        where=longest.location,
        hint="Nest it less deeply, or raise max_stack_depth on the server. Nothing has been changed.",
        sqlstate=classes.TOO_DEEP.sqlstate,
        object=str(longest.object),
    )


def _is_there_already(name: str, plan: Plan) -> str:
    """Say how to record a migration that a database has seen before it was recorded anywhere.

    Where others are pending before it, they have just run without an error: the database has not seen those.
    """
    is_first = bool(plan.migrations) and plan.migrations[0].name == name
    if not plan.inputs.recorded and is_first:
        return (
            "If this database already holds what the migrations create, record them instead of running them: "
            f"`pgmg baseline {name}` counts them up to this one as applied, `pgmg baseline` all of them."
        )
    return f"If the database already holds what this migration creates: `pgmg baseline --only {name}` records it."


def failing_statement(step: Step, number: int) -> str:
    """Return the statement that failed."""
    return step.statements[min(number, len(step.statements) - 1)] if step.statements else ""


def _doing(step: Step) -> str:
    if step.migration is not None:
        return f"migration {step.migration.name} failed"
    return f"cannot {step.action.value} {step.object}"


def _is_ours(step: Step, number: int) -> bool:
    """Say whether nobody has seen the statement: it stands in no file."""
    if step.migration is not None:
        return False
    statement = failing_statement(step, number)
    return bool(statement) and (step.source is None or not statement.endswith(step.source.sql[-40:]))
