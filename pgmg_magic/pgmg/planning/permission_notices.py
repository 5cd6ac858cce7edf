"""Says before anything runs which privilege is missing for which step, and what would give it (rule 9.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import InsufficientPrivilegeError
from pgmg.model.database.state_layout import HISTORY, MIGRATIONS, PROGRESS, STATE
from pgmg.model.naming.names import RELATIONS, Kind, ObjectName
from pgmg.model.naming.quoting import quote, spell
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.plans.permissions import Held, Need, Permissions, Subject
from pgmg.model.plans.plan import Action, Plan, Step
from pgmg.model.sources.source import Notice, StatementKind
from pgmg.planning.migration_permissions import MigrationNeeds
from pgmg.planning.schedule.transactions import notes_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgmg.model.database.snapshot import LiveObject, Snapshot

MISSING = "permission"
"""The code of what apply could not do."""

MAY_BE_MISSING = "permission-unless-migrated"
"""The same, where a pending migration may change who may do what."""

_RIGHTS = frozenset({"GRANT", "REVOKE", "OWNER", "OWNED", "ROLE", "AUTHORIZATION", "USER", "DO", "CALL", "SELECT"})
"""Words of statements after which a role may be allowed more, or be another one."""

_OWNERS_ALONE = frozenset({Action.REPLACE, Action.ALTER, Action.COMMENT})
_IN_SCHEMAS = frozenset(
    {
        Kind.VIEW,
        Kind.MATERIALIZED_VIEW,
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.AGGREGATE,
        Kind.TYPE,
        Kind.DOMAIN,
        Kind.OPERATOR,
        Kind.COLLATION,
    }
)
_ON_OWN_TABLES = frozenset({Kind.INDEX, Kind.RULE, Kind.POLICY, Kind.STATISTICS})
_FEW = 3


def needs(plan: Plan, snapshot: Snapshot, state_schema: str) -> dict[Need, tuple[str, ...]]:
    """Return what a plan needs, and the names of the steps, or statements of migrations, that need it."""
    found: dict[Need, list[str]] = {}
    made: set[ObjectName] = set()
    of_migrations = MigrationNeeds(plan, snapshot, made)
    for step in plan.steps:
        if step.migration is not None:
            for need, statement in of_migrations.of_step(step):
                found.setdefault(need, []).append(statement)
        else:
            for need in () if _takes_a_role(step) else _of_step(step, snapshot, made):
                found.setdefault(need, []).append(str(step.object))
            of_migrations.after(step)
        made.add(step.object)
    for need, statement in of_migrations.of_ends(plan):
        found.setdefault(need, []).append(statement)
    if not plan.is_empty:
        for need in _of_state(plan, snapshot, state_schema):
            found.setdefault(need, []).append("pgmg's own tables")
    return {need: tuple(dict.fromkeys(names)) for need, names in found.items()}


def _of_step(step: Step, snapshot: Snapshot, made: set[ObjectName]) -> Iterator[Need]:
    name, live = step.object, snapshot.objects.get(step.object)
    parent = _parent(step, snapshot, made)
    owned = live if live is not None and name not in made else None
    if step.action is Action.SWAP and live is not None:
        yield Need(Subject.ROLE, _owner(live, parent))
    elif step.action is Action.DROP and owned is not None:
        yield Need(Subject.ROLE, _owner(owned, parent), _schema_owner(name.schema, snapshot))
    elif step.action in _OWNERS_ALONE and owned is not None and name.kind not in (Kind.COMMENT, Kind.GRANT):
        yield Need(Subject.ROLE, _owner(owned, parent))
    elif step.action in (Action.CREATE, Action.RESTORE):
        if name.kind in _IN_SCHEMAS and name.schema and ObjectName(Kind.SCHEMA, name.schema) in snapshot.others:
            yield Need(Subject.SCHEMA, str(name.schema))
        if name.kind in _ON_OWN_TABLES and parent is not None:
            yield Need(Subject.ROLE, parent.owner)


def _parent(step: Step, snapshot: Snapshot, made: set[ObjectName]) -> LiveObject | None:
    """Return the relation that a step's object belongs to; None where the plan itself makes it."""
    name = step.object
    if name.parent is not None or step.source is None or step.source.target.parent is None:
        return None if name.parent is None or name.parent in made else snapshot.objects.get(name.parent)
    relation = step.source.target.parent.parts[-1]  # an index lives in the schema of its relation
    found = (replace(name, kind=kind, name=str(relation)) for kind in RELATIONS)
    return next((snapshot.objects[one] for one in found if one in snapshot.objects and one not in made), None)


