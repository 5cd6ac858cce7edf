-- Which functions may return another value when they are called again with the same arguments: of those of the given
-- names ($1), and of those that the given views ($2: schemas, $3: names) call, themselves or through views and functions.
-- Functions in SQL and PL/pgSQL do so by what they call. Of STABLE functions those that tell the time change from one
-- transaction to the next: the server's own ones without arguments.
WITH RECURSIVE reached(classid, objid) AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid, c.oid
    FROM unnest($2::text[], $3::text[]) AS a(schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.name
    UNION
    SELECT d.refclassid, d.refobjid
    FROM reached r
    LEFT JOIN pg_catalog.pg_rewrite w ON r.classid = 'pg_catalog.pg_class'::regclass AND w.ev_class = r.objid
    LEFT JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
    JOIN pg_catalog.pg_depend d ON d.deptype = 'n'
      AND (d.classid, d.objid) = (CASE WHEN w.oid IS NULL THEN r.classid ELSE 'pg_catalog.pg_rewrite'::regclass END,
                                  coalesce(w.oid, r.objid))
    WHERE (c.relkind = 'v' OR r.classid <> 'pg_catalog.pg_class'::regclass)
      AND d.refclassid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
), texts AS (
    SELECT w.ev_action::text AS tree
    FROM reached r
    JOIN pg_catalog.pg_class c ON r.classid = 'pg_catalog.pg_class'::regclass AND c.oid = r.objid AND c.relkind = 'v'
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid
    UNION ALL
    SELECT p.prosqlbody::text
    FROM reached r
    JOIN pg_catalog.pg_proc p ON r.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = r.objid
    WHERE p.prosqlbody IS NOT NULL
), called AS (
    SELECT m.found[1]::oid AS oid
    FROM texts x, LATERAL regexp_matches(x.tree, ':(?:funcid|opfuncid|winfnoid) (\d+)', 'g') AS m(found)
    UNION
    SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.proname = ANY ($1::text[])
)
SELECT p.proname::text
FROM called c
JOIN pg_catalog.pg_proc p ON p.oid = c.oid
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
WHERE l.lanname NOT IN ('sql', 'plpgsql') AND t.oid <> 'pg_catalog.tsm_handler'::regtype
  AND (p.provolatile = 'v'
       OR (p.provolatile = 's' AND p.pronargs = 0 AND t.typcategory = 'D'
           AND p.pronamespace = 'pg_catalog'::regnamespace))
UNION
SELECT 'current_timestamp' FROM texts x WHERE x.tree ~ '\{SQLVALUEFUNCTION :op [0-8] '
UNION
SELECT 'tablesample' FROM texts x WHERE x.tree ~ 'TABLESAMPLECLAUSE((?!:repeatable).)*:repeatable <>'
ORDER BY 1
