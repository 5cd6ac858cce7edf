"""Reads how the server words declared objects: it creates stand-ins for a moment, next to copies of their relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.catalog.reading.catalog_queries import CANONICAL_SETTINGS, query
from pgmg.catalog.sessions.pipeline import Command, stream
from pgmg.catalog.wording.temporary_objects_reader import scratch, why_impossible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.stand_in import StandInQuestion

_FUNCTION = r"""
CREATE FUNCTION pg_temp.pgmg_wording(
    pgmg_settings text[], pgmg_relation text, pgmg_statements text[], pgmg_class oid, pgmg_live oid
) RETURNS text LANGUAGE plpgsql AS $pgmg$
#variable_conflict use_column
DECLARE
    pgmg_answer text;
    pgmg_path text;
    pgmg_checks text := pg_catalog.current_setting('check_function_bodies');
    pgmg_one text;
    pgmg_name text;
    pgmg_schema text;
    pgmg_copy text;
    pgmg_row text;
    pgmg_rows CONSTANT text := $pgmg_rows${rows}$pgmg_rows$;
    pgmg_routines CONSTANT text := $pgmg_routines${routines}$pgmg_routines$;
    pgmg_object oid;
BEGIN
    BEGIN -- a subtransaction: an error ends it, and so does the answer
        FOREACH pgmg_one IN ARRAY pgmg_settings LOOP
            EXECUTE pgmg_one;
        END LOOP;
        -- last, so that what is declared finds the relation itself rather than its copy
        pgmg_path := pg_catalog.concat_ws(', ', nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp');
        IF pgmg_relation IS NOT NULL THEN -- without a copy the path stays: SET search_path FROM CURRENT keeps it
            PERFORM pg_catalog.set_config('search_path', pgmg_path, true);
            pgmg_object := pg_catalog.to_regclass(pgmg_relation);
            PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
            SELECT c.relname, n.nspname,
                CASE c.relkind WHEN 'v' THEN 'CREATE TEMPORARY VIEW pg_temp.%2$I AS SELECT * FROM %1$I.%2$I'
                               ELSE 'CREATE TEMPORARY TABLE pg_temp.%2$I (LIKE %1$I.%2$I)' END
            INTO STRICT pgmg_name, pgmg_schema, pgmg_copy
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = pgmg_object AND EXISTS (
                SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = pgmg_class AND d.objid = pgmg_live
                  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
            );
            EXECUTE format(pgmg_copy, pgmg_schema, pgmg_name);
            -- a row of the copy is taken where one of the relation, or of what it inherits from, is: f(users)
            FOR pgmg_copy, pgmg_row IN EXECUTE pgmg_rows USING pgmg_object LOOP
                EXECUTE format('CREATE FUNCTION pg_temp.%I(pg_temp.%I) RETURNS %s LANGUAGE sql IMMUTABLE AS %L',
                    pgmg_copy, pgmg_name, pgmg_row, 'SELECT NULL::' || pgmg_row);
                EXECUTE format('CREATE CAST (%1$s AS %2$s) WITH FUNCTION pg_temp.%3$I(%1$s) AS IMPLICIT',
                    format('pg_temp.%I', pgmg_name), pgmg_row, pgmg_copy);
            END LOOP;
            PERFORM pg_catalog.set_config('check_function_bodies', 'off', true);
            FOR pgmg_copy IN EXECUTE pgmg_routines USING pgmg_object, pg_catalog.format('pg_temp.%I', pgmg_name) LOOP
                EXECUTE pgmg_copy;
            END LOOP;
            PERFORM pg_catalog.set_config('check_function_bodies', pgmg_checks, true);
            SELECT pg_catalog.format_type(c.reltype, NULL) INTO pgmg_row
            FROM pg_catalog.pg_class c WHERE c.oid = pgmg_object;
            PERFORM pg_catalog.set_config('search_path', pgmg_path, true);
        END IF;
        FOREACH pgmg_one IN ARRAY pgmg_statements LOOP
            EXECUTE pgmg_one;
        END LOOP;
        {settings};
        SELECT x.oid INTO STRICT pgmg_object FROM ({stand_ins}) x (oid);
        SELECT x.creating INTO STRICT pgmg_answer FROM ({definitions}) x;
        -- the server shows that cast where it is an argument: nobody has written it
        pgmg_one := pg_catalog.array_to_string(pgmg_statements, ' ');
        IF pgmg_row IS NOT NULL AND pg_catalog.strpos(pgmg_one, '.*)::') = 0 THEN
            pgmg_row := pg_catalog.regexp_replace(pgmg_row, '(\W)', '\\\1', 'g');
            pgmg_answer := pg_catalog.regexp_replace(
                pgmg_answer, '\(((?:\w+|"(?:[^"]|"")+")\.\*)\)::' || pgmg_row || '(?![\w$.\[])', '\1', 'g');
        END IF;
        RAISE EXCEPTION 'answered';
    EXCEPTION WHEN OTHERS THEN
        RETURN pgmg_answer;
    END;
END $pgmg$
"""
_ROWS = """
WITH RECURSIVE above (oid) AS (
    SELECT $1 UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN above a ON i.inhrelid = a.oid
), kept (type) AS (
    SELECT c.reltype FROM above a JOIN pg_catalog.pg_class c ON c.oid = a.oid
    UNION SELECT c.reloftype FROM above a JOIN pg_catalog.pg_class c ON c.oid = a.oid WHERE c.reloftype <> 0
)
SELECT 'pgmg_row_' || r.type, pg_catalog.format_type(r.type, NULL) FROM kept r
WHERE pg_catalog.has_type_privilege(r.type, 'USAGE')
"""
"""The row types that a row of the relation $1 is taken for, each with the name of a function."""
_ROUTINES = """
SELECT pg_catalog.format('CREATE FUNCTION %I.%I(%s) RETURNS %s%s LANGUAGE sql %s AS %L', n.nspname, f.proname,
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ',
        CASE WHEN f.proargmodes IS NULL THEN pg_catalog.quote_ident(nullif(f.proargnames[a.place], '')) END,
        CASE a.type WHEN c.reltype THEN $2 ELSE pg_catalog.format_type(a.type, NULL) END,
        CASE WHEN a.place > f.pronargs - f.pronargdefaults THEN 'DEFAULT NULL' END), ', ' ORDER BY a.place)
     FROM pg_catalog.unnest(f.proargtypes::oid[]) WITH ORDINALITY a (type, place)),
    CASE WHEN f.proretset THEN 'SETOF ' END, pg_catalog.format_type(f.prorettype, NULL),
    CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
    'SELECT NULL' || CASE WHEN r.typtype <> 'p' THEN '::' || pg_catalog.format_type(f.prorettype, NULL) ELSE '' END)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_proc f ON c.reltype = ANY (f.proargtypes)
JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace JOIN pg_catalog.pg_type r ON r.oid = f.prorettype
WHERE c.oid = $1 AND f.prokind = 'f' AND f.provariadic = 0
  AND (r.typtype <> 'p' OR r.typname IN ('record', 'void', 'anyelement', 'anyarray', 'anynonarray'))
  AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')
  AND EXISTS (
    SELECT FROM pg_catalog.pg_proc o CROSS JOIN pg_catalog.unnest(o.proargtypes::oid[]) x (type)
    JOIN pg_catalog.pg_type p ON p.oid = x.type
    WHERE o.proname = f.proname AND p.typnamespace = 'pg_catalog'::regnamespace
      AND p.typname IN ('anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray', 'record')
  )
"""
"""Statements that create overloads for rows of the copy $2 beside those for rows of the relation $1.

Where another overload takes a row of any type, the server could not choose between that one and a cast.
"""
_HAS_PLPGSQL = """
SELECT FROM pg_catalog.pg_language l WHERE l.lanname = 'plpgsql' AND pg_catalog.has_language_privilege(l.oid, 'USAGE')
"""
_PARAMETERS = {
    "stand_ins": ("pgmg_class", "'pgmg_wording'"),
    "definitions": ("ARRAY[pgmg_class]", "ARRAY[pgmg_object]", "false"),
}


def read_stand_in_wordings(
    conn: psycopg.Connection[Row],
    questions: Sequence[StandInQuestion],
    search_path: str | None,
    lock_timeout: str,
    session: Sequence[str] = (),
) -> Mapping[ObjectName, str]:
    """Return the server's definitions of what is declared (rule 3.1), asked in one pipeline in autocommit mode.

    Each stand-in is created in a subtransaction, and all of it is rolled back. Existing relations are locked as by
    readers and writers of rows. What cannot be asked is left out: no temporary object may be created, or the server
    refuses the declaration.
    """
    if why_no_stand_in(conn) is not None:
        return {}
    ask = "SELECT pg_temp.pgmg_wording({}, {}, {}, {}, {})"
    commands = [Command(_function(), sync=True)]
    for one in questions:
        stand_in, address = one.stand_in, one.address
        values = (list(one.settings), stand_in.relation, list(stand_in.statements), address.classid, address.objid)
        commands.append(Command(sql.SQL(ask).format(*map(sql.Literal, values)).as_string(conn), sync=True))
    with scratch(conn, search_path, lock_timeout, session) as within:
        within.reset()
        answers = [answer.result for answer in stream(conn, commands)][1:]
    found = ((one.name, result.get_value(0, 0)) for one, result in zip(questions, answers, strict=True) if result)
    return {name: value.decode() for name, value in found if value is not None}


def why_no_stand_in(conn: psycopg.Connection[Row]) -> str | None:
    """Return why no stand-in can be created; None where it can. It takes a function in the language plpgsql."""
    reason = why_impossible(conn)
    if reason is not None or conn.execute(_HAS_PLPGSQL).fetchone() is not None:
        return reason
    return "the database has no language plpgsql that the role may use"


def _function() -> str:
    texts = {name: _with_parameters(name, parameters) for name, parameters in _PARAMETERS.items()}
    return _FUNCTION.format(
        rows=_ROWS, routines=_ROUTINES, settings=CANONICAL_SETTINGS.replace("SELECT", "PERFORM", 1), **texts
    )


def _with_parameters(name: str, parameters: Sequence[str]) -> str:
    text = "\n".join(line for line in query(name).splitlines() if not line.lstrip().startswith("--"))
    for number, parameter in enumerate(parameters, start=1):
        text = text.replace(f"${number}", parameter)
    return text
