"""Formats SQL with sqlglot; PostgreSQL's own grammar checks that the meaning is unchanged."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.parsers.postgres import PostgresParser

from pgmg.source import normal_form

if TYPE_CHECKING:
    from collections.abc import Iterator


class _AsWritten(Postgres):
    """The PostgreSQL dialect with function names kept: `now()` does not become CURRENT_TIMESTAMP."""

    class Parser(PostgresParser):
        """Treats only functions with their own syntax specially."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}


def laid_out(text: str) -> str | None:
    """Return a formatted statement; None if sqlglot cannot parse all of it or would change its meaning."""
    try:
        with _quiet():  # statements it cannot parse are shown unformatted, without a warning
            parsed = sqlglot.parse_one(text, read=_AsWritten)
            if parsed.find(exp.Command) is not None:
                return None
            shown = parsed.sql(dialect=_AsWritten, pretty=True, normalize_functions=False)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    return shown if normal_form(shown) == normal_form(text) else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Within, sqlglot logs nothing about statements that it cannot parse."""
    logger = logging.getLogger("sqlglot")
    logger.addFilter(_silent)
    try:
        yield
    finally:
        logger.removeFilter(_silent)


def _silent(_record: logging.LogRecord) -> bool:
    return False
