-- Transactions of other sessions that have been open for at least $2 seconds and hold a lock on one of the relations
-- ($1: names). The age is counted by the clock, not from the beginning of this transaction.
SELECT l.relation::int8, a.pid, coalesce(a.application_name, ''),
  EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
JOIN pg_catalog.pg_class c ON c.oid = l.relation
WHERE l.locktype = 'relation' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND c.relname = ANY ($1::text[]) AND a.xact_start < pg_catalog.clock_timestamp() - $2::float8 * INTERVAL '1 second'
GROUP BY 1, 2, 3, 4
ORDER BY 4 DESC, 2
