-- Relations of user schemas with the number of their file and of scans in this transaction.
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text,
  coalesce(pg_catalog.pg_relation_filenode(c.oid)::int8, 0), pg_catalog.pg_stat_get_xact_numscans(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1
