-- Which columns the given views use, for whatever purpose; * where a relation is used as a whole. $1: OIDs in pg_class.
-- Through functions that they call, too, as far as the server tracks what those use: the first one is named.
WITH RECURSIVE used(view, classid, objid, subid, through) AS (
    SELECT w.ev_class, d.refclassid, d.refobjid, d.refobjsubid,
           CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass THEN d.refobjid END
    FROM pg_catalog.pg_rewrite w
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
    WHERE w.ev_class = ANY ($1::oid[]) AND w.rulename = '_RETURN' AND d.deptype = 'n'
    UNION
    SELECT u.view, d.refclassid, d.refobjid, d.refobjsubid,
           coalesce(u.through, CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass THEN d.refobjid END)
    FROM used u
    JOIN pg_catalog.pg_depend d ON d.classid = u.classid AND d.objid = u.objid AND d.deptype = 'n'
    WHERE u.classid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
)
SELECT u.view::int8, u.classid::int8, u.objid::int8, coalesce(a.attname::text, '*'), u.through::regprocedure::text
FROM used u
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = u.objid AND a.attnum = u.subid AND u.subid > 0
WHERE u.classid = 'pg_catalog.pg_class'::regclass AND u.objid <> u.view AND u.subid >= 0
ORDER BY 1, 2, 3, 4, 5 NULLS FIRST
