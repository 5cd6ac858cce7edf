-- Who and where are we, and which of pgmg's tables exist with which columns? $1: the state schema, $2: their names.
-- own_columns and own_hidden are `table.column`; the hidden ones may not be read by us. own_alterable are tables.
-- other_states are the state schemas of other projects, as far as we may read them. has_original: are there tables of
-- the original pgmg, in schema $3?
WITH own AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relowner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p')
), own_columns AS MATERIALIZED (
    SELECT o.relname || '.' || a.attname AS name,
           pg_catalog.has_column_privilege(o.oid, a.attnum, 'SELECT') AS readable
    FROM own o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT current_setting('server_version_num')::int AS version_num,
       current_setting('server_version') AS version,
       current_database()::text AS database,
       (SELECT d.oid::int8 FROM pg_catalog.pg_database d WHERE d.datname = current_database()) AS database_oid,
       current_user::text AS "user",
       session_user::text AS session_user,
       coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user), false) AS superuser,
       current_schemas(false)::text[] AS search_path,
       current_setting('search_path') AS setting,
       EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $1) AS state_schema_exists,
       ARRAY(SELECT c.name::text FROM own_columns c) AS own_columns,
       ARRAY(SELECT c.name::text FROM own_columns c WHERE NOT c.readable) AS own_hidden,
       ARRAY(SELECT o.relname::text FROM own o WHERE pg_catalog.pg_has_role(o.relowner, 'USAGE')) AS own_alterable,
       ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relname = 'pgmg_state' AND c.relkind IN ('r', 'p') AND n.nspname <> $1
               AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'object_hash')
               AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
             ORDER BY 1) AS other_states,
       EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
               WHERE n.nspname = $3 AND c.relname = 'pgmg_state' AND a.attname = 'ddl_hash') AS has_original
