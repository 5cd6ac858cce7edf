-- Statements whose text holds one of the names $1, and those whose text is hidden; at most $2. The name of the view
-- is put in; its columns differ by version.
WITH found AS (
  SELECT s.userid, s.query, pg_catalog.to_jsonb(s) - 'query' AS more
  FROM {} AS s
  WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND (s.query IS NULL OR s.query = '<insufficient privilege>'
         OR EXISTS (SELECT FROM pg_catalog.unnest($1::text[]) AS w (name)
                    WHERE pg_catalog.strpos(pg_catalog.lower(s.query), w.name) > 0))
)
SELECT query, pg_catalog.pg_get_userbyid(userid)::text,
  (more ->> 'calls')::bigint,
  coalesce(more ->> 'mean_exec_time', more ->> 'mean_time')::double precision,
  (more ->> 'rows')::bigint,
  (more ->> 'stats_since')::timestamptz,
  coalesce((more ->> 'toplevel')::boolean, true),
  (more ->> 'queryid')::bigint
FROM found
ORDER BY (more ->> 'calls')::bigint DESC, query
LIMIT $2
