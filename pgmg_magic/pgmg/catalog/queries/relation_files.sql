-- Relations of user schemas with the number of their file, of scans in this transaction, and the locks on them that this
-- session holds. $1: OIDs, null for all.
WITH held AS (
  SELECT l.relation, pg_catalog.array_agg(l.mode) AS modes
  FROM pg_catalog.pg_locks l
  WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
    AND ($1::oid[] IS NULL OR l.relation = ANY ($1::oid[]))
  GROUP BY l.relation
)
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text,
  coalesce(pg_catalog.pg_relation_filenode(c.oid)::int8, 0), pg_catalog.pg_stat_get_xact_numscans(c.oid),
  coalesce(h.modes, '{}')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN held h ON h.relation = c.oid
WHERE ($1::oid[] IS NULL OR c.oid = ANY ($1::oid[])) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1
