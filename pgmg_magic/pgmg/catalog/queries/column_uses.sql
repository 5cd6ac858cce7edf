-- Which columns the given views use, for whatever purpose; * where a relation is used as a whole. $1: OIDs in pg_class.
SELECT w.ev_class::int8, d.refclassid::int8, d.refobjid::int8, coalesce(a.attname::text, '*')
FROM pg_catalog.pg_rewrite w
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid <> 0
WHERE w.ev_class = ANY ($1::oid[]) AND w.rulename = '_RETURN' AND d.deptype = 'n'
  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> w.ev_class
ORDER BY 1, 2, 3, 4
