-- All of pg_depend below the given objects: what depends on them, on that, and so on. $1, $2: their catalogs and OIDs.
-- An internal dependency (a view's _RETURN rule, a row type) leads to its owner as well, as it would for DROP.
WITH RECURSIVE reached(classid, objid) AS (
    SELECT s.classid, s.objid FROM unnest($1::oid[], $2::oid[]) AS s(classid, objid)
    UNION
    SELECT n.classid, n.objid
    FROM reached r CROSS JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
        WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
        UNION ALL
        SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
        WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype = 'i'
    ) n
)
SELECT d.classid::int8, d.objid::int8, d.refclassid::int8, d.refobjid::int8, d.deptype::text,
       CASE WHEN d.refobjsubid > 0 THEN (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.refobjid AND a.attnum = d.refobjsubid) END AS ref_column,
       CASE WHEN d.objsubid > 0 THEN (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.objid AND a.attnum = d.objsubid) END AS own_column,
       CASE WHEN d.objsubid > 0 THEN (SELECT CASE WHEN a.attinhcount > 0 THEN 'inherited' ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END
                                      FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.objid AND a.attnum = d.objsubid) END AS own_type
FROM reached r JOIN pg_catalog.pg_depend d ON d.classid = r.classid AND d.objid = r.objid
WHERE d.deptype = 'e' OR (d.refclassid, d.refobjid) IN (SELECT x.classid, x.objid FROM reached x)
ORDER BY 1, 2, 3, 4, 5, 6, 7