def _owner(live: LiveObject, parent: LiveObject | None) -> str:
    return live.owner or ("" if parent is None else parent.owner)


def _schema_owner(schema: str | None, snapshot: Snapshot) -> str | None:
    owners: Mapping[str, str] = {o.name.name: o.owner for o in snapshot.objects.values() if o.name.kind is Kind.SCHEMA}
    return None if schema is None else owners.get(schema)


def _of_state(plan: Plan, snapshot: Snapshot, schema: str) -> Iterator[Need]:
    server = snapshot.server
    tables = [(STATE, True), (MIGRATIONS, bool(plan.migrations))]
    tables.append((PROGRESS, notes_progress(plan.steps)))
    tables.append((HISTORY, bool(server.columns_of(HISTORY))))
    if not server.state_schema_exists:
        yield Need(Subject.DATABASE, server.database)
    elif any(wanted and not server.columns_of(table) for table, wanted in tables):
        yield Need(Subject.SCHEMA, schema)
    for table, wanted in tables:
        if wanted and server.columns_of(table):
            yield Need(Subject.TABLE, table.name)


def _takes_a_role(step: Step) -> bool:
    return any("ROLE" in statement.upper() and statement.upper().startswith("SET") for statement in step.statements)


def permission_notices(
    plan: Plan, wanted: Mapping[Need, tuple[str, ...]], has: Permissions, schema: str
) -> Iterator[Notice]:
    """Yield a warning for each privilege that is missing, with its owner and the statement that gives it."""
    code = MAY_BE_MISSING if any(map(_may_change_rights, plan.steps)) else MISSING
    for need, steps in wanted.items():
        if not has.allows(need):
            shown = ", ".join(steps[:_FEW]) + (f" and {len(steps) - _FEW} more" if len(steps) > _FEW else "")
            said = _said(need, has.held[need.subject, need.key], has.user, schema)
            yield Notice(code, f"The role {has.user} may not do what {shown} needs: {said}")


def _may_change_rights(step: Step) -> bool:
    if step.migration is None:
        return False
    return any(
        token.word in _RIGHTS
        for statement in step.migration_statements
        if statement.kind is not StatementKind.ASSERTION
        for token in significant(statement.sql)
    )


def _said(need: Need, held: Held, user: str, schema: str) -> str:
    me = quote(user)
    if held.is_member:
        return (
            f"it is a member of the owner {held.owner} without inheriting its privileges. "
            f'Set role = "{held.owner}" in pgmg.toml.'
        )
    match need.subject:
        case Subject.ROLE:
            return f"{held.owner} is the owner. GRANT {quote(held.owner)} TO {me};"
        case Subject.SCHEMA:
            name = quote(need.name)
            return (
                f"permission denied for schema {need.name}, whose owner is {held.owner}. "
                f"GRANT USAGE, CREATE ON SCHEMA {name} TO {me};"
            )
        case Subject.TABLE:
            table = f"{quote(schema)}.{quote(need.name)}"
            return (
                f"permission denied for table {need.name}, whose owner is {held.owner}. "
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {me};"
            )
        case Subject.USAGE:
            name = quote(need.name)
            return (
                f"permission denied for schema {need.name}, whose owner is {held.owner}. "
                f"GRANT USAGE ON SCHEMA {name} TO {me};"
            )
        case Subject.ROWS:
            columns = f" ({', '.join(map(spell, need.columns))})" if need.columns and "*" not in need.columns else ""
            return (
                f"permission denied for {need.name}, whose owner is {held.owner}. "
                f"GRANT {need.privilege}{columns} ON {need.name} TO {me};"
            )
        case Subject.ROUTINE:
            return (
                f"permission denied for {need.name}, whose owner is {held.owner}. "
                f"GRANT EXECUTE ON ROUTINE {need.name} TO {me};"
            )
        case Subject.DATABASE:
            return (
                f"permission denied to create a schema in the database {need.name}, whose owner is {held.owner}. "
                f"GRANT CREATE ON DATABASE {quote(need.name)} TO {me};"
            )


def refuse_unpermitted(plan: Plan) -> None:
    """Refuse a plan whose role lacks a privilege, before anything runs.

    Raises:
        InsufficientPrivilegeError: the message names each privilege, its owner and the statement that gives it.
    """
    missing = [notice.message for notice in plan.warnings if notice.code == MISSING]
    if missing:
        hint = "Let the owner run the statement, or apply as another role. Nothing has been changed."
        raise InsufficientPrivilegeError("\n".join(missing), hint=hint, sqlstate="42501")
