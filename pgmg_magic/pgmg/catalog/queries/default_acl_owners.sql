-- The default privileges of the database: whose they are, and of which schema.
SELECT 'pg_catalog.pg_default_acl'::regclass::int8, d.oid::int8, pg_catalog.pg_get_userbyid(d.defaclrole)::text, n.nspname::text
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
