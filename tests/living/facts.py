"""Reads from the catalog, without pgmg, what the shared database holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

SENTINEL = "sentinel"
"""Prefix of views that are only there to see that a watcher has worked."""

_RELATIONS = """
SELECT c.relkind::text, c.relname, c.oid::int, pg_catalog.array_agg(a.attname::text)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v') AND c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relname NOT LIKE 'pgmg\\_%'
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Facts:
    """Columns of views and of tables in `public`, by name. A view's mark is the column that tells its versions apart.

    `identities` are oids of views: another one says that the view was created anew.
    """

    views: Mapping[str, frozenset[str]]
    tables: Mapping[str, frozenset[str]]
    identities: Mapping[str, int]


def read_facts(dsn: str) -> Facts:
    """Read the catalog."""
    found: dict[str, dict[str, frozenset[str]]] = {"r": {}, "v": {}}
    identities = {}
    with psycopg.connect(dsn, autocommit=True) as conn:
        for kind, name, oid, columns in conn.execute(_RELATIONS):
            if not name.startswith(SENTINEL):
                found[kind][name] = frozenset(columns)
                identities[name] = oid
    return Facts(found["v"], found["r"], {name: identities[name] for name in found["v"]})


def unreadable(dsn: str, views: Iterable[str]) -> dict[str, str]:
    """Return the views that cannot be selected from, with the server's reason."""
    failing = {}
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name in views:
            try:
                conn.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(name)))
            except psycopg.Error as error:
                failing[name] = str(error)
    return failing
