-- The types of all columns of relations, and of attributes of composite types, with one of the given names. $1: names.
-- Read under the search_path pg_catalog.
SELECT s.nspname::text AS schema, c.relname::text AS relation, a.attname::text AS "column", pg_catalog.format_type(a.atttypid, NULL) AS type
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND s.nspname !~ '^pg_temp_'
