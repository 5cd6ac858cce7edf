-- Sessions of clients in this database, with the statement that they run or ran last; not those of pgmg.
SELECT a.pid, a.usename::text, a.application_name, a.query, a.state = 'active',
  extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start)::double precision,
  (pg_catalog.to_jsonb(a) ->> 'query_id')::bigint
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
  AND coalesce(a.backend_type, 'client backend') = 'client backend' -- null: hidden from the role
  AND a.usename IS NOT NULL AND a.application_name IS DISTINCT FROM 'pgmg'
ORDER BY a.pid
