"""Keeps what a migration has set for its session while steps of pgmg run between two of its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgmg.model.sources.source import ScopeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.model.plans.plan import Step

_SETTINGS = "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session' AND name <> 'role'"
_ROLE = "SELECT pg_catalog.current_setting('role'), session_user, current_user"
_CONSTRAINTS = """
SELECT string_agg(k.name, ', ' ORDER BY k.name),
    string_agg(k.name, ', ' ORDER BY k.name) FILTER (WHERE k.is_deferred AND k.is_deferrable)
FROM (
    SELECT format('%I.%I', n.nspname, k.conname) AS name, bool_or(k.condeferred) AS is_deferred,
        bool_and(k.condeferrable) AS is_deferrable
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
    GROUP BY n.nspname, k.conname HAVING bool_or(k.condeferrable)
) k
"""
"""Names of the constraints that can be deferred, and of those that are deferred initially: a name that a constraint
shares with one that cannot be deferred is refused by SET CONSTRAINTS … DEFERRED."""

_ANY_DEFERRABLE = "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.condeferrable)"


class MigrationSession:
    """The session of the migrations of one group. `may_defer`: there may be constraints that are deferred initially."""

    def __init__(self, conn: psycopg.Connection[Any], path: str, steps: Sequence[Step]) -> None:
        self._conn = conn
        self.path_without_temporary = f"{path}, pg_temp" if path.strip() else "pg_temp"
        """The search_path under which temporary tables hide nothing, as they are searched last."""
        self.may_defer = self._may_defer(steps)
        self._of: str | None = None
        self._restoring: list[str] = []

    def _may_defer(self, steps: Sequence[Step]) -> bool:
        """Say whether deferred constraints matter: to the second of several migrations, if there may be any."""
        if len({step.whole for step in steps if step.migration is not None}) <= 1:
            return False
        row = self._conn.execute(_ANY_DEFERRABLE).fetchone()
        return (row is not None and row[0]) or any(_may_create_deferrable(step) for step in steps)

    def suspend(self, step: Step) -> None:
        """Note the settings that a migration has made so far."""
        assert step.migration is not None
        rows = self._conn.execute(_SETTINGS).fetchall()
        role = self._conn.execute(_ROLE).fetchone()
        self._of = step.migration.name
        self._restoring = [_set(name, value) for name, value in rows]
        if role is not None and role[0] not in (None, "none"):
            self._restoring.append(_set("role", role[0]))

    def is_suspended(self, step: Step) -> bool:
        """Say whether a step goes on with a migration whose settings were noted."""
        return step.migration is not None and step.migration.name == self._of

    def resume(self) -> Sequence[str]:
        """Return the statements that make the settings again."""
        self._of = None
        return self._restoring

    def end_of_migration(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return what meets all deferred constraints, and what defers them again as declared, as a commit would do.

        They are named: after SET CONSTRAINTS ALL, constraints that the next migration creates would be immediate too.
        """
        row = self._conn.execute(_CONSTRAINTS).fetchone()
        deferrable, deferred = row or (None, None)
        met = () if deferrable is None else (f"SET CONSTRAINTS {deferrable} IMMEDIATE",)
        return met, () if deferred is None else (f"SET CONSTRAINTS {deferred} DEFERRED",)


def _set(name: str, value: str) -> str:
    return f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, true)"


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)


def _may_create_deferrable(step: Step) -> bool:
    if step.migration is None:
        return any("DEFERR" in statement.upper() for statement in step.statements)
    return any(
        "DEFERR" in statement.sql.upper() or any(scope.kind is ScopeKind.ANY for scope in statement.scopes)
        for statement in step.migration_statements
    )
