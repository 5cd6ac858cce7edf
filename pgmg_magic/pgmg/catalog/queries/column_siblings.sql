-- What uses the same columns as the given objects do: $1, $2 catalogs and OIDs of those objects.
WITH given AS (
  SELECT classid, objid
  FROM unnest($1::oid[], $2::oid[]) AS g(classid, objid)
), parts AS ( -- a view depends on what it reads through its rule
  SELECT 'pg_rewrite'::regclass::oid AS classid, r.oid AS objid
  FROM given g
  JOIN pg_rewrite r ON r.ev_class = g.objid
  WHERE g.classid = 'pg_class'::regclass
  UNION ALL
  SELECT classid, objid FROM given
), columns AS (
  SELECT DISTINCT d.refobjid AS relation, d.refobjsubid AS number
  FROM parts p
  JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid
  WHERE d.refclassid = 'pg_class'::regclass
    AND d.refobjsubid > 0
    AND NOT EXISTS (SELECT FROM given g WHERE g.classid = d.refclassid AND g.objid = d.refobjid)
)
SELECT DISTINCT
  CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass::oid END AS classid,
  coalesce(r.ev_class, d.objid) AS objid,
  c.relname::text AS relation_name,
  a.attname::text AS column_name
FROM columns AS used
JOIN pg_class c ON c.oid = used.relation
JOIN pg_attribute a ON a.attrelid = used.relation AND a.attnum = used.number
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = used.relation AND d.refobjsubid = used.number
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
ORDER BY classid, objid, relation_name, column_name
