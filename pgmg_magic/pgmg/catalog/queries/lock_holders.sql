-- $1: names of relations, $2: whether the locks of mere readers count. Who else holds locks on them, or on any
-- relation of the database where there are no names.
WITH held AS (
    SELECT DISTINCT l.pid, l.virtualtransaction
    FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'relation' AND l.granted
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
        AND ($2 OR l.mode <> 'AccessShareLock')
        AND CASE WHEN $1::text[] = '{}' THEN l.relation >= 16384
            ELSE l.relation IN (SELECT pg_catalog.to_regclass(n.name) FROM unnest($1::text[]) AS n(name)) END
)
SELECT a.pid, NULL AS prepared, a.usename, a.application_name, a.backend_type, a.state,
    coalesce(a.xact_start, a.state_change), left(a.query, 200)
FROM held AS h JOIN pg_catalog.pg_stat_activity AS a ON a.pid = h.pid
WHERE a.pid <> pg_catalog.pg_backend_pid()
UNION
SELECT NULL, p.gid, p.owner, NULL, NULL, 'prepared', p.prepared, NULL
FROM held AS h JOIN pg_catalog.pg_prepared_xacts AS p ON h.virtualtransaction = '-1/' || p.transaction::text
WHERE h.pid IS NULL
ORDER BY 7, 1
LIMIT 10
