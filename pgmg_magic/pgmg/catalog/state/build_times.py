"""Reads from the history how long the last builds of materialized views took (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.model.database.state_layout import HISTORY

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.model.database.snapshot import ServerInfo

_LAST_BUILDS = """
SELECT DISTINCT ON (step->>'object') step->>'object', pg_catalog.sum((step->>'ms')::float8)
FROM {history} AS h CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(h.steps) AS s (step)
WHERE step->>'object' = ANY ($1::text[]) AND step->>'action' IN ('create', 'restore') AND step ? 'ms'
GROUP BY step->>'object', h.number
ORDER BY step->>'object', h.number DESC
"""


def read_build_times(
    conn: psycopg.Connection[Row], server: ServerInfo, schema: str, names: Collection[str]
) -> dict[str, float]:
    """Return the milliseconds that the last apply needed to create and fill each materialized view that it names.

    Empty where there is no history, or our role may not read it.
    """
    if not names or "steps" not in server.readable_columns(HISTORY):
        return {}
    history = sql.Identifier(schema, HISTORY.name)
    may_read = sql.SQL("SELECT pg_catalog.has_table_privilege({}, 'SELECT')").format(history.as_string(conn))
    if conn.execute(may_read).fetchone() != (True,):
        return {}
    return dict(conn.execute(sql.SQL(_LAST_BUILDS).format(history=history), [sorted(names)]).fetchall())
