"""Finds routines that the server would not create again as they are: their bodies name what is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, set_path
from pgmg.model.database.snapshot import Address

if TYPE_CHECKING:
    import psycopg

_PG_PROC = 1255
"""The OID of the catalog pg_proc; fixed in PostgreSQL."""
_ASK = """
DO $pgmg$
DECLARE
    routine record;
    setting text;
    name text;
    found text := '';
BEGIN
    FOR routine IN
        SELECT p.oid, l.lanname, p.proconfig
        FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
        JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        WHERE l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL AND p.prokind <> 'a'
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    LOOP
        BEGIN -- a subtransaction, which the exception at its end rolls back, settings included
            FOREACH setting IN ARRAY coalesce(routine.proconfig, '{}') LOOP
                name := split_part(setting, '=', 1);
                PERFORM pg_catalog.set_config(name, substr(setting, length(name) + 2), true);
            END LOOP;
            IF routine.lanname = 'sql' THEN
                PERFORM pg_catalog.fmgr_sql_validator(routine.oid);
            ELSE
                PERFORM pg_catalog.plpgsql_validator(routine.oid);
            END IF;
            RAISE EXCEPTION SQLSTATE 'PGMG0';
        EXCEPTION
            WHEN SQLSTATE 'PGMG0' OR insufficient_privilege THEN
                NULL;
            WHEN OTHERS THEN
                found := found || ' ' || routine.oid;
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('pgmg.invalid_bodies', found, true);
END $pgmg$"""
"""Calls what CREATE FUNCTION calls, with the settings of the routine, as CREATE FUNCTION does."""


def read_invalid_bodies(conn: psycopg.Connection[Row], path: str) -> frozenset[Address]:
    """Return routines in SQL and PL/pgSQL whose creation the server would refuse under a search_path.

    Read inside the caller's transaction; its search_path is another one afterwards.
    """
    conn.execute("SET LOCAL check_function_bodies = on")
    set_path(conn, path)
    conn.execute(_ASK)
    ((found,),) = conn.execute("SELECT pg_catalog.current_setting('pgmg.invalid_bodies')").fetchall()
    return frozenset(Address(_PG_PROC, int(oid)) for oid in found.split())
