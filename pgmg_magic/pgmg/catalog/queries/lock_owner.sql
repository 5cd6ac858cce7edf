-- $1: the key of an advisory lock. Who else holds it.
SELECT a.pid, NULL AS prepared, a.usename, a.application_name, a.backend_type, a.state,
    coalesce(a.xact_start, a.state_change), left(a.query, 200)
FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND l.classid::int8 = ($1::int8 >> 32) & 4294967295 AND l.objid::int8 = $1::int8 & 4294967295
ORDER BY 7, 1
