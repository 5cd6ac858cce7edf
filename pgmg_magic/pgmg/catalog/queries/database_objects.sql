-- What lives in no schema and belongs to the database: its schemas, extensions, languages and publications, with their owners.
SELECT 'pg_catalog.pg_namespace'::regclass::oid::int8 AS classid, n.oid::int8 AS objid, 'schema' AS kind, n.nspname::text AS name,
       pg_catalog.pg_get_userbyid(n.nspowner)::text AS owner
FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'pg_catalog.pg_extension'::regclass::oid::int8, e.oid::int8, 'extension', e.extname::text, pg_catalog.pg_get_userbyid(e.extowner)::text
FROM pg_catalog.pg_extension e
UNION ALL
SELECT 'pg_catalog.pg_language'::regclass::oid::int8, l.oid::int8, 'language', l.lanname::text, pg_catalog.pg_get_userbyid(l.lanowner)::text
FROM pg_catalog.pg_language l
UNION ALL
SELECT 'pg_catalog.pg_publication'::regclass::oid::int8, p.oid::int8, 'publication', p.pubname::text, pg_catalog.pg_get_userbyid(p.pubowner)::text
FROM pg_catalog.pg_publication p
