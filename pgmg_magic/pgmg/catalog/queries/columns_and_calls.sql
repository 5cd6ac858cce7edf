-- The columns of relations outside of the server's own schemas, and how many arguments each routine takes.
-- $1: their names without schemas; null for all.
SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attnum), NULL::integer, NULL::integer, false
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(temp|toast)' AND ($1::text[] IS NULL OR c.relname = ANY ($1::text[]))
GROUP BY c.oid, n.nspname, c.relname
UNION ALL
SELECT n.nspname::text, p.proname::text, NULL, p.pronargs - p.pronargdefaults, p.pronargs::integer, p.provariadic <> 0
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND ($1::text[] IS NULL OR p.proname = ANY ($1::text[]))
