-- What the server counted of relations ($1 schemas, $2 names) and of routines ($3 schemas, $4 names, $5 numbers of
-- arguments); a partitioned table has the sum of its partitions. Times of last scans are there from PostgreSQL 16 on.
SELECT 'relation', n.nspname::text, c.relname::text, NULL::integer, u.count, u.at, NULL::text
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS w (schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p', 'm', 't')
CROSS JOIN LATERAL (
  SELECT sum(coalesce(t.seq_scan, 0) + coalesce(t.idx_scan, 0))::bigint,
    max(greatest((pg_catalog.to_jsonb(t) ->> 'last_seq_scan')::timestamptz,
                 (pg_catalog.to_jsonb(t) ->> 'last_idx_scan')::timestamptz))
  FROM pg_catalog.pg_stat_all_tables AS t
  WHERE t.relid = c.oid OR t.relid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) AS p)
) AS u (count, at)
UNION ALL
SELECT 'relation', i.schemaname::text, i.indexrelname::text, NULL, i.idx_scan,
  (pg_catalog.to_jsonb(i) ->> 'last_idx_scan')::timestamptz, NULL
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS w (schema, name)
JOIN pg_catalog.pg_stat_all_indexes AS i ON i.schemaname = w.schema AND i.indexrelname = w.name
UNION ALL
SELECT 'routine', n.nspname::text, p.proname::text, p.pronargs::integer, sum(coalesce(f.calls, 0))::bigint, NULL,
  l.lanname::text
FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::integer[])) AS w (schema, name, arguments)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
JOIN pg_catalog.pg_proc AS p ON p.pronamespace = n.oid AND p.proname = w.name AND p.pronargs = w.arguments
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_stat_user_functions AS f ON f.funcid = p.oid
GROUP BY n.nspname, p.proname, p.pronargs, l.lanname
