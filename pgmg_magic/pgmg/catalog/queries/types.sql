-- Types that a name may mean and that are no objects of their own: those of the system schemas, of users the multiranges, and the
-- arrays whose name is not that of their elements after an underscore. Arrays are given by their elements.
SELECT s.nspname::text AS schema, t.typname::text AS name,
       coalesce(es.nspname, s.nspname)::text AS own_schema, coalesce(e.typname, t.typname)::text AS own_name, e.oid IS NOT NULL AS is_array
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace s ON s.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid LEFT JOIN pg_catalog.pg_namespace es ON es.oid = e.typnamespace
WHERE CASE WHEN s.nspname IN ('pg_catalog', 'information_schema') THEN e.oid IS NULL
           WHEN s.nspname ~ '^pg_' THEN false
           ELSE t.typtype = 'm' OR t.typname <> '_' || e.typname END
