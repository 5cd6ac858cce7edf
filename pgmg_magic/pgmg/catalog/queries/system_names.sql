-- Names that the system schema has: the same name in a schema of the search_path means the system's object.
SELECT c.relname::text FROM pg_catalog.pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace
UNION SELECT t.typname::text FROM pg_catalog.pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace
UNION SELECT f.proname::text FROM pg_catalog.pg_proc f WHERE f.pronamespace = 'pg_catalog'::regnamespace
UNION SELECT o.oprname::text FROM pg_catalog.pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
UNION SELECT k.collname::text FROM pg_catalog.pg_collation k WHERE k.collnamespace = 'pg_catalog'::regnamespace
UNION SELECT o.opcname::text FROM pg_catalog.pg_opclass o WHERE o.opcnamespace = 'pg_catalog'::regnamespace
UNION SELECT o.opfname::text FROM pg_catalog.pg_opfamily o WHERE o.opfnamespace = 'pg_catalog'::regnamespace
UNION SELECT k.cfgname::text FROM pg_catalog.pg_ts_config k WHERE k.cfgnamespace = 'pg_catalog'::regnamespace
UNION SELECT k.dictname::text FROM pg_catalog.pg_ts_dict k WHERE k.dictnamespace = 'pg_catalog'::regnamespace
