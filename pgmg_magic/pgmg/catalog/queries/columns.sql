-- The columns of the given relations in order; of views also their query. $1: OIDs in pg_class.
-- Read under the search_path pg_catalog, so that a query qualifies whatever it names (rule 6.2).
SELECT c.oid::int8,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       CASE WHEN c.relkind IN ('v', 'm') THEN rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') END
FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])
