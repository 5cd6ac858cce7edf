-- The materialized views outside of extensions, and what each view or materialized view reads directly.
-- address; schema and name of a materialized view, else NULL; whether it is populated and has a unique index that
-- REFRESH … CONCURRENTLY can use (plain columns, all rows); the OIDs of the relations that it reads.
SELECT c.oid::int8,
       CASE WHEN c.relkind = 'm' THEN n.nspname::text END,
       CASE WHEN c.relkind = 'm' THEN c.relname::text END,
       c.relispopulated,
       EXISTS (
           SELECT FROM pg_catalog.pg_index i
           WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
             AND i.indpred IS NULL AND i.indexprs IS NULL
       ),
       ARRAY(
           SELECT DISTINCT d.refobjid::int8
           FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d
             ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
           WHERE r.ev_class = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
       )
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('m', 'v')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e
      WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'
  )
ORDER BY n.nspname, c.relname
