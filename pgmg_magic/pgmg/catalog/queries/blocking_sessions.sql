-- $1: a process number. Who blocks it: sessions, and prepared transactions, which have no process.
SELECT a.pid, NULL AS prepared, a.usename, a.application_name, a.backend_type, a.state,
    coalesce(a.xact_start, a.state_change), left(a.query, 200)
FROM unnest(pg_catalog.pg_blocking_pids($1)) AS b(pid)
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = b.pid
UNION
SELECT NULL, p.gid, p.owner, NULL, NULL, 'prepared', p.prepared, NULL
FROM pg_catalog.pg_prepared_xacts AS p
WHERE 0 = ANY (pg_catalog.pg_blocking_pids($1)) AND p.database = pg_catalog.current_database()
ORDER BY 7, 1
