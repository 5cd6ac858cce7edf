"""Keeps what a migration has set for its session while steps of pgmg run between two of its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgmg.model.source import ScopeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.model.plan import Step

_SETTINGS = "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session' AND name <> 'role'"
_ROLE = "SELECT pg_catalog.current_setting('role'), session_user, current_user"
_DEFERRED = """
SELECT string_agg(format('%I.%I', n.nspname, k.conname), ', ' ORDER BY n.nspname, k.conname)
FROM (SELECT DISTINCT k.connamespace, k.conname FROM pg_catalog.pg_constraint k WHERE k.condeferred) k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
"""


_ANY_DEFERRABLE = "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.condeferrable)"


class MigrationSession:
    """The session of the migrations of one group. `may_defer`: there may be constraints that are deferred initially."""

    def __init__(self, conn: psycopg.Connection[Any], path: str, steps: Sequence[Step]) -> None:
        self._conn = conn
        self.path_without_temporary = f"{path}, pg_temp" if path.strip() else "pg_temp"
        """The search_path under which temporary tables hide nothing, as they are searched last."""
        self.may_defer = self._may_defer([step for step in steps if step.migration is not None])
        self._of: str | None = None
        self._restoring: list[str] = []

    def _may_defer(self, migrations: Sequence[Step]) -> bool:
        """Say whether deferred constraints matter: to the second of several migrations, if there may be any."""
        if len({step.whole for step in migrations}) <= 1:
            return False
        row = self._conn.execute(_ANY_DEFERRABLE).fetchone()
        return (row is not None and row[0]) or any(_may_create_deferrable(step) for step in migrations)

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

    def defer_again(self) -> Sequence[str]:
        """Return what defers the constraints again that are declared so, as at the beginning of a transaction."""
        row = self._conn.execute(_DEFERRED).fetchone()
        return () if row is None or row[0] is None else (f"SET CONSTRAINTS {row[0]} DEFERRED",)


def _set(name: str, value: str) -> str:
    return f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, true)"


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)


def _may_create_deferrable(step: Step) -> bool:
    return any(
        "DEFERR" in statement.sql.upper() or any(scope.kind is ScopeKind.ANY for scope in statement.scopes)
        for statement in step.migration_statements
    )
