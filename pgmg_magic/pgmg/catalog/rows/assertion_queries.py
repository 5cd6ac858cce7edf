"""Asks the query of an assertion, which can change nothing, and says what it returned (rule 9.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from pgmg.catalog.reading.catalog_queries import set_path

if TYPE_CHECKING:
    from pgmg.catalog.reading.catalog_queries import Row

_BOOLEAN = 16
"""OID of the type, which is the same in every database."""
_SHAPE = "An assertion is one SELECT that returns one boolean in one row."


class UnfitQueryError(Exception):
    """The query of an assertion writes, or returns something else than one boolean. The text says which."""


def holds_at_present(conn: psycopg.Connection[Row], query: str, path: str) -> bool | None:
    """Say whether an assertion holds; None where it cannot be asked: it may need what does not exist yet.

    Raises:
        UnfitQueryError: it writes, or does not return one boolean.
    """
    try:
        return ask(conn, query, path) is True
    except psycopg.Error:
        return None


def ask(conn: psycopg.Connection[Row], query: str, path: str | None = None) -> bool | None:
    """Return what a query of one boolean says, inside the open transaction and under the search_path `path`.

    It runs in a read-only subtransaction that is rolled back, so nothing of it stays. NULL and no row are None.

    Raises:
        UnfitQueryError: it writes, or does not return one boolean.
        psycopg.Error: the server refuses it; the transaction is as it was before.
    """
    conn.execute("SAVEPOINT pgmg_assertion; SET LOCAL transaction_read_only = on")
    try:
        if path is not None:
            set_path(conn, path)
        cursor = conn.execute(query.encode())
        columns = cursor.description or ()
        rows = cursor.fetchmany(2)
    except psycopg.errors.ReadOnlySqlTransaction as error:
        said = error.diag.message_primary or "it writes"
        raise UnfitQueryError(f"The query writes, and an assertion only reads: {said}") from None
    finally:
        if conn.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            conn.execute("ROLLBACK TO SAVEPOINT pgmg_assertion; RELEASE SAVEPOINT pgmg_assertion")
    if len(columns) != 1 or columns[0].type_code != _BOOLEAN:
        names = ", ".join(f"{column.name} ({column.type_display})" for column in columns) or "no column"
        raise UnfitQueryError(f"The query returns {names}, not one boolean. {_SHAPE}")
    if len(rows) > 1:
        raise UnfitQueryError(f"The query returns more than one row. {_SHAPE}")
    return bool(rows[0][0]) if rows and rows[0][0] is not None else None
