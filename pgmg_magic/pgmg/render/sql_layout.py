"""SQL laid out so that it can be read, by sqlglot; PostgreSQL's own grammar decides whether it still says the same."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.parsers.postgres import PostgresParser

from pgmg.source import normal_form
from pgmg.source.columns.query_lineage import quiet


class _AsWritten(Postgres):
    """PostgreSQL with functions that keep their names: `now()` is not told as CURRENT_TIMESTAMP."""

    class Parser(PostgresParser):
        """Knows no functions but those with a syntax of their own."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}


def laid_out(text: str) -> str | None:
    """Return a statement laid out; None where sqlglot does not read all of it, or would change what it says."""
    try:
        with quiet():  # what it cannot read is shown as it stands, which nobody has to be told
            parsed = sqlglot.parse_one(text, read=_AsWritten)
            if parsed.find(exp.Command) is not None:
                return None
            shown = parsed.sql(dialect=_AsWritten, pretty=True, normalize_functions=False)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    return shown if normal_form(shown) == normal_form(text) else None
