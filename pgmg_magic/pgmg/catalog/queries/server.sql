-- Who and where are we, and which of pgmg's tables exist with which columns? $1: the state schema.
SELECT current_setting('server_version_num')::int AS version_num,
       current_setting('server_version') AS version,
       current_database()::text AS database,
       (SELECT d.oid::int8 FROM pg_catalog.pg_database d WHERE d.datname = current_database()) AS database_oid,
       current_user::text AS "user",
       coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user), false) AS superuser,
       current_schemas(false)::text[] AS search_path,
       current_setting('search_path') AS setting,
       EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $1) AS state_schema_exists,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = 'pgmg_state' AND a.attnum > 0 AND NOT a.attisdropped) AS state_columns,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = 'pgmg_migrations' AND a.attnum > 0 AND NOT a.attisdropped) AS migration_columns,
       EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relname = 'pgmg_progress') AS progress_table
