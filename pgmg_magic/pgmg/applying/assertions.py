"""Asks in an apply's transaction what migrations require and ensure, and refuses to go on where it does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from pgmg.applying.learning import error_classes as classes
from pgmg.catalog.rows.assertion_queries import UnfitQueryError, ask
from pgmg.errors import AssertionFailedError
from pgmg.model.secrets import mask_secrets
from pgmg.model.sources.source import StatementKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.applying.limits import Limits
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.plan import Step
    from pgmg.model.results.events import AppliedStep
    from pgmg.model.sources.source import Migration, Statement


_DONE = "Its statements are committed already. The next apply asks this again and runs none of them."


def assertion_statements(step: Step) -> frozenset[int]:
    """Return the numbers of a step's statements that are required to return true."""
    return frozenset(n for n, s in enumerate(step.migration_statements) if s.kind is StatementKind.ASSERTION)


class Assertions:
    """Asks under the search_path `path`, unless `limits` say that nothing is asked."""

    def __init__(self, conn: Connection, path: str, limits: Limits) -> None:
        self._conn, self._path, self._is_asked = conn, path, limits.asks_assertions

    def require(self, step: Step, number: int) -> None:
        """Ask the `number`-th statement of a step.

        Raises:
            AssertionFailedError: it does not return true.
            psycopg.Error: the server refuses the query.
        """
        assert step.migration is not None  # only migrations assert something
        self._check(step.migration, step.migration_statements[number], "requires")

    def ensure(self, done: Iterable[AppliedStep]) -> None:
        """Ask what the migrations ensure that are complete with these steps, once all of them have run.

        Raises:
            AssertionFailedError: a query does not return true, or the server refuses it.
            psycopg.Error: a lock was not free.
        """
        for step in (applied.step for applied in done):
            if step.migration is not None and step.completes_migration:
                for statement in step.migration.ensures:
                    self._ensure(step, step.migration, statement)

    def _ensure(self, step: Step, migration: Migration, statement: Statement) -> None:
        try:
            self._check(migration, statement, "ensures")
        except AssertionFailedError as error:
            error.hint = None if step.transactional else _DONE
            raise
        except psycopg.Error as error:
            if isinstance(error, classes.LOCKED):
                raise  # everything is tried again
            said = mask_secrets(f"{statement.sql}\n{error.diag.message_primary or error}")
            message = f"{migration.name} ensures what cannot be asked: {said}"
            raise AssertionFailedError(message, where=statement.location, sqlstate=error.sqlstate) from None

    def _check(self, migration: Migration, statement: Statement, verb: str) -> None:
        if not self._is_asked:
            return
        query = mask_secrets(statement.sql)
        try:
            found = ask(self._conn, statement.sql, self._path)
        except UnfitQueryError as error:
            message = f"{migration.name} {verb} what cannot be asked: {query}\n{mask_secrets(str(error))}"
            raise AssertionFailedError(message, where=statement.location) from None
        if found is not True:
            said = "it is false" if found is False else "it returns NULL or no row"
            message = f"{migration.name} {verb} what does not hold ({said}): {query}"
            raise AssertionFailedError(message, where=statement.location)
