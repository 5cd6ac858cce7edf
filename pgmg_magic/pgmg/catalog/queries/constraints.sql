-- Names of the constraints that comments may be about.
SELECT 'pg_catalog.pg_constraint'::regclass::oid::int8, k.oid::int8, 'constraint', NULL::text, k.conname::text,
       CASE WHEN k.contypid <> 0 THEN 'domain' ELSE 'table' END, coalesce(cs.nspname, ts.nspname)::text, coalesce(c.relname, t.typname)::text
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid LEFT JOIN pg_catalog.pg_namespace cs ON cs.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid LEFT JOIN pg_catalog.pg_namespace ts ON ts.oid = t.typnamespace
WHERE k.oid >= 16384
